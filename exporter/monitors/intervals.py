"""Whether the actual number lies in the interval that was predicted for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.bounded_ratio import BoundedRatio
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import RecordBatch
from exporter.windows import Window

_CELLS = range(3)
_LABELS, _COVERED, _WIDTH = _CELLS


class Intervals(WindowedSums):
    """Coverage and width of logged prediction intervals, of records whose label is known.

    The ends belong to an interval. One whose ends are crossed covers nothing and has no width.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "intervals"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, len(_CELLS))

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        lower = batch.numbers.get("prediction_lower")
        upper = batch.numbers.get("prediction_upper")
        if lower is None or upper is None:
            return
        known = batch.labelled & ~np.isnan(batch.label_value) & ~np.isnan(lower) & ~np.isnan(upper)
        rows = np.flatnonzero(known)
        if not rows.size:
            return
        lower, upper, label = lower[rows], upper[rows], batch.label_value[rows]
        # Halves, since a width may be beyond the greatest number there is.
        width = 2 * np.minimum(np.maximum(upper / 2 - lower / 2, 0.0), 1e300)
        covered = (lower <= label) & (label <= upper)
        self._add(placed(batch, rows), [np.ones(len(rows)), covered, width])

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield counters and rolling gauges; nothing before the first labelled interval."""
        totals = snapshot.totals
        if not totals[_LABELS]:
            return
        names, values = list(self._labels), list(self._labels.values())
        for name, cell, meaning in (
            (
                "model_interval_labels",
                _LABELS,
                "Predictions with an interval whose ground truth is known.",
            ),
            ("model_interval_covered", _COVERED, "Intervals that cover the actual number."),
            ("model_interval_width", _WIDTH, "Sum of the widths of labelled intervals."),
        ):
            family = CounterMetricFamily(name, meaning, labels=names)
            family.add_metric(values, float(totals[cell]))
            yield family
        yield from self._rolling(snapshot, now)

    def _rolling(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        names, values = [*self._labels, "window"], list(self._labels.values())
        known = GaugeMetricFamily(
            "model_window_interval_labels",
            "Predictions of the window with an interval whose ground truth is known.",
            labels=names,
        )
        ratio = BoundedRatio(
            "model_interval_coverage_ratio",
            "Share of the window's labelled intervals that cover the actual number.",
            names,
        )
        width = GaugeMetricFamily(
            "model_interval_width_mean",
            "Mean width of the window's labelled intervals.",
            labels=names,
        )
        for ring in snapshot.rings:
            labelled, covered, widths = ring.total(now).tolist()
            if not labelled:
                continue
            at = [*values, ring.window.name]
            known.add_metric(at, labelled)
            ratio.count(at, covered, labelled)
            width.add_metric(at, widths / labelled)
        yield from (known, *ratio, width)
