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
from exporter.monitors.windowed_sums import placed
from exporter.placement import add_all
from exporter.records import Floats, Mask, RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings

STEPS = 200
CELLS = STEPS + 1
"""Around each multiple of .005 one."""
EDGES = tuple(step / 20 for step in range(1, 21))
_BUCKETS = len(EDGES) + 1
_TURNED = np.arange(2 * CELLS)[::-1]


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
    turned: bool


class _Pair:
    """Histograms of the scores of one class, of records of the other one and of its own."""

    def __init__(self) -> None:
        self._histograms = (Histogram(EDGES), Histogram(EDGES))

    def observe(self, score: Floats, own: Mask) -> None:
        other_class, own_class = self._histograms
        buckets = other_class.buckets(score)
        counts = np.bincount(buckets + _BUCKETS * own, minlength=2 * _BUCKETS)
        other_class.add(counts[:_BUCKETS], float((score * ~own).sum()))
        own_class.add(counts[_BUCKETS:], float((score * own).sum()))

    def views(self) -> tuple[BucketView, BucketView]:
        other, own = self._histograms
        return other.view(), own.view()

    def merge(self, other: _Pair) -> None:
        for mine, theirs in zip(self._histograms, other._histograms, strict=True):
            mine.merge(theirs)

    def dump(self) -> list[dict[str, Any]]:
        return [histogram.dump() for histogram in self._histograms]

    def load(self, state: Sequence[Mapping[str, Any]]) -> None:
        for histogram, stored in zip(self._histograms, state, strict=True):
            histogram.load(stored)


class Scores:
    """Histogram of the positive class's probability by actual class, ROC-AUC, average precision.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    positive
        The positive class; absent: see :class:`exporter.monitors.binary.BinaryClasses`. Nothing
        is exposed before two classes are known, nor of a model of more.

    Notes
    -----
    Which class is the positive one can be open until the second one is seen, while records count
    from the first one on. So scores are of the configured class, or of one seen first, and what is
    exposed is turned round if that is not the positive one in the end: with it the score is 1 - p.
    The histograms are kept both ways, since their edges are not the same from both sides.
    """

    name: ClassVar[str] = "scores"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], positive: str | None = None
    ) -> None:
        self._labels = dict(labels)
        self._positive = positive
        self._classes = BinaryClasses(positive)
        self._of = positive
        self._histograms = _Pair(), _Pair()
        self._rings = [_ring(window) for window in windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        self._classes.see_batch(batch)
        seen = self._classes.classes
        if len(seen) > 2 or not (batch.label.codes >= 0).any():
            return
        judged = batch.labelled & (batch.label.codes >= 0)
        if not judged.any():
            return
        pair = self._pair
        if self._of is None:
            self._of = pair[1] if pair else seen[0]
        other = next((name for name in seen if name != self._of), "")
        turned = self._turned
        # Rounded probabilities need not add up to 1: those of the positive class count.
        score = probability(batch, (self._of, other) if turned else (other, self._of))
        judged &= ~np.isnan(score)
        if not judged.any():
            return
        actual, placements = is_class(batch.label, self._of), batch.placements
        contrary = probability(batch, (self._of, other)) if pair is None else None
        if not judged.all():
            rows = np.flatnonzero(judged)
            score, actual, placements = score[rows], actual[rows], placed(batch, rows)
            contrary = None if contrary is None else contrary[rows]
        toward, away = self._histograms
        if turned:
            away.observe(score, ~actual)
        else:
            toward.observe(score, actual)
        if contrary is not None:
            away.observe(contrary, ~actual)
        steps = np.rint(score * STEPS).astype(np.int64)
        cells = actual * CELLS + (STEPS - steps if turned else steps)
        add_all(self._rings, placements, cells)

    @property
    def _pair(self) -> tuple[str, str] | None:
        """The pair, once both have been seen: what follows `no` need not be `yes`."""
        return self._classes.pair if len(self._classes.classes) > 1 else None

    @property
    def _turned(self) -> bool:
        """Whether the scores are of what is known to be the negative class."""
        pair = self._pair
        return pair is not None and self._of == pair[0]

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return Snapshot(
            self._histograms[self._turned].views(),
            tuple(ring.view() for ring in self._rings),
            self._pair is not None,
            self._turned,
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
        shape = Histogram(EDGES)
        for actual, view in enumerate(snapshot.histograms):
            shape.add_to(scores, [*values, str(actual)], view)
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
            if snapshot.turned:
                counts = counts[::-1, ::-1]
            for family, figure in ((area, roc_auc(counts)), (precision, average_precision(counts))):
                if figure is not None:
                    family.add_metric([*values, ring.window.name], figure)
        yield from (area, precision)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "positive": self._positive,
            "of": self._of,
            "classes": self._classes.classes,
            "histograms": [pair.dump() for pair in self._histograms],
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
        self._of = state["of"]
        self._classes.see(state["classes"])
        for pair, stored in zip(self._histograms, state["histograms"], strict=True):
            pair.load(stored)
        load_rings(self._rings, state["rings"])

    def merge(self, other: Scores) -> None:
        """Add the state of a monitor of the same model; with a third class nothing is exposed.

        Raises
        ------
        ValueError
            If another class is configured as the positive one.
        """
        if self._positive != other._positive:
            raise ValueError(f"can't merge scores of {other._positive!r} and {self._positive!r}")
        self._classes.see(other._classes.classes)
        if self._of is None:
            self._of = other._of
        turn = other._of is not None and other._of != self._of
        for position, pair in enumerate(self._histograms):
            pair.merge(other._histograms[position ^ turn])
        for ring, their_ring in zip(self._rings, other._rings, strict=True):
            ring.merge(their_ring.rearranged(_TURNED) if turn else their_ring)


def _ring(window: Window) -> WindowRing:
    return WindowRing(window, (2, CELLS), np.int32)
