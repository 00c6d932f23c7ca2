"""Whether the model is as often right as it says."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.calibration import Calibration
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, series


def records(found):
    """Return records of (prediction, label, percent of confidence, old)."""
    return [
        {
            "timestamp": NOW - 1800 * old,
            "prediction": prediction,
            "true_label": label,
            "confidence": percent / 100,
        }
        for prediction, label, percent, old in found
    ]


def monitor_of(found):
    """Return a monitor that has seen records."""
    monitor = Calibration(LABELS, WINDOWS)
    if found:
        monitor.update(batch(*records(found)))
    return monitor


def test_bins_and_error():
    """The upper edge belongs to its bin; the sum over bins is weighted by their size."""
    found = [("a", "a", 95, False), ("a", "b", 100, False), ("b", "b", 10, False)]
    shown = series(monitor_of(found))
    assert shown["model_calibration_predictions_total{bin=1.0}"] == 2
    assert shown["model_calibration_confidence_total{bin=1.0}"] == pytest.approx(1.95)
    assert shown["model_calibration_correct_total{bin=1.0}"] == 1
    assert shown["model_calibration_predictions_total{bin=0.1}"] == 1
    assert shown["model_calibration_predictions_total{bin=0.5}"] == 0
    error = (abs(1 - 1.95) + abs(1 - 0.1)) / 3
    assert shown["model_expected_calibration_error{window=1m}"] == pytest.approx(error)


def test_a_calibrated_model_has_little_error():
    """By its definition on as many bins, computed from the records themselves."""
    random = np.random.default_rng(5)
    confidence = random.integers(50, 101, 4000)
    right = random.uniform(size=4000) < confidence / 100
    found = [
        ("a", "a" if hit else "b", int(c), False) for c, hit in zip(confidence, right, strict=True)
    ]
    expected = 0.0
    for upper in range(10, 101, 10):
        inside = (confidence > upper - 10) & (confidence <= upper)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean() / 100)
            expected += gap * inside.mean()
    shown = series(monitor_of(found))["model_expected_calibration_error{window=1m}"]
    assert shown == pytest.approx(expected, abs=1e-9)
    assert shown < 0.03


def test_nothing_before_the_first_judged_record():
    """A model without confidence or labels has no series of it."""
    monitor = Calibration(LABELS, WINDOWS)
    monitor.update(
        batch({"prediction": "a", "confidence": 0.5}, {"prediction": "a", "true_label": "a"})
    )
    assert series(monitor) == {}
