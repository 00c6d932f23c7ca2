"""How long predictions take.

Rolling quantiles come from logarithmic bins, as in DDSketch (Masson, Rim, Lee 2019,
https://arxiv.org/abs/1908.10693): every quantile is within :data:`RELATIVE_ERROR` of the true
value, bins add up, and the state does not grow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

from exporter.monitors.windowed_histogram import Snapshot, WindowedHistogram
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import Window

EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
QUANTILES = (0.5, 0.95, 0.99)
RELATIVE_ERROR = 0.02
_SHORTEST, _LONGEST = 1e-5, 1e4
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_BINS = math.ceil(math.log(_LONGEST / _SHORTEST) / math.log(_GAMMA)) + 1


def bins_of(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return int64[n], the logarithmic bin of each latency; the ends take what lies beyond."""
    with np.errstate(divide="ignore"):
        exact = np.ceil(np.log(seconds / _SHORTEST) / math.log(_GAMMA))
    return np.clip(exact, 0, _BINS - 1).astype(np.int64)


def quantile(counts: NDArray[np.integer[Any]], q: float) -> float:
    """Return the q-quantile in seconds of int[bins] counts that are not all zero.

    It is the value at rank floor(q (n - 1)), within :data:`RELATIVE_ERROR` of the exact one if
    that lies between 10 microseconds and 10,000 seconds.
    """
    rank = math.floor(q * (int(counts.sum()) - 1))
    position = int(np.searchsorted(np.cumsum(counts), rank, side="right"))
    # The point of the bin with the same relative distance to both of its ends.
    return _SHORTEST * 2 * _GAMMA**position / (_GAMMA + 1)


class Latency(WindowedHistogram):
    """Histogram and rolling quantiles of the logged latency.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "latency"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, EDGES, _BINS, np.int32)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        known = batch.attempt & ~np.isnan(batch.latency)
        if not known.any():
            return
        self._histogram.observe(batch.latency[known])
        cells = np.full(len(batch), -1, dtype=np.int64)
        cells[known] = bins_of(batch.latency[known])
        add_all(self._rings, batch.placements, cells)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the histogram and the rolling quantiles."""
        names, values = list(self._labels), list(self._labels.values())
        histogram = HistogramMetricFamily(
            "model_latency_seconds", "Time that predictions took.", labels=names
        )
        self._histogram.add_to(histogram, values, snapshot.buckets)
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
