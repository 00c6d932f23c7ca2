"""How well the scores of a model with two classes tell the positive ones from the others.

Scores are counted in :data:`CELLS` cells by actual class. ROC-AUC is the share of pairs of a
positive and a negative record that are in the right order (Hanley, McNeil 1982), where a pair that
shares a cell counts half: the exact value, with ties, if no cell holds different scores, as with
scores of two decimals. Else it is off by at most half the share of the pairs that share a cell
without being equal. Average precision is sum (R_i - R_(i-1)) P_i over the cells from the highest
score on, as scikit-learn has it over the distinct scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

from exporter.monitors.binary import BinaryClasses, is_class, probability
from exporter.monitors.histogram import BucketView, Histogram
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

STEPS = 200
CELLS = STEPS + 1
"""Around each multiple of .005 one."""
EDGES = tuple(step / 20 for step in range(1, 21))


def roc_auc(counts: NDArray[np.integer[Any]]) -> float | None:
    """Return the area under the ROC curve of int[actual, cells] counts; ``None`` for one class."""
    negative, positive = counts.astype(np.float64)
    pairs = negative.sum() * positive.sum()
    if not pairs:
        return None
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs)


def average_precision(counts: NDArray[np.integer[Any]]) -> float | None:
    """Return the average precision of int[actual, cells] counts; ``None`` without positives."""
    negative, positive = counts.astype(np.float64)[:, ::-1]
    if not positive.sum():
        return None
    found, all_ = np.cumsum(positive), np.cumsum(positive + negative)
    with np.errstate(invalid="ignore"):
        precision = np.where(all_ > 0, found / all_, 0.0)
    return float((positive * precision).sum() / positive.sum())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Scores at one moment."""

    histograms: tuple[BucketView, BucketView]
    rings: tuple[RingView, ...]
    binary: bool


class Scores:
    """Histogram of the positive class's probability by actual class, ROC-AUC, average precision.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    positive
        The positive class; absent: see :class:`exporter.monitors.binary.BinaryClasses`. Records
        from before both classes are known are left out. A model of more classes exposes nothing.
    """

    name: ClassVar[str] = "scores"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], positive: str | None = None
    ) -> None:
        self._labels = dict(labels)
        self._positive = positive
        self._classes = BinaryClasses(positive)
        self._histograms = (Histogram(EDGES), Histogram(EDGES))
        self._rings = [WindowRing(window, (2, CELLS), np.int32) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        self._classes.see_batch(batch)
        pair = self._classes.pair
        if pair is None or not (batch.label.codes >= 0).any():
            return
        score = probability(batch, pair)
        judged = batch.labelled & (batch.label.codes >= 0) & ~np.isnan(score)
        if not judged.any():
            return
        actual = is_class(batch.label, pair[1])
        for which, histogram in enumerate(self._histograms):
            chosen = judged & (actual == which)
            if chosen.any():
                histogram.observe(score[chosen])
        steps = np.rint(np.where(judged, score, 0.0) * STEPS).astype(np.int64)
        cells = np.where(judged, actual * CELLS + steps, -1)
        add_all(self._rings, batch.placements, cells)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        negative, positive = self._histograms
        return Snapshot(
            (negative.view(), positive.view()),
            tuple(ring.view() for ring in self._rings),
            self._classes.pair is not None,
        )

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the histograms and the rolling gauges, once both classes are known."""
        if not snapshot.binary or not sum(view.counts.sum() for view in snapshot.histograms):
            return
        names, values = list(self._labels), list(self._labels.values())
        scores = HistogramMetricFamily(
            "model_score",
            "Probability of the positive class, by whether it is the actual one (1) or not (0).",
            labels=[*names, "actual"],
        )
        for actual, view in enumerate(snapshot.histograms):
            self._histograms[actual].add_to(scores, [*values, str(actual)], view)
        yield scores
        area = GaugeMetricFamily(
            "model_roc_auc_ratio",
            "Share of the window's pairs of a positive and a negative record in the right order.",
            labels=[*names, "window"],
        )
        precision = GaugeMetricFamily(
            "model_average_precision_ratio",
            "Precision averaged over the recall of the window's positive records.",
            labels=[*names, "window"],
        )
        for ring in snapshot.rings:
            counts = ring.total(now)
            for family, figure in ((area, roc_auc(counts)), (precision, average_precision(counts))):
                if figure is not None:
                    family.add_metric([*values, ring.window.name], figure)
        yield from (area, precision)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "positive": self._positive,
            "classes": self._classes.classes,
            "histograms": [histogram.dump() for histogram in self._histograms],
            "rings": [ring.dump() for ring in self._rings],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it was counted for another positive class.
        """
        if state["positive"] != self._positive:
            raise ValueError(f"the positive class was {state['positive']!r}")
        self._classes.see(state["classes"])
        for histogram, stored in zip(self._histograms, state["histograms"], strict=True):
            histogram.load(stored)
        load_rings(self._rings, state["rings"])

    def merge(self, other: Scores) -> None:
        """Add the state of a monitor of the same classes.

        Raises
        ------
        ValueError
            If theirs are others.
        """
        mine, theirs = self._classes.pair, other._classes.pair
        if mine is not None and theirs is not None and mine != theirs:
            raise ValueError(f"can't merge scores of {theirs} into scores of {mine}")
        self._classes.see(other._classes.classes)
        for histogram, theirs_too in zip(self._histograms, other._histograms, strict=True):
            histogram.merge(theirs_too)
        for ring, their_ring in zip(self._rings, other._rings, strict=True):
            ring.merge(their_ring)
