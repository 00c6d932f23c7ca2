"""Labelled predictions of a log whose length nobody knows, in their order, with their inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from exporter.drift.columns import (
    CONFIDENCE,
    INPUT_LENGTH,
    MAX_CATEGORY_LENGTH,
    PREDICTION,
    Kind,
    column_name,
)
from exporter.records import Categorical, FeatureColumn, Floats, RecordBatch

MAX_ROWS = 100_000
MAX_INPUTS = 50
"""Columns, the prediction among them; features that appear later are left out."""
GREATEST = 1e140
"""Numbers further from 0 count as this one, so that squares stay finite."""
_MAX_CATEGORIES = 10_000


class LabelledSample:
    """Keeps every 2^k-th labelled prediction of a regression, k as small as capacity allows.

    What is kept depends on the log alone, not on how it was cut into batches.

    Parameters
    ----------
    kinds
        Kind of a feature's column where it is known beforehand.
    capacity
        Rows kept at most.
    """

    def __init__(self, kinds: Mapping[str, Kind] | None = None, capacity: int = MAX_ROWS) -> None:
        self._kinds = dict(kinds or {})
        self._capacity = capacity
        self._step = 1
        self.seen = 0
        """Labelled predictions so far."""
        self._errors = _Rows()
        self._numbers: dict[str, _Rows] = {}
        self._classes: dict[str, _Rows] = {}
        self._categories: dict[str, dict[str, int]] = {}

    def add(self, batch: RecordBatch) -> None:
        """Add the predictions of a batch that are numbers, as their ground truth is."""
        known = ~np.isnan(batch.prediction_value) & ~np.isnan(batch.label_value)
        rows = np.flatnonzero(known & batch.labelled)
        if not rows.size:
            return
        position = self.seen + np.arange(len(rows))
        self.seen += len(rows)
        while -(-self.seen // self._step) > self._capacity:
            self._step *= 2
            for kept in (self._errors, *self._numbers.values(), *self._classes.values()):
                kept.halve()
        rows = rows[position % self._step == 0]
        if not rows.size:
            return
        prediction = np.clip(batch.prediction_value[rows], -GREATEST, GREATEST)
        label = np.clip(batch.label_value[rows], -GREATEST, GREATEST)
        self._add(self._numbers, PREDICTION, batch.prediction_value[rows])
        if not np.isnan(batch.confidence).all():
            self._add(self._numbers, CONFIDENCE, batch.confidence[rows])
        if INPUT_LENGTH in batch.numbers:
            self._add(self._numbers, INPUT_LENGTH, batch.numbers[INPUT_LENGTH][rows])
        for feature, column in batch.features.items():
            self._add_feature(column_name(feature), column.take(rows))
        self._errors.add(np.abs(prediction - label), self._errors.length)

    @property
    def errors(self) -> Floats:
        """float64[n], the absolute errors."""
        return self._errors.joined(self._errors.length)

    def numbers(self, name: str) -> Floats:
        """Return float64[n], a column's numbers, NaN where it has none."""
        return self._numbers.get(name, _Rows()).joined(self._errors.length)

    def classes(self, name: str) -> Categorical:
        """Return a column's classes."""
        codes = self._classes.get(name, _Rows()).joined(self._errors.length)
        values = tuple(self._categories.get(name, ()))
        return Categorical(np.nan_to_num(codes, nan=-1.0).astype(np.int32), values)

    def _add_feature(self, name: str, column: FeatureColumn) -> None:
        names = self._numbers.keys() | self._classes.keys()
        if name not in names and len(names) >= MAX_INPUTS:
            return
        kind = self._kinds.get(name)
        if kind != "categorical" and column.kinds & {int, float}:
            self._add(self._numbers, name, column.numeric())
        if kind == "categorical" or (kind is None and column.kinds & {str, bool}):
            found = column.categorical()
            known = self._categories.setdefault(name, {})
            table = np.full(len(found.values) + 1, np.nan)
            for code, value in enumerate(found.values):
                category = value[:MAX_CATEGORY_LENGTH]
                if category in known or len(known) < _MAX_CATEGORIES:
                    table[code] = known.setdefault(category, len(known))
            # The code -1 of a missing value reads the last entry.
            self._add(self._classes, name, table[found.codes])

    def _add(self, columns: dict[str, _Rows], name: str, values: Floats) -> None:
        columns.setdefault(name, _Rows()).add(values, self._errors.length)


class _Rows:
    """One column, in pieces as it came; NaN for the rows before, between and after them."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[Floats] = []

    def add(self, values: Floats, start: int) -> None:
        """Append values, the first of them being of row `start`."""
        if start > self.length:
            self._pieces.append(np.full(start - self.length, np.nan))
        self._pieces.append(values)
        self.length = start + len(values)

    def joined(self, length: int) -> Floats:
        """Return float64[length]."""
        self.add(np.empty(0), length)
        self._pieces = [np.concatenate(self._pieces)]
        return self._pieces[0]

    def halve(self) -> None:
        """Keep every second row."""
        self._pieces = [self.joined(self.length)[::2].copy()]
        self.length = len(self._pieces[0])
