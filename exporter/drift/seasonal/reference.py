"""What the columns of a reference look like in each part of the day or week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter import canonical
from exporter.drift.columns import Counts
from exporter.drift.seasonal.season import Season


@dataclass(frozen=True, eq=False)
class SeasonalColumn:
    """One column.

    Attributes
    ----------
    counts
        int64[season's cells, column's cells], of the values that have a time.
    tau, tau_mean
        Autocorrelation times of what the season leaves unexplained, see
        :class:`~exporter.drift.columns.NumericColumn`.
    """

    counts: Counts
    tau: float
    tau_mean: float

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values: the cells that hold anything."""
        flat = self.counts.reshape(-1)
        used = np.flatnonzero(flat)
        return {
            "cells": used.tolist(),
            "counts": flat[used].tolist(),
            "tau": self.tau,
            "tau_mean": self.tau_mean,
        }


@dataclass(frozen=True, eq=False)
class SeasonalReference:
    """The columns of a reference by season.

    Attributes
    ----------
    season
        The cycle and its clock.
    records
        int64[season's cells], predictions in each.
    hours
        int64[season's cells], different hours of the calendar in which these were.
    columns
        By their names, which are those of the reference's columns.
    """

    season: Season
    records: Counts
    hours: Counts
    columns: Mapping[str, SeasonalColumn]

    @cached_property
    def traffic(self) -> NDArray[np.float64]:
        """float64[season's cells], predictions per hour; never 0, so that it can weigh time."""
        rate = self.records / np.maximum(self.hours, 1)
        return np.maximum(rate, max(float(rate.max(initial=0.0)), 1.0) * 1e-6)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "cycle": self.season.cycle,
            "timezone": self.season.timezone,
            "records": self.records.tolist(),
            "hours": self.hours.tolist(),
            "columns": {name: self.columns[name].document() for name in sorted(self.columns)},
        }

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the document."""
        return canonical.digest(canonical.canonical(self.document()))


def table(cells: Sequence[int], counts: Sequence[int], shape: tuple[int, int]) -> Counts:
    """Return what :meth:`SeasonalColumn.document` tells of the counts.

    Raises
    ------
    ValueError
        If these are no cells of a table of the shape, each named once.
    """
    size = shape[0] * shape[1]
    where = np.array(cells, dtype=np.int64)
    if len(cells) != len(counts) or (np.diff(where) <= 0).any() or (where >= size).any():
        raise ValueError(f"expected as many counts as cells, these in ascending order below {size}")
    found = np.zeros(size, dtype=np.int64)
    found[where] = counts
    return found.reshape(shape)
