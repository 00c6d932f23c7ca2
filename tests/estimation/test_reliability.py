"""Labelled predictions by how sure the model was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import UsageError
from exporter.estimation.curve import CELLS, STEPS
from exporter.estimation.reliability import Reliability, cells, cells_of
from tests.estimation.worlds import by_confidence
from tests.monitors.builders import batch


@given(st.integers(0, 100_000))
def test_a_score_and_its_opposite_have_opposite_cells(number):
    """Also on the border between two of them, where the last bits would decide."""
    score = np.array([number / 100_000])
    assert cells_of(score) + cells_of(1 - score) == STEPS


def test_cells_by_confidence():
    """What has no class or no confidence has no cell."""
    found = cells(
        batch(
            {"prediction": "a", "confidence": 0.9},
            {"prediction": "b", "confidence": 0.5},
            {"prediction": "a"},
            {"request_id": "r", "true_label": "a", "confidence": 0.5},
        ),
        None,
    )
    assert found.tolist() == [180, 100, -1, -1]


def test_cells_of_two_classes():
    """By the probability of the positive class; predicted positive ones behind the others."""
    found = cells(
        batch(
            {"prediction": "yes", "confidence": 0.9},
            {"prediction": "no", "confidence": 0.9},
            {"prediction": "no", "confidence": 0.7, "probabilities": {"yes": 0.3, "no": 0.7}},
            {"prediction": "yes", "confidence": 0.7, "probabilities": {"no": 0.6}},
            {"prediction": "maybe", "confidence": 0.5},
        ),
        ("no", "yes"),
    )
    assert found.tolist() == [CELLS + 180, 20, 60, CELLS + 80, -1]


def test_the_curve_of_two_classes_is_of_the_positive_one():
    """Which comes true where it is predicted rightly, and where the other one is wrongly."""
    predictions, right = np.zeros((2, 2, CELLS), dtype=np.int64)
    predictions[:, 100] = 600, 400
    right[:, 100] = 450, 100
    curve = Reliability(predictions, right, ("no", "yes")).curve
    assert curve.probability[100] == pytest.approx((150 + 100) / 1000)


def test_another_positive_class_is_refused(tmp_path):
    """F1 would silently be of the other class."""
    predictions = np.ones((2, CELLS), dtype=np.int64)
    reliability = Reliability(predictions, predictions, ("no", "yes"))
    reliability.check_positive("yes", tmp_path)
    reliability.check_positive(None, tmp_path)
    with pytest.raises(UsageError, match="the positive class was 'yes', positive_class is 'no'"):
        reliability.check_positive("no", tmp_path)


def test_three_hundred_are_enough():
    """Of fewer no curve is made."""
    assert not by_confidence([0.5] * 299, [1] * 299).enough
    assert by_confidence([0.5] * 300, [1] * 300).enough
