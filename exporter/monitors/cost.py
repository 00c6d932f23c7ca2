"""What predictions cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.budget import Budget
from exporter.monitors.labelled_sums import LabelledSums, Snapshot
from exporter.monitors.labels import LabelValues
from exporter.records import RecordBatch, or_empty
from exporter.windows import Window

CURRENCIES = 5
_NUMBER, _SUM = 0, 1


class Cost(LabelledSums):
    """Sum and rolling mean of the logged cost, by currency; the empty one where none is logged.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    windows
        The configured windows.
    budget
        Grants new currencies.
    """

    name: ClassVar[str] = "cost"

    def __init__(
        self, labels: Mapping[str, str], windows: Sequence[Window], budget: Budget
    ) -> None:
        series = 2 + len(windows)
        currencies = LabelValues(CURRENCIES, grant=lambda: budget.claim("model_cost_total", series))
        super().__init__(labels, windows, 2, currencies, "currencies")

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        cost = batch.numbers.get("cost")
        if cost is None:
            return
        known = batch.attempt & ~np.isnan(cost)
        if not known.any():
            return
        currency = or_empty(batch.classes.get("currency"), len(batch))
        slots = self._values.encode(currency.where(known))
        self._count(batch, slots, _NUMBER, known)
        self._count(batch, slots, _SUM, known, cost)

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and the rolling mean, by currency; nothing before the first cost."""
        if not snapshot.named:
            return
        names, values = list(self._labels), list(self._labels.values())
        total = CounterMetricFamily(
            "model_cost", "What the predictions cost.", labels=[*names, "currency"]
        )
        number = CounterMetricFamily(
            "model_cost_predictions",
            "Predictions that log what they cost.",
            labels=[*names, "currency"],
        )
        mean = GaugeMetricFamily(
            "model_cost_mean",
            "Mean cost of the window's predictions that log it.",
            labels=[*names, "window", "currency"],
        )
        totals = self._table(snapshot.totals)
        for position, currency in snapshot.named:
            at = [*values, currency]
            number.add_metric(at, float(totals[_NUMBER, position]))
            total.add_metric(at, float(totals[_SUM, position]))
        for ring in snapshot.rings:
            sums = self._table(ring.total(now))
            for position, currency in snapshot.named:
                if sums[_NUMBER, position]:
                    one = float(sums[_SUM, position] / sums[_NUMBER, position])
                    mean.add_metric([*values, ring.window.name, currency], one)
        yield from (total, number, mean)
