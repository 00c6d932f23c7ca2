"""How often a person had to take over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors import wilson
from exporter.monitors.windowed_sums import Sums, WindowedSums, placed
from exporter.records import RecordBatch
from exporter.windows import Window

_ALL, _ESCALATED = 0, 1


class Escalation(WindowedSums):
    """Counts predictions that were escalated, among those that log whether they were.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    """

    name: ClassVar[str] = "escalation"

    def __init__(self, labels: Mapping[str, str], windows: Sequence[Window]) -> None:
        super().__init__(labels, windows, 2)

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        logged = batch.numbers.get("escalated")
        if logged is None:
            return
        rows = np.flatnonzero(batch.attempt & ~np.isnan(logged))
        if rows.size:
            self._add(placed(batch, rows), [np.ones(len(rows)), logged[rows]])

    def families(self, snapshot: Sums, now: float) -> Iterator[Metric]:
        """Yield counters and the rolling share; nothing before the first record that tells."""
        if not snapshot.totals[_ALL]:
            return
        names, values = list(self._labels), list(self._labels.values())
        for name, meaning, cell in (
            ("model_escalations", "Predictions that a person took over.", _ESCALATED),
            ("model_escalation_answers", "Predictions that log whether one did.", _ALL),
        ):
            counter = CounterMetricFamily(name, meaning, labels=names)
            counter.add_metric(values, float(snapshot.totals[cell]))
            yield counter
        ratio, lower, upper = (
            GaugeMetricFamily(name, meaning, labels=[*names, "window"])
            for name, meaning in (
                (
                    "model_escalation_ratio",
                    "Share of the window's predictions that a person took over.",
                ),
                (
                    "model_escalation_lower_ratio",
                    "Lower end of the 95 percent Wilson interval of model_escalation_ratio.",
                ),
                (
                    "model_escalation_upper_ratio",
                    "Upper end of the 95 percent Wilson interval of model_escalation_ratio.",
                ),
            )
        )
        for ring in snapshot.rings:
            answers, escalated = map(int, ring.total(now).tolist())
            if answers:
                at = [*values, ring.window.name]
                low, high = wilson.interval(escalated, answers)
                ratio.add_metric(at, escalated / answers)
                lower.add_metric(at, low)
                upper.add_metric(at, high)
        yield from (ratio, lower, upper)
