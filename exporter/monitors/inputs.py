"""What the model is given: how long its inputs are, and how much of them it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

from exporter.monitors.windowed_histogram import Snapshot, WindowedHistogram
from exporter.placement import add_all
from exporter.records import RecordBatch
from exporter.windows import Window

EDGES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
_LENGTHS, _LENGTH, _RATIOS, _RATIO = range(4)


class Inputs(WindowedHistogram):
    """Histogram and rolling mean of the logged input length, rolling mean of the OOV ratio.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "inputs"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, EDGES, 4, np.float64)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        for field, number, total in (
            ("input_length", _LENGTHS, _LENGTH),
            ("oov_ratio", _RATIOS, _RATIO),
        ):
            logged = batch.numbers.get(field)
            if logged is None:
                continue
            known = batch.attempt & ~np.isnan(logged)
            if number == _LENGTHS:
                self._histogram.observe(logged[known])
            add_all(self._rings, batch.placements, np.where(known, number, -1))
            add_all(self._rings, batch.placements, np.where(known, total, -1), logged)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the histogram and the rolling means; nothing of what no record holds."""
        names, values = list(self._labels), list(self._labels.values())
        if snapshot.buckets.counts.any():
            histogram = HistogramMetricFamily(
                "model_input_length", "Length of the inputs, as logged.", labels=names
            )
            self._histogram.add_to(histogram, values, snapshot.buckets)
            yield histogram
        length = GaugeMetricFamily(
            "model_input_length_mean",
            "Mean length of the window's inputs.",
            labels=[*names, "window"],
        )
        unknown = GaugeMetricFamily(
            "model_oov_ratio",
            "Mean share of the window's inputs that the model's vocabulary does not have.",
            labels=[*names, "window"],
        )
        for ring in snapshot.rings:
            sums = ring.total(now).tolist()
            at = [*values, ring.window.name]
            if sums[_LENGTHS]:
                length.add_metric(at, sums[_LENGTH] / sums[_LENGTHS])
            if sums[_RATIOS]:
                unknown.add_metric(at, sums[_RATIO] / sums[_RATIOS])
        yield from (length, unknown)
