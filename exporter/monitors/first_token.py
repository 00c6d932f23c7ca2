"""How long a language model takes to begin to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

from exporter.monitors.duration_bins import BINS, QUANTILES, bins_of, quantile
from exporter.monitors.windowed_histogram import Snapshot, WindowedHistogram
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import Window, WindowRing

EDGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class FirstToken(WindowedHistogram):
    """Histogram and rolling quantiles of the logged time to the first token.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    exemplars
        Whether buckets name a request.
    """

    name: ClassVar[str] = "first_token"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], *, exemplars: bool = True
    ) -> None:
        super().__init__(labels, (), EDGES, BINS, np.int32, exemplars=exemplars)
        self._windows = tuple(windows)

    def _begin(self) -> None:
        # Most models are no language models, and need no room for this.
        if not self._rings:
            self._rings = [WindowRing(window, (BINS,), np.int32) for window in self._windows]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        milliseconds = batch.numbers.get("time_to_first_token_ms")
        if milliseconds is None:
            return
        known = batch.attempt & ~np.isnan(milliseconds)
        if not known.any():
            return
        self._begin()
        seconds = milliseconds / 1e3
        self._observe(batch, known, seconds)
        cells = np.full(len(batch), -1, dtype=np.int64)
        cells[known] = bins_of(seconds[known])
        add_all(self._rings, batch.placements, cells)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the histogram and the rolling quantiles; nothing before the first value."""
        if not snapshot.buckets.counts.any():
            return
        names, values = list(self._labels), list(self._labels.values())
        histogram = HistogramMetricFamily(
            "model_time_to_first_token_seconds",
            "Time until the first token of an answer.",
            labels=names,
        )
        self._histogram.add_to(histogram, values, snapshot.buckets, snapshot.exemplars)
        yield histogram
        known = GaugeMetricFamily(
            "model_window_first_tokens",
            "Requests of the window that log the time until their first token.",
            labels=[*names, "window"],
        )
        quantiles = GaugeMetricFamily(
            "model_time_to_first_token_quantile_seconds",
            "Quantile of the time until the first token over the window, within 2 percent.",
            labels=[*names, "window", "q"],
        )
        for ring in snapshot.rings:
            counts = ring.total(now)
            if not counts.any():
                continue
            at = [*values, ring.window.name]
            known.add_metric(at, int(counts.sum()))
            for q in QUANTILES:
                quantiles.add_metric([*at, str(q)], quantile(counts, q))
        yield from (known, quantiles)

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If the stored edges or cells are others.
        """
        if state["rings"]:
            self._begin()
        super().load(state)

    def merge(self, other: Self) -> None:
        """Add the state of a monitor with the same windows."""
        if other._rings:
            self._begin()
            super().merge(other)
