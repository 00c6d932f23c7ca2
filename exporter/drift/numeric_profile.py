"""Builds one column of numbers of a reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from exporter.drift import autocorrelation
from exporter.drift.autocorrelation import LONGEST
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.reservoir import Reservoir
from exporter.records import Floats


class NumericProfile:
    """Accumulates numbers.

    Parameters
    ----------
    capacity
        Of more numbers than these a uniform sample is kept.
    """

    def __init__(self, capacity: int) -> None:
        self._numbers = Reservoir(capacity, head=LONGEST)

    @property
    def seen(self) -> int:
        """Finite numbers so far."""
        return self._numbers.seen

    def add(self, values: Floats) -> None:
        """Add float64[n]; what is not finite is missing."""
        self._numbers.add(values[np.isfinite(values)])

    @property
    def mean(self) -> float:
        """Mean of the numbers that are kept, 0 of none."""
        return float(self._numbers.values.mean()) if self.seen else 0.0

    def finish(self, name: str, rows: int, sample_size: int) -> NumericColumn:
        """Return the column of `rows` records, with at most `sample_size` of its values."""
        values = np.sort(self._numbers.values)
        column = numeric_column(name, rows, rows - self.seen, values, sample_size)
        return in_order(column, self._numbers.head)


def numeric_column(
    name: str, rows: int, missing: int, values: Floats, sample_size: int
) -> NumericColumn:
    """Return the column of sorted, finite values."""
    edges = quantile_edges(values)
    n = len(values)
    chosen = np.linspace(0, n - 1, min(n, sample_size)).round().astype(np.intp)
    # Sums of huge numbers overflow to infinity, for which JSON has no word.
    with np.errstate(over="ignore", invalid="ignore"):
        mean = _finite(values.mean()) if n else None
        std = _finite(values.std(ddof=1)) if n > 1 else None
    return NumericColumn(
        name=name,
        rows=rows,
        missing=missing,
        edges=edges,
        counts=count(values, edges),
        moments=Moments(
            mean=mean,
            std=std,
            minimum=float(values[0]) if n else None,
            maximum=float(values[-1]) if n else None,
        ),
        sample=values[chosen],
    )


def in_order(column: NumericColumn, first: Floats) -> NumericColumn:
    """Return the column with what its first values, in the order of time, say of the others."""
    return replace(
        column, tau=autocorrelation.of_numbers(first), tau_mean=autocorrelation.of_means(first)
    )


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
