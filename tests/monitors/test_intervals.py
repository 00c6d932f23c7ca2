from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors import wilson
from exporter.monitors.intervals import Intervals
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
)


def monitor_of(found):
    """Return a monitor that has seen records of (lower, upper, label, age)."""
    monitor = Intervals(LABELS, WINDOWS)
    records = [
        {
            "timestamp": NOW - age,
            "prediction": 1.5,
            "prediction_lower": lower,
            "prediction_upper": upper,
            "true_label": label,
        }
        for lower, upper, label, age in found
    ]
    monitor.update(batch(*records, task="regression"))
    return monitor


def test_exposition_of_a_handful_of_records():
    """The ends belong to the interval; without both of them, or a label, it is none."""
    monitor = Intervals(LABELS, WINDOWS[:1])
    monitor.update(
        batch(
            {"prediction": 2.0, "prediction_lower": 1, "prediction_upper": 4, "true_label": 4},
            {"prediction": 2.0, "prediction_lower": 1, "prediction_upper": 3, "true_label": 1},
            {"prediction": 2.0, "prediction_lower": 1, "prediction_upper": 3, "true_label": 3.1},
            {"prediction": 2.0, "prediction_lower": 3, "prediction_upper": 1, "true_label": 2},
            {"prediction": 2.0, "prediction_lower": 1, "true_label": 2},
            {"prediction": 2.0, "prediction_lower": 1, "prediction_upper": 3},
            windows=WINDOWS[:1],
            task="regression",
        )
    )
    low, high = wilson.interval(2, 4)
    assert series(monitor) == {
        "model_interval_labels_total": 4,
        "model_interval_covered_total": 2,
        "model_interval_width_total": 7,
        "model_window_interval_labels{window=1m}": 4,
        "model_interval_coverage_ratio{window=1m}": 0.5,
        "model_interval_coverage_lower_ratio{window=1m}": low,
        "model_interval_coverage_upper_ratio{window=1m}": high,
        "model_interval_width_mean{window=1m}": 1.75,
    }


def test_an_interval_of_ninety_percent_covers_ninety_percent():
    """On random data, against numpy."""
    random = np.random.default_rng(2)
    label = random.normal(0, 1, 2_000)
    half = 1.6448536269514722
    found = series(monitor_of([(-half, half, value, 0) for value in label.tolist()]))
    exact = (np.abs(label) <= half).mean()
    assert found["model_interval_coverage_ratio{window=1h}"] == exact
    assert found["model_interval_coverage_lower_ratio{window=1h}"] < 0.9
    assert found["model_interval_coverage_upper_ratio{window=1h}"] > 0.9
    assert found["model_interval_width_mean{window=1h}"] == pytest.approx(2 * half)


def test_nothing_is_exposed_without_intervals():
    """A regression without them, or a classifier."""
    monitor = Intervals(LABELS, WINDOWS)
    monitor.update(batch({"prediction": 2.5, "true_label": 1.5}, {"prediction": "a"}))
    monitor.update(batch({"prediction": 2.5, "prediction_lower": 1, "prediction_upper": 3}))
    assert series(monitor) == {}


def test_an_empty_window_is_absent():
    """The counters stay."""
    monitor = monitor_of([(1, 2, 1.5, 0)])
    assert "model_interval_coverage_ratio{window=1m}" not in series(monitor, now=NOW + 90)
    assert series(monitor, now=NOW + 9000) == {
        "model_interval_labels_total": 1,
        "model_interval_covered_total": 1,
        "model_interval_width_total": 1,
    }


def test_the_widest_interval_there_is_stays_finite():
    """Its width alone is more than the greatest number."""
    found = series(monitor_of([(-1.7e308, 1.7e308, 0, 0)] * 3))
    assert found["model_interval_coverage_ratio{window=1h}"] == 1
    assert found["model_interval_width_mean{window=1h}"] == pytest.approx(2e300)
