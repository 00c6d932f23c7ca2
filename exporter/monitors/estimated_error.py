"""How far predicted numbers are from the actual ones, before anybody says what these are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.estimation.expected_error import ExpectedError
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Predictions by leaf at one moment."""

    counts: NDArray[np.int64]
    rings: tuple[RingView, ...]


class EstimatedError:
    """Mean absolute error as it is to be expected of inputs and predictions, with its band.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    expected
        Of the reference.
    """

    name: ClassVar[str] = "estimated_error"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], expected: ExpectedError
    ) -> None:
        self._labels = dict(labels)
        self._expected = expected
        leaves = expected.forest.leaves
        self._counts = np.zeros(leaves, dtype=np.int64)
        self._rings = [WindowRing(window, (leaves,), np.int32) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        predicted = batch.attempt & ~batch.failed & ~np.isnan(batch.prediction_value)
        if not predicted.any():
            return
        leaves = self._expected.leaves(batch)
        if not predicted.all():
            leaves[:, ~predicted] = -1
        self._counts += np.bincount(leaves[leaves >= 0], minlength=len(self._counts))
        add_all(self._rings, batch.placements, leaves)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(self._counts.copy(), tuple(ring.view() for ring in self._rings))

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the counters behind it and the rolling estimate."""
        names, values = list(self._labels), list(self._labels.values())
        number, total = self._expected.total(snapshot.counts)
        if not number:
            return
        counted = CounterMetricFamily(
            "model_estimated_absolute_error_predictions",
            "Predictions whose absolute error was estimated.",
            labels=names,
        )
        counted.add_metric(values, number)
        summed = CounterMetricFamily(
            "model_estimated_absolute_error",
            "Sum of the absolute errors that are expected of them, in the unit of the prediction.",
            labels=names,
        )
        summed.add_metric(values, total)
        yield from (counted, summed)
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        labels, values = [*self._labels, "window"], list(self._labels.values())
        name = "model_estimated_mean_absolute_error"
        size = GaugeMetricFamily(
            "model_window_estimated_errors",
            f"Predictions of the window behind {name}.",
            labels=labels,
        )
        figures = [
            GaugeMetricFamily(
                name,
                "Mean absolute error to expect of the window's predictions and their inputs, in "
                "the unit of the prediction.",
                labels=labels,
            ),
            *(
                GaugeMetricFamily(
                    f"{name}_{end.lower()}",
                    f"{end} end of the 95 percent band of {name}.",
                    labels=labels,
                )
                for end in ("Lower", "Upper")
            ),
        ]
        for ring in snapshot.rings:
            counts = ring.total(now)
            if not counts.any():
                continue
            at = [*values, ring.window.name]
            size.add_metric(at, self._expected.total(counts)[0])
            for gauge, figure in zip(figures, self._expected.estimate(counts), strict=True):
                gauge.add_metric(at, figure)
        yield size
        yield from figures

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "expected": self._expected.digest,
            "counts": self._counts.copy(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was counted at other leaves.
        """
        if state["expected"] != self._expected.digest:
            raise ValueError("the expected error of the reference has changed")
        self._counts[:] = state["counts"]
        load_rings(self._rings, state["rings"])

    def merge(self, other: EstimatedError) -> None:
        """Add the state of a monitor with the same windows.

        Raises
        ------
        ValueError
            If it was counted at other leaves.
        """
        if other._expected.digest != self._expected.digest:
            raise ValueError("can't merge counts at different leaves")
        self._counts += other._counts
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs)
