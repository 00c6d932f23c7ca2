"""How often the model is right, before anybody says what was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from exporter.estimation.reliability import CELLS, Reliability, cells_of
from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Predictions by confidence at one moment."""

    counts: NDArray[np.int64]
    rings: tuple[RingView, ...]


class EstimatedAccuracy:
    """Accuracy as it is to be expected of the confidence, with its band.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    reliability
        Of the reference.
    """

    name: ClassVar[str] = "estimated_accuracy"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], reliability: Reliability
    ) -> None:
        self._labels = dict(labels)
        self._reliability = reliability
        self._counts = np.zeros(CELLS, dtype=np.int64)
        self._rings = [WindowRing(window, (CELLS,), np.int32) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        sure = batch.attempt & ~batch.failed & (batch.prediction.codes >= 0)
        sure &= ~np.isnan(batch.confidence)
        if not sure.any():
            return
        cells = np.full(len(batch), -1, dtype=np.int64)
        cells[sure] = cells_of(batch.confidence[sure])
        self._counts += np.bincount(cells[sure], minlength=CELLS)
        add_all(self._rings, batch.placements, cells)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(self._counts.copy(), tuple(ring.view() for ring in self._rings))

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the counters behind it and the rolling estimate."""
        names, values = list(self._labels), list(self._labels.values())
        number = int(snapshot.counts.sum())
        if not number:
            return
        curve = self._reliability.curve
        counted = CounterMetricFamily(
            "model_estimated_predictions", "Predictions with an estimate.", labels=names
        )
        counted.add_metric(values, number)
        expected = CounterMetricFamily(
            "model_estimated_correct", "How many of them are expected to be right.", labels=names
        )
        expected.add_metric(values, float(snapshot.counts @ curve.probability))
        yield from (counted, expected)
        ratio = BoundedRatio(
            "model_estimated_accuracy_ratio",
            "Accuracy to expect of the confidence of the window's predictions.",
            [*names, "window"],
            "band",
        )
        for ring in snapshot.rings:
            counts = ring.total(now)
            if counts.any():
                ratio.add([*values, ring.window.name], *curve.estimate(counts))
        yield from ratio

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "curve": self._identity(),
            "counts": self._counts.copy(),
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If another reference's curve was applied: the sum of what is expected would fall.
        """
        if state["curve"] != self._identity():
            raise ValueError("the reliability of the reference has changed")
        self._counts[:] = state["counts"]
        load_rings(self._rings, state["rings"])

    def merge(self, other: EstimatedAccuracy) -> None:
        """Add the state of a monitor with the same reference."""
        self._counts += other._counts
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs)

    def _identity(self) -> list[int]:
        """Return what tells two curves apart."""
        reliability = self._reliability
        return [*reliability.predictions.tolist(), *reliability.right.tolist()]
