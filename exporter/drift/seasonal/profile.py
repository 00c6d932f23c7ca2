"""Counts the columns of a reference by season, beside their profile."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from exporter.drift.autocorrelation import LONGEST
from exporter.drift.columns import (
    MAX_CATEGORY_LENGTH,
    CategoricalColumn,
    Column,
    Counts,
    NumericColumn,
)
from exporter.drift.reservoir import Reservoir
from exporter.drift.seasonal.dependence import Residuals, taus
from exporter.drift.seasonal.reference import SeasonalColumn
from exporter.drift.seasonal.season import Season
from exporter.records import Categorical, Floats

_MAX_COUNTED_CATEGORIES = 10_000
"""As of a profile, which knows no others either."""


class Hours:
    """Counts predictions by the hours of the calendar."""

    def __init__(self, season: Season) -> None:
        self._season = season
        self._records: Counter[float] = Counter()

    def add(self, hours: Floats) -> None:
        """Add float64[n] of :meth:`Season.hours`."""
        distinct, frequency = np.unique(hours[~np.isnan(hours)], return_counts=True)
        for hour, times in zip(distinct.tolist(), frequency.tolist(), strict=True):
            self._records[hour] += times

    def finish(self) -> tuple[Counts, Counts]:
        """Return the predictions of each season cell, and its hours of the calendar."""
        size = self._season.size
        cells = self._season.cells(np.array(list(self._records), dtype=np.float64))
        frequency = np.array(list(self._records.values()), dtype=np.float64)
        records = np.bincount(cells, frequency, minlength=size).astype(np.int64)
        return records, np.bincount(cells, minlength=size).astype(np.int64)


class SeasonalAccumulator:
    """When the values of one column were.

    Parameters
    ----------
    season
        The cycle.
    capacity
        As that of the reservoir that keeps the numbers: it and this one then keep the same ones,
        in the same places. Of more classes a sample is kept as well.
    """

    def __init__(self, season: Season, capacity: int) -> None:
        self._season = season
        self._hours = Reservoir(capacity, head=LONGEST)
        self._classes = Reservoir(capacity, head=LONGEST)
        self._hours_of_classes = Reservoir(capacity, head=LONGEST)
        self._categories: dict[str, int] = {}

    def add_numbers(self, hours: Floats) -> None:
        """Add float64[n], the hours of the numbers that were added to the reservoir."""
        self._hours.add(hours)

    def add_classes(self, column: Categorical, hours: Floats) -> None:
        """Add classes and float64[n], their hours."""
        places = np.array([self._place(value) for value in column.values], dtype=np.float64)
        known = column.codes >= 0
        self._classes.add(places[column.codes[known]])
        self._hours_of_classes.add(hours[known])

    def _place(self, value: str) -> int:
        category = value[:MAX_CATEGORY_LENGTH]
        if len(self._categories) < _MAX_COUNTED_CATEGORIES:
            return self._categories.setdefault(category, len(self._categories))
        return self._categories.get(category, _MAX_COUNTED_CATEGORIES)

    def of_numbers(self, column: NumericColumn, numbers: Reservoir) -> SeasonalColumn:
        """Return the column of what the reservoir keeps."""
        head = column.assign(numbers.head)
        return self._finish(column, self._hours, column.assign(numbers.values), head)

    def of_classes(self, column: CategoricalColumn) -> SeasonalColumn:
        """Return the column of the classes."""
        others = len(column.categories)
        cells = np.full(_MAX_COUNTED_CATEGORIES + 1, others, dtype=np.int64)
        for cell, category in enumerate(column.categories):
            cells[self._categories[category]] = cell
        kept, head = (
            cells[values.astype(np.int64)] for values in (self._classes.values, self._classes.head)
        )
        return self._finish(column, self._hours_of_classes, kept, head)

    def _finish(
        self,
        column: Column,
        hours: Reservoir,
        cells: NDArray[np.int64],
        head: NDArray[np.int64],
    ) -> SeasonalColumn:
        counts = self._count(cells, hours.values, len(column.counts))
        kept = len(cells) / max(hours.seen, 1)
        every = Residuals(self._season, counts, cells, hours.values)
        first = Residuals(self._season, counts, head, hours.head, kept)
        return SeasonalColumn(counts, *taus(column, first, every, kept))

    def _count(self, cells: NDArray[np.int64], hours: Floats, size: int) -> Counts:
        seasons = self._season.cells(hours)
        known = seasons >= 0
        flat = seasons[known] * size + cells[known]
        found = np.bincount(flat, minlength=self._season.size * size)
        return found.astype(np.int64).reshape(-1, size)
