from __future__ import annotations

import re

import pytest

from exporter.quality.comparison import Comparison
from tests.monitors.builders import parse


def broken(text, *records):
    """Return the positions of the records for which a comparison does not hold."""
    comparison = Comparison.parse(text)
    batch = parse(
        *[{"prediction": 1.0, **record} for record in records],
        features=[path.partition(".")[2] for path in comparison.fields],
    )
    mask = comparison.broken(batch)
    return [] if mask is None else mask.nonzero()[0].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("features.a <= features.b", [2]),
        ("features.a < features.b", [1, 2]),
        ("features.a == features.b", [0, 2]),
        ("features.a != features.b", [1]),
        ("features.a >= 2", [0]),
        ("1.5 > features.a", [1, 2]),
    ],
)
def test_two_sides_are_compared(text, expected):
    """Fields with fields and with numbers."""
    pairs = [(1, 2), (2, 2), (3, 2)]
    assert broken(text, *[{"features": {"a": a, "b": b}} for a, b in pairs]) == expected


def test_what_is_missing_breaks_no_comparison():
    """Nor does what is no finite number: other rules are for that."""
    odd = [None, "4", True, float("nan"), float("inf")]
    for text in ("features.a < 0", "features.a != features.a", "features.a == 7"):
        assert broken(text, *[{"features": {"a": value}} for value in odd]) == []


def test_an_interval_holds_its_prediction():
    """The bounds that a regression logs."""
    records = [
        {"prediction": 5.5, "prediction_lower": 5.0},
        {"prediction": 4.5, "prediction_lower": 5.0},
        {"prediction": 4.5},
    ]
    assert broken("prediction_lower <= prediction", *records) == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("features.a<=features.b", "expected two fields or numbers"),
        ("features.a <= features.b <= 3", "is no comparison"),
        ("__import__('os') < 1", "is nothing that a rule can be about"),
        ("1 < 2", "compares two numbers"),
        ("currency == 1", "currency holds no number"),
        ("features.a < nan", "nan is no number to compare with"),
    ],
)
def test_anything_else_is_refused(text, message):
    """With a reason; nothing of it is executed."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Comparison.parse(text)
