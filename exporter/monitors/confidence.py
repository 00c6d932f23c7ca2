"""How sure the model says it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

from exporter.monitors.charts import Course, by_subwindow, course, shares
from exporter.monitors.windowed_histogram import Snapshot, WindowedHistogram
from exporter.placement import add_sums
from exporter.records import RecordBatch
from exporter.windows import Window

EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Confidence(WindowedHistogram):
    """Histogram and rolling mean of the logged confidence.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    exemplars
        Whether buckets name a request.
    """

    name: ClassVar[str] = "confidence"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], *, exemplars: bool = True
    ) -> None:
        super().__init__(labels, windows, EDGES, 2, np.float64, exemplars=exemplars)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        known = batch.attempt & ~np.isnan(batch.confidence)
        if not known.any():
            return
        self._observe(batch, known, batch.confidence)
        values = np.where(known, batch.confidence, 0.0)
        add_sums(self._rings, batch.placements, [known.astype(np.float64), values])

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield the histogram and the rolling mean."""
        names, values = list(self._labels), list(self._labels.values())
        histogram = HistogramMetricFamily(
            "model_confidence", "Confidence of the predictions, 0 to 1.", labels=names
        )
        self._histogram.add_to(histogram, values, snapshot.buckets, snapshot.exemplars)
        yield histogram
        mean = GaugeMetricFamily(
            "model_confidence_mean",
            "Mean confidence of the window's predictions.",
            labels=[*names, "window"],
        )
        for ring in snapshot.rings:
            count, total = ring.total(now).tolist()
            if count:
                mean.add_metric([*values, ring.window.name], total / count)
        yield mean

    def courses(self, snapshot: Snapshot, now: float) -> Iterator[Course]:
        """Yield the mean."""
        for ring in snapshot.rings:
            count, total = by_subwindow(ring, now).T
            yield course("confidence", "ratio", self._labels, ring, now, shares(total, count))
