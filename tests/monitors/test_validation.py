from __future__ import annotations

from exporter.monitors.validation import Validation
from exporter.windows import Window
from tests.monitors.builders import NOW, WINDOWS, batch, exposition, series, through_storage

LABELS = {"model": "bot"}
RECORDS = [
    {"timestamp": NOW, "prediction": "a", "confidence": 1.7},
    {"timestamp": NOW, "prediction": "a", "confidence": "0.5"},
    {"timestamp": NOW, "prediction": "a", "confidence": float("nan")},
    {"timestamp": NOW, "prediction": ["a"]},
    {"timestamp": NOW},
    {},
    {"timestamp": NOW + 61, "prediction": "a"},
    {"timestamp": NOW - 120, "prediction": "a"},
    {"timestamp": NOW - 7200, "prediction": "a"},
    {"timestamp": "noon", "prediction": "a"},
    {"prediction": "a", "latency_ms": -5},
]


def test_exposition_of_a_handful_of_records():
    """What was wrong, and what came too late for which window."""
    monitor = Validation(LABELS, WINDOWS)
    monitor.update(batch(*RECORDS))
    assert exposition(monitor) == (
        "# HELP model_field_violations_total Fields that broke a rule; what can't be used "
        "is dropped, and their record still counts.\n"
        "# TYPE model_field_violations_total counter\n"
        'model_field_violations_total{field="confidence",model="bot",rule="finite"} 1.0\n'
        'model_field_violations_total{field="confidence",model="bot",rule="range"} 1.0\n'
        'model_field_violations_total{field="confidence",model="bot",rule="type"} 1.0\n'
        'model_field_violations_total{field="latency_ms",model="bot",rule="range"} 1.0\n'
        'model_field_violations_total{field="timestamp",model="bot",rule="ahead"} 1.0\n'
        'model_field_violations_total{field="timestamp",model="bot",rule="format"} 1.0\n'
        'model_field_violations_total{field="timestamp",model="bot",rule="missing"} 2.0\n'
        "# HELP model_records_invalid_total Records that decoded but hold nothing that can be "
        "used.\n"
        "# TYPE model_records_invalid_total counter\n"
        'model_records_invalid_total{model="bot",reason="nothing_to_measure"} 2.0\n'
        'model_records_invalid_total{model="bot",reason="prediction"} 1.0\n'
        "# HELP model_records_late_total Records older than the window when they were read; they "
        "count in no rolling figure of it.\n"
        "# TYPE model_records_late_total counter\n"
        'model_records_late_total{model="bot",window="1m"} 2.0\n'
        'model_records_late_total{model="bot",window="1h"} 1.0\n'
    )


def test_common_violations_are_exposed_at_zero():
    """increase() needs the 0 before the first."""
    found = series(Validation(LABELS, WINDOWS))
    assert set(found.values()) == {0}
    assert "model_records_invalid_total{reason=prediction}" in found
    assert "model_field_violations_total{field=confidence,rule=range}" in found
    assert "model_records_late_total{window=1h}" in found


def test_state_survives_storage():
    """All series are the same after a restart; a new window starts at 0."""
    monitor = Validation(LABELS, WINDOWS)
    monitor.update(batch(*RECORDS))
    assert exposition(through_storage(monitor, Validation(LABELS, WINDOWS))) == exposition(monitor)
    changed = through_storage(monitor, Validation(LABELS, (WINDOWS[1], Window("2h", 7200.0))))
    found = series(changed)
    assert found["model_records_late_total{window=1h}"] == 1
    assert found["model_records_late_total{window=2h}"] == 0


def test_a_snapshot_does_not_move():
    """A scrape reads it while the next batch is counted."""
    monitor = Validation(LABELS, WINDOWS)
    taken = monitor.snapshot()
    monitor.update(batch(*RECORDS))
    samples = [sample for family in monitor.families(taken, NOW) for sample in family.samples]
    assert {sample.value for sample in samples} == {0}
