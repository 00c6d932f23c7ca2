"""What was wrong with the records of a model, and which came too late for a window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from exporter.records import RecordBatch
from exporter.windows import Window

INVALID_REASONS = ("nothing_to_measure", "prediction")
VIOLATIONS = (
    ("confidence", "finite"),
    ("confidence", "range"),
    ("confidence", "type"),
    ("timestamp", "ahead"),
    ("timestamp", "format"),
    ("timestamp", "missing"),
)
"""Exposed at 0 before they happen; others appear with their first event."""
VIOLATIONS_HELP = (
    "Fields that broke a rule; what can't be used is dropped, and their record still counts."
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts at one moment."""

    invalid: Mapping[str, int]
    violations: Mapping[tuple[str, str], int]
    late: tuple[int, ...]


class Validation:
    """Counts invalid records, broken rules and late records of one model.

    Parameters
    ----------
    labels
        Labels of every series: the model.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "validation"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        self._labels = dict(labels)
        self._windows = tuple(windows)
        self._invalid: Counter[str] = Counter(dict.fromkeys(INVALID_REASONS, 0))
        self._violations: Counter[tuple[str, str]] = Counter(dict.fromkeys(VIOLATIONS, 0))
        self._late = [0] * len(self._windows)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        self._invalid.update(batch.invalid)
        self._violations.update(batch.violations)
        for position, placement in enumerate(batch.placements):
            self._late[position] += placement.late_records

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(dict(self._invalid), dict(self._violations), tuple(self._late))

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield counters."""
        names, values = list(self._labels), list(self._labels.values())
        invalid = CounterMetricFamily(
            "model_records_invalid",
            "Records that decoded but hold nothing that can be used.",
            labels=[*names, "reason"],
        )
        for reason, count in sorted(snapshot.invalid.items()):
            invalid.add_metric([*values, reason], count)
        violations = CounterMetricFamily(
            "model_field_violations",
            VIOLATIONS_HELP,
            labels=[*names, "field", "rule"],
        )
        for (field, rule), count in sorted(snapshot.violations.items()):
            violations.add_metric([*values, field, rule], count)
        late = CounterMetricFamily(
            "model_records_late",
            "Records older than the window when they were read; they count in no rolling figure "
            "of it.",
            labels=[*names, "window"],
        )
        for window, count in zip(self._windows, snapshot.late, strict=True):
            late.add_metric([*values, window.name], count)
        yield from (invalid, violations, late)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "invalid": dict(self._invalid),
            "violations": [[*key, count] for key, count in self._violations.items()],
            "late": {
                window.name: count for window, count in zip(self._windows, self._late, strict=True)
            },
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._invalid.update(state["invalid"])
        self._violations.update(
            {(field, rule): count for field, rule, count in state["violations"]}
        )
        self._late = [int(state["late"].get(window.name, 0)) for window in self._windows]

    def merge(self, other: Validation) -> None:
        """Add the state of a monitor with the same windows."""
        self._invalid.update(other._invalid)
        self._violations.update(other._violations)
        self._late = [mine + theirs for mine, theirs in zip(self._late, other._late, strict=True)]
