from __future__ import annotations

from exporter.monitors.facts import Facts
from tests.monitors.builders import NOW, batch, exposition, series


def facts():
    """Return a monitor."""
    return Facts(
        {"model": "bot"},
        {"task": "auto", "reference": "1a2b3c4d"},
        {"min_accuracy": 0.8, "max_latency_p95_seconds": 0.5},
    )


def test_exposition_of_a_handful_of_records():
    """Thresholds come from the configuration, times from the events."""
    monitor = facts()
    monitor.update(
        batch(
            {"timestamp": NOW - 5, "prediction": "a", "true_label": "a"},
            {"timestamp": NOW - 9, "prediction": "a"},
            {"timestamp": NOW - 2, "true_label": "a"},
            {"timestamp": NOW - 7, "true_label": "b"},
        )
    )
    assert exposition(monitor) == (
        "# HELP model_info The model as configured.\n"
        "# TYPE model_info gauge\n"
        'model_info{model="bot",reference="1a2b3c4d",task="auto"} 1.0\n'
        "# HELP model_last_label_timestamp_seconds Time of the latest ground truth.\n"
        "# TYPE model_last_label_timestamp_seconds gauge\n"
        'model_last_label_timestamp_seconds{model="bot"} 999998.0\n'
        "# HELP model_last_prediction_timestamp_seconds Time of the latest prediction.\n"
        "# TYPE model_last_prediction_timestamp_seconds gauge\n"
        'model_last_prediction_timestamp_seconds{model="bot"} 999995.0\n'
        "# HELP model_threshold Limit from the configuration.\n"
        "# TYPE model_threshold gauge\n"
        'model_threshold{model="bot",name="min_accuracy"} 0.8\n'
        'model_threshold{model="bot",name="max_latency_p95_seconds"} 0.5\n'
    )


def test_a_time_that_never_was_is_absent():
    """1970 would look like an outage of decades."""
    found = series(facts())
    assert not any("timestamp" in key for key in found)


def test_times_never_go_back():
    """An older file read later changes nothing."""
    monitor = facts()
    monitor.update(batch({"timestamp": NOW - 5, "prediction": "a", "true_label": "a"}))
    monitor.update(batch({"timestamp": NOW - 500, "prediction": "a", "true_label": "a"}))
    found = series(monitor)
    assert found["model_last_prediction_timestamp_seconds"] == NOW - 5
    assert found["model_last_label_timestamp_seconds"] == NOW - 5


def test_numbers_are_labels_too():
    """Ground truth of a regression has a time as well."""
    monitor = facts()
    monitor.update(batch({"timestamp": NOW - 5, "prediction": 0.5, "true_label": 0.75}))
    assert series(monitor)["model_last_label_timestamp_seconds"] == NOW - 5


def test_times_from_a_clock_that_was_ahead_give_way():
    """Kept, they would hide that a model has stopped until the clock gets there."""
    monitor = facts()
    event = {"prediction": "a", "true_label": "a"}
    monitor.update(batch(event, received=NOW + 1e6))
    monitor.update(batch(event, received=NOW))
    found = series(monitor)
    assert found["model_last_prediction_timestamp_seconds"] == NOW
    assert found["model_last_label_timestamp_seconds"] == NOW


def test_lists_are_labels_too():
    """Of rankings and sets of classes, an empty list among them."""
    monitor = facts()
    monitor.update(
        batch(
            {"timestamp": NOW - 5, "true_label": []},
            {"timestamp": NOW - 9, "prediction": ["a"], "true_label": ["a"]},
            task="ranking",
        )
    )
    found = series(monitor)
    assert found["model_last_label_timestamp_seconds"] == NOW - 5
