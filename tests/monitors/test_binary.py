"""Which of two classes is the positive one."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.binary import BinaryClasses, probability
from tests.monitors.builders import parse


@pytest.mark.parametrize(
    ("configured", "seen", "pair"),
    [
        (None, [], None),
        (None, ["1"], ("0", "1")),
        (None, ["false"], ("false", "true")),
        (None, ["spam"], None),
        (None, ["spam", "ham"], ("ham", "spam")),
        (None, ["1", "-1"], ("-1", "1")),
        (None, ["a", "b", "c"], None),
        ("ham", ["spam", "ham"], ("spam", "ham")),
        ("spam", ["ham"], ("ham", "spam")),
        ("spam", [], None),
        ("spam", ["ham", "eggs"], None),
    ],
)
def test_the_pair(configured, seen, pair):
    """As configured, or the later one in the alphabet; of three classes none."""
    classes = BinaryClasses(configured)
    classes.see(seen)
    assert classes.pair == pair


def test_the_probability_of_the_positive_class():
    """As logged, or from that of the other class, or from the confidence."""
    batch = parse(
        {"prediction": "1", "probabilities": {"0": 0.25, "1": 0.75}},
        {"prediction": "1", "probabilities": {"0": 0.25}},
        {"prediction": "1", "confidence": 0.9},
        {"prediction": "0", "confidence": 0.9},
        {"prediction": "0"},
    )
    found = probability(batch, ("0", "1"))
    np.testing.assert_allclose(found, [0.75, 0.75, 0.9, 0.1, np.nan])
