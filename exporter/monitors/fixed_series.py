"""How many series the monitors of a version have, whatever label values its log holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from exporter.event_time import EventTime
from exporter.monitors.budget import Budget, SeriesBudget
from exporter.monitors.group import MonitorGroup, families
from exporter.monitors.isolation import Isolation
from exporter.monitors.protocol import Monitor
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.windows import Window

_NOW = 1_000_000_000.0
_FIELDS = {
    "timestamp": _NOW,
    "confidence": 0.75,
    "latency_s": 0.5,
    "input_length": 8,
    "oov_ratio": 0.25,
    "escalated": True,
    "cost": 1,
    "threshold": 0.5,
    "tokens_in": 8,
    "tokens_out": 8,
    "time_to_first_token_ms": 8,
    "finish_reason": "stop",
    "shadow": {"version": "2", "prediction": "a", "confidence": 0.5, "latency_ms": 8},
    "attributions": {"feature": 1},
    "package_versions": {"package": "1"},
}
_CLASSES = [{"prediction": name, "true_label": name} for name in ("a", "b")]
_NUMBERS = [{"prediction": 1.5, "true_label": 2.5, "prediction_lower": 1, "prediction_upper": 2}]
_LISTS = [{"prediction": ["a"], "true_label": ["a"]}]
_ANSWERS: dict[str, list[list[dict[str, Any]]]] = {
    "auto": [_CLASSES, _NUMBERS],
    "classification": [_CLASSES],
    "regression": [_NUMBERS],
    "ranking": [_LISTS],
    "multilabel": [_LISTS],
}


def fixed_series(
    build: Callable[[Budget], Sequence[Monitor[RecordBatch]]], task: str, windows: Sequence[Window]
) -> int:
    """Return how many series a log that has every field makes, those that are claimed left out.

    Found by looking, once, at what the monitors expose of such a log.

    Parameters
    ----------
    build
        Makes the monitors, which claim the series of further label values from a budget.
    task
        What the model does, as in the configuration. Of a model that can be either, the larger
        number counts.
    windows
        The configured windows.
    """
    return max(_counted(build, task, windows, answers) for answers in _ANSWERS[task])


def _counted(
    build: Callable[[Budget], Sequence[Monitor[RecordBatch]]],
    task: str,
    windows: Sequence[Window],
    answers: Sequence[dict[str, Any]],
) -> int:
    budget, isolation = SeriesBudget.unlimited(), Isolation()
    group = MonitorGroup(lambda: build(budget), isolation)
    lines = [json.dumps(_FIELDS | answer).encode() for answer in answers]
    read = JsonLines(task).parse(lines, _NOW).batch
    group.update(EventTime(windows, replay=True).place(read))
    exposed = families(group.snapshot(), _NOW, isolation)
    return sum(len(family.samples) for family in exposed) - budget.used
