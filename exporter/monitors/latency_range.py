"""Mean, shortest and longest time that predictions took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.placement import raise_all
from exporter.records import RecordBatch
from exporter.windows import RingView, Window, WindowRing, load_rings


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """Number and sum of the latencies, and the rings of their extremes, at one moment."""

    extremes: tuple[RingView, ...]


class LatencyRange(WindowedSums):
    """Rolling mean, minimum and maximum of the logged latency.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "latency_range"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, 2)
        # The longest, and the shortest as the highest of the negatives.
        self._extremes = [
            WindowRing(window, (2,), np.float64, initial=-np.inf) for window in windows
        ]

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        rows = np.flatnonzero(batch.attempt & ~np.isnan(batch.latency))
        if not rows.size:
            return
        latency, placements = batch.latency[rows], placed(batch, rows)
        self._add(placements, [np.ones(len(rows)), latency])
        raise_all(self._extremes, placements, [latency, -latency])

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        return Snapshot(sums.totals, sums.rings, tuple(ring.view() for ring in self._extremes))

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the rolling gauges; the counters behind them are those of the histogram."""
        names, values = [*self._labels, "window"], list(self._labels.values())
        mean = GaugeMetricFamily(
            "model_latency_mean_seconds",
            "Mean time that the window's predictions took.",
            labels=names,
        )
        shortest = GaugeMetricFamily(
            "model_latency_minimum_seconds",
            "Shortest time that one of the window's predictions took.",
            labels=names,
        )
        longest = GaugeMetricFamily(
            "model_latency_maximum_seconds",
            "Longest time that one of the window's predictions took.",
            labels=names,
        )
        for sums, extremes in zip(snapshot.rings, snapshot.extremes, strict=True):
            number, total = sums.total(now).tolist()
            if number:
                at = [*values, sums.window.name]
                high, low = extremes.maximum(now).tolist()
                mean.add_metric(at, total / number)
                shortest.add_metric(at, -low)
                longest.add_metric(at, high)
        yield from (mean, shortest, longest)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {**super().dump(), "extremes": [ring.dump() for ring in self._extremes]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        super().load(state)
        load_rings(self._extremes, state["extremes"])

    def merge(self, other: LatencyRange) -> None:
        """Add the state of a monitor with the same windows."""
        super().merge(other)
        for mine, theirs in zip(self._extremes, other._extremes, strict=True):
            mine.merge(theirs)
