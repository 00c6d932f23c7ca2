"""How good the model is, before anybody says what was right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.estimation.estimate import estimates, unsupported
from exporter.estimation.figures import right_ones
from exporter.estimation.reliability import Reliability, cells
from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

_GAUGES = {
    "accuracy": (
        "model_estimated_accuracy_ratio",
        "Accuracy to expect of how sure the window's predictions are.",
    ),
    "f1": (
        "model_estimated_f1_score",
        "F1 of the positive class to expect of the window's predictions.",
    ),
    "roc_auc": (
        "model_estimated_roc_auc_ratio",
        "Area under the ROC curve to expect of the window's predictions.",
    ),
}


_PER_WINDOW = 2 + 3 * len(_GAUGES)


def series(reliability: Reliability | None, windows: Sequence[Window]) -> int:
    """Return how many series a version has that only the reference's own two classes make."""
    if reliability is None or reliability.classes is None:
        return 0
    return 2 + _PER_WINDOW * len(windows)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Predictions by score at one moment."""

    counts: NDArray[np.int64]
    rings: tuple[RingView, ...]


class EstimatedAccuracy:
    """Accuracy as it is to be expected of the confidence; of two classes F1 and ROC-AUC, too.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    reliability
        Of the reference. Of a model of two classes a prediction of a third one is left out.
    """

    name: ClassVar[str] = "estimated_accuracy"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], reliability: Reliability
    ) -> None:
        self._labels = dict(labels)
        self._reliability = reliability
        shape = reliability.predictions.shape
        self._counts = np.zeros(shape, dtype=np.int64)
        self._rings = [WindowRing(window, shape, np.int32) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        made = batch.attempt & ~batch.failed & (batch.prediction.codes >= 0)
        if not made.any():
            return
        at = np.where(made, cells(batch, self._reliability.classes), -1)
        scored = at[at >= 0]
        if not scored.size:
            return
        self._counts += np.bincount(scored, minlength=self._counts.size).reshape(self._counts.shape)
        add_all(self._rings, batch.placements, at)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(self._counts.copy(), tuple(ring.view() for ring in self._rings))

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the counters behind it and the rolling estimates."""
        names, values = list(self._labels), list(self._labels.values())
        number = int(snapshot.counts.sum())
        if not number:
            return
        counted = CounterMetricFamily(
            "model_estimated_predictions", "Predictions with an estimate.", labels=names
        )
        counted.add_metric(values, number)
        expected = CounterMetricFamily(
            "model_estimated_correct", "How many of them are expected to be right.", labels=names
        )
        right = right_ones(snapshot.counts, self._reliability.curve.probability)
        expected.add_metric(values, right)
        yield from (counted, expected)
        names.append("window")
        size = GaugeMetricFamily(
            "model_window_estimated_predictions",
            "Predictions of the window that the estimates are made from.",
            labels=names,
        )
        outside = GaugeMetricFamily(
            "model_estimated_unsupported_ratio",
            "Share of them whose score the reference hardly has; above 0.2 there is no estimate.",
            labels=names,
        )
        ratios = {
            figure: BoundedRatio(name, meaning, names, "band")
            for figure, (name, meaning) in _GAUGES.items()
        }
        for ring in snapshot.rings:
            at = [*values, ring.window.name]
            counts = ring.total(now)
            size.add_metric(at, int(counts.sum()))
            if not counts.any():
                continue
            outside.add_metric(at, unsupported(self._reliability, counts))
            for figure, band in estimates(self._reliability, counts).items():
                ratios[figure].add(at, band.value, band.lower, band.upper)
        yield from (size, outside)
        for ratio in ratios.values():
            yield from ratio

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "curve": self._reliability.digest,
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
        if state["curve"] != self._reliability.digest:
            raise ValueError("the reliability of the reference has changed")
        self._counts[:] = state["counts"]
        load_rings(self._rings, state["rings"])

    def merge(self, other: EstimatedAccuracy) -> None:
        """Add the state of a monitor with the same reference."""
        self._counts += other._counts
        for mine, theirs in zip(self._rings, other._rings, strict=True):
            mine.merge(theirs)
