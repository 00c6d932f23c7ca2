"""Accuracy that is estimated without labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.estimation.reliability import CELLS, Reliability
from exporter.monitors.estimated_accuracy import EstimatedAccuracy
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, exposition, series, through_storage

RECORDS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from([0, 1800])), min_size=1, max_size=12
)


def known(right=360):
    """Return a reference of two confidences."""
    predictions, hits = np.zeros((2, CELLS), dtype=np.int64)
    predictions[[100, 180]] = 400
    hits[[100, 180]] = 200, right
    return Reliability(predictions, hits)


def monitor_of(found):
    """Return a monitor that has seen (percent, age)."""
    monitor = EstimatedAccuracy(LABELS, WINDOWS, known())
    for percent, age in found:
        record = {"timestamp": NOW - age, "prediction": "a", "confidence": percent / 100}
        monitor.update(batch(record))
    return monitor


def test_exposition_of_a_handful_of_records():
    """Failures, records without a confidence, and ground truth alone are not estimated."""
    monitor = EstimatedAccuracy(LABELS, WINDOWS, known())
    monitor.update(
        batch(
            {"timestamp": NOW, "prediction": "a", "confidence": 0.5},
            {"timestamp": NOW, "prediction": "b", "confidence": 0.9, "true_label": "a"},
            {"timestamp": NOW - 1800, "prediction": "a", "confidence": 0.9},
            {"timestamp": NOW, "prediction": "a", "confidence": 0.9, "error": "late"},
            {"timestamp": NOW, "prediction": "a"},
            {"timestamp": NOW, "request_id": "r", "true_label": "a"},
        )
    )
    found = series(monitor)
    assert found["model_estimated_predictions_total"] == 3
    assert found["model_estimated_correct_total"] == pytest.approx(0.5 + 0.9 + 0.9)
    assert found["model_estimated_accuracy_ratio{window=1m}"] == pytest.approx(0.7)
    assert found["model_estimated_accuracy_ratio{window=1h}"] == pytest.approx(2.3 / 3)
    low = found["model_estimated_accuracy_lower_ratio{window=1h}"]
    assert 0 < low < 2.3 / 3 < found["model_estimated_accuracy_upper_ratio{window=1h}"] <= 1


def test_nothing_before_the_first_confidence():
    """A model may log none."""
    monitor = EstimatedAccuracy(LABELS, WINDOWS, known())
    monitor.update(batch({"prediction": "a"}))
    assert series(monitor) == {}


def test_another_reference_starts_afresh():
    """A lower curve would let the counter fall."""
    with pytest.raises(ValueError, match="has changed"):
        through_storage(monitor_of([(50, 0)]), EstimatedAccuracy(LABELS, WINDOWS, known(359)))


@settings(max_examples=40)
@given(RECORDS, RECORDS, st.randoms())
def test_merged_stored_and_shuffled(first, second, chance):
    """Two monitors merged, and one restored, show what one shows that has seen all."""
    both = [*first, *second]
    whole = monitor_of(both)
    merged = monitor_of(first)
    merged.merge(monitor_of(second))
    assert exposition(merged) == exposition(whole)
    assert exposition(monitor_of(chance.sample(both, len(both)))) == exposition(whole)
    restored = through_storage(whole, EstimatedAccuracy(LABELS, WINDOWS, known()))
    assert exposition(restored) == exposition(whole)
