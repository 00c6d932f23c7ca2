"""What predictions cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.monitors.budget import Budget
from exporter.monitors.labels import LabelValues
from exporter.monitors.windowed_sums import Sums, WindowedSums
from exporter.placement import add_all
from exporter.records import RecordBatch, or_empty
from exporter.windows import Window

CURRENCIES = 5


@dataclass(frozen=True, slots=True)
class Snapshot(Sums):
    """Number and sum of the costs by currency at one moment."""

    currencies: list[tuple[int, str]]


class Cost(WindowedSums):
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
        super().__init__(labels, windows, 2 * (CURRENCIES + 1))
        self._currencies = LabelValues(
            CURRENCIES, grant=lambda: budget.claim("model_cost_total", 2 + len(windows))
        )

    def update(self, batch: RecordBatch) -> None:
        """Fold in a batch."""
        cost = batch.numbers.get("cost")
        if cost is None:
            return
        known = batch.attempt & ~np.isnan(cost)
        if not known.any():
            return
        currency = or_empty(batch.classes.get("currency"), len(batch))
        codes = self._currencies.encode(currency.where(known))
        for first, weights in ((0, None), (CURRENCIES + 1, cost)):
            cells = np.where(known, codes + first, -1)
            counted = None if weights is None else weights[known]
            self._totals += np.bincount(cells[known], counted, minlength=len(self._totals))
            add_all(self._rings, batch.placements, cells, weights)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        sums = super().snapshot()
        return Snapshot(sums.totals, sums.rings, self._currencies.numbered())

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:
        """Yield counters and the rolling mean, by currency; nothing before the first cost."""
        if not snapshot.currencies:
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
        for position, currency in snapshot.currencies:
            at = [*values, currency]
            number.add_metric(at, float(snapshot.totals[position]))
            total.add_metric(at, float(snapshot.totals[CURRENCIES + 1 + position]))
        for ring in snapshot.rings:
            sums = ring.total(now)
            for position, currency in snapshot.currencies:
                if sums[position]:
                    one = float(sums[CURRENCIES + 1 + position] / sums[position])
                    mean.add_metric([*values, ring.window.name, currency], one)
        yield from (total, number, mean)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {**super().dump(), "currencies": self._currencies.dump()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        super().load(state)
        self._currencies.load(**state["currencies"])

    def merge(self, other: Cost) -> None:
        """Add the state of a monitor with the same windows."""
        numbers = self._currencies.merge(other._currencies)
        self._merge_at(other, np.concatenate((numbers, numbers + CURRENCIES + 1)))
