"""How much is predicted, which classes, and how much of it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.budget import Budget
from exporter.monitors.charts import Course, by_subwindow, course, shares
from exporter.monitors.exemplars import Exemplars, Shown
from exporter.monitors.labels import LabelValues
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

CLASSES = 50
ERROR_TYPES = 50
# Cells of the rings: one for each class, then other, then attempts without a class, then failures.
_NO_CLASS, _FAILED = CLASSES + 1, CLASSES + 2


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counts by class and error type, the rings, and exemplars of errors, at one moment."""

    classes: list[tuple[int, str]]
    predictions: NDArray[np.int64]
    error_types: list[tuple[int, str]]
    errors: NDArray[np.int64]
    rings: tuple[RingView, ...]
    exemplars: Shown


class Throughput:
    """Counts attempts by predicted class, and failures by type.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    budget
        Grants new classes and error types.
    exemplars
        Whether failures name a request.
    """

    name: ClassVar[str] = "throughput"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        budget: Budget,
        *,
        exemplars: bool = True,
    ) -> None:
        self._labels = dict(labels)
        self._classes = LabelValues(
            CLASSES, grant=lambda: budget.claim("model_predictions_total", 1 + len(windows))
        )
        self._error_types = LabelValues(
            ERROR_TYPES, grant=lambda: budget.claim("model_errors_total", 1)
        )
        self._predictions = np.zeros(CLASSES + 2, dtype=np.int64)
        self._errors = np.zeros(ERROR_TYPES + 1, dtype=np.int64)
        self._exemplars = Exemplars(ERROR_TYPES + 1, wanted=exemplars)
        self._rings = [WindowRing(window, (CLASSES + 3,), np.int64) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        classes = self._classes.encode(batch.prediction)
        cells = np.where(batch.failed | (classes < 0), _NO_CLASS, classes)
        if not batch.attempt.all():
            cells[~batch.attempt] = -1
        counted = add_all(self._rings, batch.placements, cells)
        self._predictions[: len(counted)] += counted
        if batch.failed.any():
            types = self._error_types.encode(batch.error_type)
            self._errors += np.bincount(types[types >= 0], minlength=ERROR_TYPES + 1)
            self._exemplars.observe(batch, types)
            add_all(self._rings, batch.placements, np.where(batch.failed, _FAILED, -1))

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(
            self._classes.numbered(),
            self._predictions.copy(),
            self._error_types.numbered(),
            self._errors.copy(),
            tuple(ring.view() for ring in self._rings),
            self._exemplars.view(),
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges."""
        names, values = list(self._labels), list(self._labels.values())
        predictions = CounterMetricFamily(
            "model_predictions",
            "Attempts to predict, by predicted class; failures and numbers have no class.",
            labels=[*names, "class"],
        )
        predictions.add_metric([*values, ""], int(snapshot.predictions[_NO_CLASS]))
        for position, name in snapshot.classes:
            predictions.add_metric([*values, name], int(snapshot.predictions[position]))
        yield predictions
        errors = CounterMetricFamily(
            "model_errors", "Attempts that failed, by type.", labels=[*names, "error_type"]
        )
        for position, name in snapshot.error_types:
            count, example = int(snapshot.errors[position]), snapshot.exemplars.get(position)
            errors.add_metric([*values, name], count, exemplar=example)
        yield errors
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        count = GaugeMetricFamily(
            "model_window_predictions", "Attempts to predict in the window.", labels=names
        )
        rate = GaugeMetricFamily(
            "model_throughput_per_second",
            "Attempts in the window over its whole length.",
            labels=names,
        )
        failed = BoundedRatio(
            "model_error_ratio", "Share of the window's attempts that failed.", names
        )
        share = GaugeMetricFamily(
            "model_prediction_share_ratio",
            "Share of the class among the window's predicted classes.",
            labels=[*names, "class"],
        )
        for ring in snapshot.rings:
            total = ring.total(now)
            attempts = int(total[: _NO_CLASS + 1].sum())
            if attempts == 0:
                continue
            at = [*values, ring.window.name]
            count.add_metric(at, attempts)
            rate.add_metric(at, attempts / ring.window.seconds)
            failed.count(at, int(total[_FAILED]), attempts)
            classified = int(total[:_NO_CLASS].sum())
            if classified:
                for position, name in snapshot.classes:
                    share.add_metric([*at, name], int(total[position]) / classified)
        yield from (count, rate, *failed, share)

    def courses(self, snapshot: Snapshot, now: float) -> Iterator[Course]:
        """Yield attempts per second, and the share of them that failed."""
        for ring in snapshot.rings:
            cells = by_subwindow(ring, now)
            attempts = cells[:, : _NO_CLASS + 1].sum(axis=1)
            per_second = attempts / ring.window.width
            # Nobody knows yet what comes in the rest of the last one.
            per_second[-1] = np.nan
            yield course("predictions", "per second", self._labels, ring, now, per_second)
            failed = shares(cells[:, _FAILED], attempts)
            yield course("failed", "ratio", self._labels, ring, now, failed)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "classes": self._classes.dump(),
            "error_types": self._error_types.dump(),
            "predictions": self._predictions.copy(),
            "errors": self._errors.copy(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._classes.load(**state["classes"])
        self._error_types.load(**state["error_types"])
        self._predictions[:] = state["predictions"]
        self._errors[:] = state["errors"]
        load_rings(self._rings, state["rings"])

    def merge(self, other: Throughput) -> None:
        """Add the state of a monitor with the same windows."""
        classes = self._classes.merge(other._classes)
        cells = np.concatenate((classes, [_NO_CLASS, _FAILED]))
        np.add.at(self._predictions, cells[:_FAILED], other._predictions)
        np.add.at(self._errors, self._error_types.merge(other._error_types), other._errors)
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs.rearranged(cells))
