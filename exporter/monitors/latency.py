"""How long predictions take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

from exporter.monitors.charts import Course, by_subwindow, course
from exporter.monitors.duration_bins import BINS, QUANTILES, bins_of, quantile
from exporter.monitors.windowed_histogram import Snapshot, WindowedHistogram
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import Window, load_rings

EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Latency(WindowedHistogram):
    """Histogram and rolling quantiles of the logged latency.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    limit
        Seconds that a latency objective allows, which become an edge of the histogram.
    exemplars
        Whether buckets name a request.
    """

    name: ClassVar[str] = "latency"

    def __init__(
        self,
        labels: Mapping[str, str],
        windows: Sequence[Window],
        limit: float | None = None,
        *,
        exemplars: bool = True,
    ) -> None:
        edges = EDGES if limit is None else tuple(sorted({*EDGES, limit}))
        super().__init__(labels, windows, edges, BINS, np.int32, exemplars=exemplars)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        known = batch.attempt & ~np.isnan(batch.latency)
        if not known.any():
            return
        self._observe(batch, known, batch.latency)
        if known.all():
            cells = bins_of(batch.latency)
        else:
            cells = np.full(len(batch), -1, dtype=np.int64)
            cells[known] = bins_of(batch.latency[known])
        add_all(self._rings, batch.placements, cells)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the histogram and the rolling quantiles."""
        names, values = list(self._labels), list(self._labels.values())
        histogram = HistogramMetricFamily(
            "model_latency_seconds", "Time that predictions took.", labels=names
        )
        self._histogram.add_to(histogram, values, snapshot.buckets, snapshot.exemplars)
        yield histogram
        quantiles = GaugeMetricFamily(
            "model_latency_quantile_seconds",
            "Quantile of the time that the window's predictions took, within 2 percent.",
            labels=[*names, "window", "q"],
        )
        for ring in snapshot.rings:
            counts = ring.total(now)
            if counts.any():
                for q in QUANTILES:
                    at = [*values, ring.window.name, str(q)]
                    quantiles.add_metric(at, quantile(counts, q))
        yield quantiles

    def courses(self, snapshot: Snapshot, now: float) -> Iterator[Course]:
        """Yield the 95th percentile."""
        for ring in snapshot.rings:
            values = [
                quantile(counts, 0.95) if counts.any() else math.nan
                for counts in by_subwindow(ring, now)
            ]
            yield course("latency, p95", "seconds", self._labels, ring, now, np.array(values))

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        An objective can bring another edge, or take one away. The histogram then starts at 0, as
        after any restart of a counter: of what was counted before nobody knows how much lay below
        the new edge. The windows go on.

        Raises
        ------
        ValueError
            If the stored windows have other cells.
        """
        if self._histogram.fits(state["histogram"]):
            self._histogram.load(state["histogram"])
        load_rings(self._rings, state["rings"])
