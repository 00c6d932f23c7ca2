"""How parts of the population fare: volume, accuracy and confidence by configured slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.budget import Budget
from exporter.monitors.labels import LabelValues
from exporter.monitors.windowed_sums import Sums, WindowedSums
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import Window

VALUES = 20
_SIDE = VALUES + 1
_PREDICTIONS, _LABELS, _CORRECT, _CONFIDENT, _CONFIDENCE = range(5)
_KINDS = 5
_COUNTERS = (
    ("model_slice_predictions", "Predictions of the slice.", _PREDICTIONS),
    ("model_slice_labels", "Predictions of the slice whose ground truth is known.", _LABELS),
    ("model_slice_labels_correct", "How many of them are right.", _CORRECT),
)
_GAUGES: tuple[tuple[str, str, int, int | None], ...] = (
    (
        "model_slice_window_predictions",
        "Predictions of the slice in the window.",
        _PREDICTIONS,
        None,
    ),
    ("model_slice_window_labels", "Those whose ground truth is known.", _LABELS, None),
    (
        "model_slice_accuracy_ratio",
        "Share of the slice's labelled predictions in the window that are right.",
        _CORRECT,
        _LABELS,
    ),
    (
        "model_slice_confidence_mean",
        "Mean confidence of the slice's predictions in the window.",
        _CONFIDENCE,
        _CONFIDENT,
    ),
)
"""Name, meaning, the sum that is shown, and the one that it is divided by."""


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """Sums, and the values of each slice, at one moment."""

    values: list[list[tuple[int, str]]]


class Slices(WindowedSums):
    """Counts predictions, labels and right ones, and averages confidence, by slice and value.

    A slice is a name in the logged `slice` map, or else a logged feature. The first 20 values of
    each are told apart, later ones are `other`; a record without a value is in no part of it.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    names
        The configured slices.
    budget
        Grants new values.
    """

    name: ClassVar[str] = "slices"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        names: Sequence[str],
        budget: Budget,
    ) -> None:
        super().__init__(labels, windows, len(names) * _KINDS * _SIDE)
        self._names = tuple(names)
        series = len(_COUNTERS) + len(_GAUGES) * len(windows)

        def grant() -> bool:
            return budget.claim("model_slice_predictions_total", series)

        self._values = [LabelValues(VALUES, grant=grant) for _ in names]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        labelled = batch.labelled & (batch.label.codes >= 0)
        right = labelled & batch.right if labelled.any() else labelled
        confident = batch.attempt & ~np.isnan(batch.confidence)
        for position, (name, values) in enumerate(zip(self._names, self._values, strict=True)):
            column = batch.sliced(name)
            if column is None:
                continue
            codes = values.encode(column.categorical().where(batch.attempt | labelled))
            first = position * _KINDS * _SIDE
            for kind, rows, weights in (
                (_PREDICTIONS, batch.attempt, None),
                (_LABELS, labelled, None),
                (_CORRECT, right, None),
                (_CONFIDENT, confident, None),
                (_CONFIDENCE, confident, batch.confidence),
            ):
                cells = np.where(rows & (codes >= 0), codes + first + kind * _SIDE, -1)
                chosen = cells >= 0
                if chosen.any():
                    counted = None if weights is None else weights[chosen]
                    size = len(self._totals)
                    self._totals += np.bincount(cells[chosen], counted, minlength=size)
                    add_all(self._rings, batch.placements, cells, weights)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        return Snapshot(sums.totals, sums.rings, [each.numbered() for each in self._values])

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges."""
        names, values = list(self._labels), list(self._labels.values())
        labels = [*names, "slice", "value"]
        for name, meaning, kind in _COUNTERS:
            counter = CounterMetricFamily(name, meaning, labels=labels)
            for at, sums in self._parts(snapshot.totals, snapshot.values):
                counter.add_metric([*values, *at], float(sums[kind]))
            yield counter
        in_windows = [(ring.window.name, ring.total(now)) for ring in snapshot.rings]
        labels = [*names, "window", "slice", "value"]
        for name, meaning, above, below in _GAUGES:
            gauge = GaugeMetricFamily(name, meaning, labels=labels)
            for window, total in in_windows:
                for at, sums in self._parts(total, snapshot.values):
                    of = sums[above if below is None else below]
                    if of:
                        figure = float(of if below is None else sums[above] / of)
                        gauge.add_metric([*values, window, *at], figure)
            yield gauge

    def _parts(
        self, sums: NDArray[Any], known: Sequence[Sequence[tuple[int, str]]]
    ) -> Iterator[tuple[tuple[str, str], NDArray[Any]]]:
        """Yield name and value of each part, and its sums by kind."""
        by_slice = sums.reshape(len(self._names), _KINDS, _SIDE)
        for name, values, its_sums in zip(self._names, known, by_slice, strict=True):
            for position, value in values:
                yield (name, value), its_sums[:, position]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        values = [each.dump() for each in self._values]
        return {**super().dump(), "names": list(self._names), "values": values}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If other slices were configured.
        """
        if state["names"] != list(self._names):
            raise ValueError(f"the slices were {state['names']}")
        super().load(state)
        for values, stored in zip(self._values, state["values"], strict=True):
            values.load(**stored)

    def merge(self, other: Slices) -> None:
        """Add the state of a monitor with the same windows.

        Raises
        ------
        ValueError
            If other slices are configured.
        """
        if self._names != other._names:
            raise ValueError(f"can't merge slices {other._names} into {self._names}")
        numbers = np.array(
            [mine.merge(theirs) for mine, theirs in zip(self._values, other._values, strict=True)]
        )
        first = np.arange(len(self._names) * _KINDS).reshape(-1, _KINDS, 1) * _SIDE
        self._merge_at(other, (first + numbers[:, None, :]).reshape(-1))
