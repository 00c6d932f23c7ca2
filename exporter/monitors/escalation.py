"""How often a person had to take over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily

from exporter.monitors.bounded_ratio import BoundedRatio
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
        ratio = BoundedRatio(
            "model_escalation_ratio",
            "Share of the window's predictions that a person took over.",
            [*names, "window"],
        )
        for ring in snapshot.rings:
            answers, escalated = map(int, ring.total(now).tolist())
            if answers:
                ratio.count([*values, ring.window.name], escalated, answers)
        yield from ratio
