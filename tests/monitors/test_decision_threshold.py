"""The threshold that was logged last."""

from __future__ import annotations

from exporter.monitors.decision_threshold import DecisionThreshold
from tests.monitors.builders import LABELS, NOW, batch, series


def monitor_of(found):
    """Return a monitor that has seen (age, threshold)."""
    monitor = DecisionThreshold(LABELS)
    for age, threshold in found:
        monitor.update(batch({"timestamp": NOW - age, "prediction": "a", "threshold": threshold}))
    return monitor


def test_the_latest_one_by_its_own_time():
    """A record that comes late changes nothing; one without a threshold neither."""
    monitor = monitor_of([(5, 0.25), (1, 0.5), (9, 0.75)])
    monitor.update(batch({"timestamp": NOW, "prediction": "a"}))
    assert series(monitor) == {"model_decision_threshold_ratio": 0.5}


def test_absent_if_none_was_logged():
    """Most models have none."""
    assert series(monitor_of([])) == {}
