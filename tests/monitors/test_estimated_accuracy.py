"""Accuracy that is estimated without labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.estimation.curve import CELLS
from exporter.estimation.estimate import estimates
from exporter.estimation.reliability import Reliability, Spread
from exporter.monitors import estimated_accuracy
from exporter.monitors.estimated_accuracy import EstimatedAccuracy
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, exposition, series, through_storage

RECORDS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from([0, 1800])), min_size=1, max_size=12
)


def known(right=360):
    """Return a reference of two confidences."""
    predictions, hits = np.zeros((2, 1, CELLS), dtype=np.int64)
    predictions[0, [100, 180]] = 400
    hits[0, [100, 180]] = 200, right
    return Reliability(predictions, hits)


def known_of_two():
    """Return a reference of two classes."""
    predictions, hits = np.zeros((2, 2, CELLS), dtype=np.int64)
    predictions[0, [20, 60]] = predictions[1, [140, 180]] = 500
    hits[0, [20, 60]] = 450, 350
    hits[1, [140, 180]] = 350, 450
    return Reliability(predictions, hits, ("no", "yes"), {"f1": Spread(0.01, 0.1)})


def records_of(found):
    """Return predictions of (percent, age)."""
    return [
        {
            "timestamp": NOW - age,
            "prediction": ["no", "yes"][percent % 2],
            "confidence": percent / 100,
        }
        for percent, age in found
    ]


def monitor_of(found, reference=known, at_once=1):
    """Return a monitor that has seen (percent, age), so many in a batch."""
    monitor = EstimatedAccuracy(LABELS, WINDOWS, reference())
    for first in range(0, len(found), at_once):
        monitor.update(batch(*records_of(found[first : first + at_once])))
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
    assert found["model_window_estimated_predictions{window=1m}"] == 2
    assert found["model_window_estimated_predictions{window=1h}"] == 3
    assert found["model_estimated_unsupported_ratio{window=1h}"] == 0
    assert not any("f1" in name or "roc_auc" in name for name in found)
    low = found["model_estimated_accuracy_lower_ratio{window=1h}"]
    assert 0 < low < 2.3 / 3 < found["model_estimated_accuracy_upper_ratio{window=1h}"] <= 1


def test_two_classes_by_their_scores():
    """F1 and ROC-AUC beside accuracy; a third class is none of what the reference knows."""
    monitor = EstimatedAccuracy(LABELS, WINDOWS, known_of_two())
    monitor.update(
        batch(
            {"prediction": "no", "probabilities": {"no": 0.9, "yes": 0.1}},
            {"prediction": "no", "confidence": 0.7},
            {"prediction": "yes", "confidence": 0.9},
            {"prediction": "maybe", "confidence": 0.9},
        )
    )
    found = series(monitor)
    assert found["model_estimated_predictions_total"] == 3
    assert found["model_estimated_correct_total"] == pytest.approx(0.9 + 0.7 + 0.9)
    assert found["model_estimated_accuracy_ratio{window=1m}"] == pytest.approx(2.5 / 3)
    positive = 0.1 + 0.3 + 0.9
    assert found["model_estimated_f1_score{window=1m}"] == pytest.approx(1.8 / (1 + positive))
    area = (0.1 * 0.45 + 0.3 * (0.9 + 0.35) + 0.9 * (0.9 + 0.7 + 0.05)) / positive / (3 - positive)
    assert found["model_estimated_roc_auc_ratio{window=1m}"] == pytest.approx(area)
    counts = np.zeros((2, CELLS), dtype=np.int64)
    counts[0, [20, 60]] = counts[1, 180] = 1
    band = estimates(known_of_two(), counts)["f1"]
    assert found["model_estimated_f1_lower_score{window=1m}"] == band.lower
    assert found["model_estimated_f1_upper_score{window=1m}"] == band.upper
    assert "model_estimated_roc_auc_lower_ratio{window=1m}" in found
    assert estimated_accuracy.series(known_of_two(), WINDOWS) == len(found)


def test_no_estimate_of_scores_that_the_reference_hardly_has():
    """Only how many there are, and why."""
    found = series(monitor_of([(50, 0), (20, 0)]))
    assert found["model_window_estimated_predictions{window=1m}"] == 2
    assert found["model_estimated_unsupported_ratio{window=1m}"] == 0.5
    assert "model_estimated_accuracy_ratio{window=1m}" not in found


def test_an_empty_window_has_no_estimate():
    """But the number of its predictions."""
    found = series(monitor_of([(50, 1800)]))
    assert found["model_window_estimated_predictions{window=1m}"] == 0
    assert "model_estimated_unsupported_ratio{window=1m}" not in found
    assert "model_estimated_accuracy_ratio{window=1m}" not in found


def test_only_two_known_classes_have_series_of_their_own():
    """All others are counted as those of any model."""
    assert estimated_accuracy.series(known(), WINDOWS) == 0
    assert estimated_accuracy.series(None, WINDOWS) == 0


def test_nothing_before_the_first_confidence():
    """A model may log none."""
    monitor = EstimatedAccuracy(LABELS, WINDOWS, known())
    monitor.update(batch({"prediction": "a"}))
    assert series(monitor) == {}


def test_another_reference_starts_afresh():
    """A lower curve would let the counter fall."""
    with pytest.raises(ValueError, match="has changed"):
        through_storage(monitor_of([(50, 0)]), EstimatedAccuracy(LABELS, WINDOWS, known(359)))


@pytest.mark.parametrize("reference", [known, known_of_two])
@settings(max_examples=30)
@given(first=RECORDS, second=RECORDS, chance=st.randoms(), at_once=st.integers(1, 24))
def test_merged_stored_shuffled_and_batched(reference, first, second, chance, at_once):
    """Two monitors merged, and one restored, show what one shows that has seen all."""
    both = [*first, *second]
    whole = monitor_of(both, reference)
    assert exposition(monitor_of(both, reference, at_once)) == exposition(whole)
    merged = monitor_of(first, reference)
    merged.merge(monitor_of(second, reference))
    assert exposition(merged) == exposition(whole)
    shuffled = chance.sample(both, len(both))
    assert exposition(monitor_of(shuffled, reference)) == exposition(whole)
    restored = through_storage(whole, EstimatedAccuracy(LABELS, WINDOWS, reference()))
    assert exposition(restored) == exposition(whole)
