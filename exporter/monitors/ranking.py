"""How high a ranked list puts what was relevant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.list_column import ListColumn
from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import Floats, RecordBatch
from exporter.windows import Window

DEPTH = 10
_CELLS = range(5)
_JUDGED, _GAIN, _RECIPROCAL, _HITS, _UNJUDGED = _CELLS


def gains(ranked: ListColumn, relevant: ListColumn, depth: int) -> tuple[Floats, Floats]:
    """Return float64[n] NDCG within the first `depth`, and the reciprocal rank, 0 without a hit.

    An item is relevant or not, so that DCG is the sum of 1 / log2(rank + 1) over those relevant
    ones that are ranked; it is divided by that of a list that begins with all relevant ones
    (Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002).
    """
    rows, ranks = ranked.rows, ranked.ranks
    records = len(ranked.present)
    hits = ranked.found_in(relevant)
    near = hits & (ranks <= depth)
    gain = np.bincount(rows[near], 1 / np.log2(ranks[near] + 1), records)
    # Of nothing relevant the gain is 0, whatever it is divided by.
    ideal = np.concatenate(([1.0], np.cumsum(1 / np.log2(np.arange(1, depth + 1) + 1))))
    reciprocal = np.zeros(records)
    np.maximum.at(reciprocal, rows[hits], 1 / ranks[hits])
    return gain / ideal[np.minimum(relevant.lengths, depth)], reciprocal


class Ranking(WindowedSums):
    """NDCG, mean reciprocal rank and hit ratio of ranked lists whose relevant items are known.

    A list whose ground truth says that nothing is relevant can't be judged: it is counted, and in
    no mean.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    depth
        How many of the first items count for NDCG and hits.
    """

    name: ClassVar[str] = "ranking"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], depth: int = DEPTH
    ) -> None:
        super().__init__(labels, windows, len(_CELLS))
        self._depth = depth

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch of the task ``ranking``."""
        if batch.prediction_lists is None or batch.label_lists is None:
            return
        rows = np.flatnonzero(
            batch.labelled & batch.prediction_lists.present & batch.label_lists.present
        )
        if not rows.size:
            return
        relevant = batch.label_lists.take(rows)
        gain, reciprocal = gains(batch.prediction_lists.take(rows), relevant, self._depth)
        judged = relevant.lengths > 0
        self._add(placed(batch, rows), [judged, gain, reciprocal, gain > 0, ~judged])

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first list with a label."""
        totals = snapshot.totals
        if not totals[_JUDGED] + totals[_UNJUDGED]:
            return
        names, values = list(self._labels), list(self._labels.values())
        for name, cell, meaning, deep in (
            ("model_ranking_labels", _JUDGED, "Ranked lists whose relevant items are known.", 0),
            (
                "model_ranking_labels_empty",
                _UNJUDGED,
                "Ranked lists of which no item at all is relevant; they are in no mean.",
                0,
            ),
            ("model_ndcg", _GAIN, "Sum of the NDCG of ranked lists within the first k.", 1),
            ("model_reciprocal_rank", _RECIPROCAL, "Sum of 1 / rank of the first hit.", 0),
            ("model_ranking_hits", _HITS, "Ranked lists with a hit within the first k.", 1),
        ):
            family = CounterMetricFamily(name, meaning, labels=[*names, "k"] if deep else names)
            at = [*values, str(self._depth)] if deep else values
            family.add_metric(at, float(totals[cell]))
            yield family
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        known = GaugeMetricFamily(
            "model_window_ranking_labels",
            "Ranked lists of the window whose relevant items are known.",
            labels=names,
        )
        reciprocal = GaugeMetricFamily(
            "model_mean_reciprocal_rank",
            "Mean of 1 / rank of the first relevant item over the window's labelled lists.",
            labels=names,
        )
        ndcg = GaugeMetricFamily(
            "model_ndcg_score",
            "Mean NDCG of the window's labelled lists within the first k.",
            labels=[*names, "k"],
        )
        ratio = BoundedRatio(
            "model_hit_ratio",
            "Share of the window's labelled lists with a relevant item within the first k.",
            [*names, "k"],
        )
        for ring in snapshot.rings:
            total = ring.total(now).tolist()
            judged = total[_JUDGED]
            if not judged:
                continue
            at = [*values, ring.window.name]
            deep = [*at, str(self._depth)]
            known.add_metric(at, judged)
            reciprocal.add_metric(at, total[_RECIPROCAL] / judged)
            ndcg.add_metric(deep, total[_GAIN] / judged)
            ratio.count(deep, total[_HITS], judged)
        yield from (known, reciprocal, ndcg, *ratio)
