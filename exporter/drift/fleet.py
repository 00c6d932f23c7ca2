"""Columns of a reference as Prometheus compares them, over any number of exporters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from prometheus_client.utils import floatToGoString

from exporter.drift.columns import Column, NumericColumn

MOST_BINS = 50
"""Of a numeric column: with more, series cost more than the statistics gain."""
OTHER = "other"
FIRST = "-Inf"
"""What stands for the edge before the first one."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FleetColumn:
    """A column whose cells are folded into few enough to be series.

    Attributes
    ----------
    column
        Of the reference.
    last
        int64[size], number of the last of the column's cells in each of the new ones.
    """

    column: Column
    last: Counts

    @classmethod
    def of(cls, column: Column) -> FleetColumn:
        """Fold neighbouring bins of a numeric column; categories stay as they are."""
        size = len(column.counts)
        bins = min(size, MOST_BINS) if isinstance(column, NumericColumn) else size
        return cls(column, (np.arange(1, bins + 1) * size // bins - 1).astype(np.int64))

    @property
    def numeric(self) -> bool:
        """Whether it is a histogram."""
        return isinstance(self.column, NumericColumn)

    @property
    def size(self) -> int:
        """Cells."""
        return len(self.last)

    @property
    def series(self) -> int:
        """How many series a version has of it."""
        # OpenMetrics: a histogram has a count if and only if it has a sum.
        return self.size + 2 * self.summed

    @property
    def reference_series(self) -> int:
        """How many series the reference has of it."""
        # Shares, how many values and cells there are and, of categories, the critical value.
        return self.size + (2 if self.numeric else 3)

    @cached_property
    def summed(self) -> bool:
        """Whether the sum of its values can only rise: no edge is negative."""
        column = self.column
        if not isinstance(column, NumericColumn):
            return False
        return bool((column.edges[self.last[:-1]] >= 0).all())

    @cached_property
    def edges(self) -> tuple[str, ...]:
        """Upper edges of a numeric column as OpenMetrics writes them, the last one +Inf."""
        if not isinstance(self.column, NumericColumn):
            return ()
        inner = self.column.edges[self.last[:-1]].tolist()
        # The client writes positive numbers as Go does, and Prometheus 3 so rewrites any label `le`
        # of a scrape: an edge that was rewritten would find no counterpart.
        sizes = map(floatToGoString, map(abs, inner))
        signs = ("-" if edge < 0 else "" for edge in inner)
        return (*map("".join, zip(signs, sizes, strict=True)), "+Inf")

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Label values of the cells of a categorical column; all others are `other`."""
        if isinstance(self.column, NumericColumn):
            return ()
        # One that is called so itself is marked, and so is what would look like that.
        return (
            *(
                f"={name}" if name == OTHER or name.startswith("=") else name
                for name in self.column.categories
            ),
            OTHER,
        )

    def folded(self, counts: Counts) -> Counts:
        """Return int64[size] of counts at the column's cells."""
        return np.add.reduceat(counts, np.concatenate(([0], self.last[:-1] + 1)))
