"""What columns have held since the start: counters that Prometheus adds up over a fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from exporter.drift.columns import NumericColumn
from exporter.drift.fleet import FleetColumn
from exporter.drift.observations import cells, numbers
from exporter.drift.reference import Reference
from exporter.monitors.budget import Budget
from exporter.records import RecordBatch

Counts = NDArray[np.int64]
HISTOGRAM, CATEGORIES = "model_feature_value", "model_feature_category_total"


@dataclass(frozen=True, slots=True)
class Held:
    """Counts by column, int64[cells] each, and the sums of the numeric ones."""

    counts: tuple[Counts, ...]
    sums: tuple[float, ...]


class FeatureValues:
    """Counts the values of each column of the reference at its cells, for as long as it runs.

    Another reference has other cells, hence other series, by the label `reference`. Columns for
    which the budget has no series are left out.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    reference
        The reference.
    columns
        Those of it that are counted.
    budget
        Grants the series.
    """

    name: ClassVar[str] = "feature_values"

    def __init__(
        self,
        labels: Mapping[str, str],
        reference: Reference,
        columns: Sequence[FleetColumn],
        budget: Budget,
    ) -> None:
        self._labels = {**labels, "reference": reference.label}
        self._digest = reference.digest
        self._columns = [
            column
            for column in columns
            if budget.claim(HISTOGRAM if column.numeric else CATEGORIES, column.series)
        ]
        self._counts = [np.zeros(column.size, dtype=np.int64) for column in self._columns]
        self._sums = [0.0] * len(self._columns)

    def update(self, batch: RecordBatch) -> None:
        """Count the predictions of a batch."""
        predictions = batch.attempt & ~batch.failed
        if not predictions.any():
            return
        every = bool(predictions.all())
        for at, fleet in enumerate(self._columns):
            found = cells(batch, fleet.column)
            if not every:
                found = found[predictions]
            if found.size and found.min() < 0:
                found = found[found >= 0]
            counts = np.bincount(found, minlength=len(fleet.column.counts))
            self._counts[at] += fleet.folded(counts)
            if fleet.summed and isinstance(fleet.column, NumericColumn):
                values = numbers(batch, fleet.column.name)[predictions]
                # A sum is a counter: a value below 0, which the reference did not have, adds none.
                self._sums[at] += float(values[np.isfinite(values) & (values > 0)].sum())

    def snapshot(self) -> Held:
        """Return an immutable copy."""
        return Held(tuple(counts.copy() for counts in self._counts), tuple(self._sums))

    def families(self, snapshot: Held, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield a histogram of each numeric column, and a counter of each category."""
        names, values = [*self._labels, "feature"], list(self._labels.values())
        histogram = HistogramMetricFamily(
            HISTOGRAM, "Values of the column, at quantiles of the reference.", labels=names
        )
        categories = CounterMetricFamily(
            CATEGORIES.removesuffix("_total"),
            "Predictions by category of the column.",
            labels=[*names, "category"],
        )
        held = zip(self._columns, snapshot.counts, snapshot.sums, strict=True)
        for fleet, counts, total in held:
            series = [*values, fleet.column.name]
            if fleet.numeric:
                buckets = zip(fleet.edges, np.cumsum(counts).tolist(), strict=True)
                histogram.add_metric(series, list(buckets), total if fleet.summed else None)
            else:
                for category, count in zip(fleet.categories, counts.tolist(), strict=True):
                    categories.add_metric([*series, category], count)
        if histogram.samples:
            yield histogram
        if categories.samples:
            yield categories

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "reference": self._digest,
            "columns": {
                fleet.column.name: {"counts": counts.copy(), "sum": total}
                for fleet, counts, total in zip(
                    self._columns, self._counts, self._sums, strict=True
                )
            },
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned; columns that had no series start at 0.

        Raises
        ------
        ValueError
            If it was counted at the cells of another reference.
        """
        if state["reference"] != self._digest:
            raise ValueError("the reference has changed")
        for at, fleet in enumerate(self._columns):
            stored = state["columns"].get(fleet.column.name)
            if stored is not None:
                self._counts[at][:] = stored["counts"]
                self._sums[at] = float(stored["sum"])

    def merge(self, other: FeatureValues) -> None:
        """Add the counts of another monitor of the same reference.

        Raises
        ------
        ValueError
            If it is another, or other columns have series.
        """
        if self._identity() != other._identity():
            raise ValueError("can't merge counts at different cells")
        for at, counts in enumerate(other._counts):
            self._counts[at] += counts
            self._sums[at] += other._sums[at]

    def _identity(self) -> tuple[str, ...]:
        return (self._digest, *(fleet.column.name for fleet in self._columns))
