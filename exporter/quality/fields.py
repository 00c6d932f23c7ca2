"""Fields that a rule can name, and their values in a batch.

A path is a field of the record schema, or ``features.NAME``, ``slice.NAME``, ``attributions.NAME``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from exporter.parsing.fields import (
    FEATURES,
    MAPS,
    OPTIONAL_CLASSES,
    OPTIONAL_FLAGS,
    REQUEST_ID,
)
from exporter.parsing.fields import OPTIONAL_NUMBERS as _OPTIONAL_NUMBERS
from exporter.records import Categorical, FeatureColumn, Floats, Mask, RecordBatch

PREDICTION = "prediction"
NUMBERS = (PREDICTION, "confidence", "latency_s", *_OPTIONAL_NUMBERS)
"""Fields that hold a number, a latency always in seconds."""
CLASSES = (PREDICTION, REQUEST_ID, "model_version", *OPTIONAL_CLASSES)
"""Fields that hold a text."""
PLAIN = tuple(dict.fromkeys((*NUMBERS, *OPTIONAL_FLAGS, *CLASSES)))

_NUMERIC = frozenset({int, float})


def split(path: str) -> tuple[str, str] | None:
    """Return the map and the name within it that a path leads to; ``None`` for a plain field.

    >>> split("features.net.income"), split("confidence")
    (('features', 'net.income'), None)

    Raises
    ------
    ValueError
        If no rule can be about it.
    """
    if path in PLAIN:
        return None
    parent, dot, name = path.partition(".")
    if parent in MAPS and dot and name:
        return parent, name
    known = ", ".join([*PLAIN, *(f"{parent}.NAME" for parent in MAPS)])
    raise ValueError(f"{path!r} is nothing that a rule can be about; known: {known}")


class Values(ABC):
    """The values of one field in a batch, in the ways that rules look at them."""

    @abstractmethod
    def numbers(self) -> Floats:
        """Return float64[n]; NaN for whatever is no number."""

    @abstractmethod
    def classes(self) -> Categorical:
        """Return the values as classes."""

    @abstractmethod
    def missing(self) -> Mask | None:
        """Return bool[n], absent or null; ``None`` if no record is."""

    @abstractmethod
    def mistyped(self, accepted: frozenset[type]) -> Mask | None:
        """Return bool[n], there but of another type; ``None`` if no record is."""

    @abstractmethod
    def show(self, row: int) -> Any:
        """Return the value of a record as it was logged, or as near to that as is known."""


class Logged(Values):
    """A feature, slice or attribution, as it was logged.

    Parameters
    ----------
    column
        Its column.
    """

    def __init__(self, column: FeatureColumn) -> None:
        self._column = column

    def numbers(self) -> Floats:
        """Return float64[n]; NaN for whatever is no number."""
        return self._column.numeric()

    def classes(self) -> Categorical:
        """Return the values as classes; NaN and infinity are none."""
        return self._column.categorical()

    def missing(self) -> Mask | None:
        """Return bool[n], absent or null; ``None`` if no record is."""
        return self._missing

    @cached_property
    def _all_finite(self) -> bool:
        """Whether there is a finite number in every record: much faster than a look at types."""
        raw = self._column.raw
        return not raw or (type(raw[0]) in _NUMERIC and bool(np.isfinite(self.numbers()).all()))

    @cached_property
    def _missing(self) -> Mask | None:
        if self._all_finite or type(None) not in self._column.kinds:
            return None
        return np.array([value is None for value in self._column.raw], dtype=bool)

    def mistyped(self, accepted: frozenset[type]) -> Mask | None:
        """Return bool[n], there but of another type; ``None`` if no record is."""
        fine = accepted | {type(None)}
        if accepted == _NUMERIC and self._all_finite:
            return None
        if self._column.kinds <= fine:
            return None
        return np.array([type(value) not in fine for value in self._column.raw], dtype=bool)

    def not_finite(self) -> Mask | None:
        """Return bool[n], a number but NaN, infinite or too large; ``None`` if no record is."""
        if self._all_finite:
            return None
        unusable = ~np.isfinite(self.numbers())
        if not self._column.kinds <= _NUMERIC:
            unusable &= np.array([type(value) in _NUMERIC for value in self._column.raw], bool)
        return unusable if unusable.any() else None

    def show(self, row: int) -> Any:
        """Return the value of a record as it was logged."""
        return self._column.raw[row]


class Checked(Values):
    """A field of the record schema, whose type the parser has seen to.

    Parameters
    ----------
    numbers
        float64[n], ``None`` if the field holds none.
    classes
        Its classes, ``None`` if the field holds none.
    """

    def __init__(self, numbers: Floats | None, classes: Categorical | None, length: int) -> None:
        self._numbers = np.full(length, np.nan) if numbers is None else numbers
        self._classes = Categorical.empty(length) if classes is None else classes

    def numbers(self) -> Floats:
        """Return float64[n]; NaN where there is none."""
        return self._numbers

    def classes(self) -> Categorical:
        """Return the values as classes."""
        return self._classes

    def missing(self) -> Mask | None:
        """Return bool[n], without a usable value."""
        return np.isnan(self._numbers) & (self._classes.codes < 0)

    def mistyped(self, accepted: frozenset[type]) -> Mask | None:  # noqa: ARG002
        """Return ``None``: what had another type was dropped by the parser, and counted."""
        return None

    def show(self, row: int) -> Any:
        """Return the class, or else the number."""
        code = int(self._classes.codes[row])
        if code >= 0:
            return self._classes.values[code]
        number = float(self._numbers[row])
        return None if np.isnan(number) else number


def values_of(batch: RecordBatch, path: str) -> Values:
    """Return the values of a field, as :func:`split` knows it."""
    within = split(path)
    if within is not None:
        parent, name = within
        columns = batch.features if parent == FEATURES else batch.maps.get(parent, {})
        column = columns.get(name)
        raw: Sequence[Any] = () if column is None else column.raw
        if column is None or len(raw) != len(batch):
            column = FeatureColumn([None] * len(batch))
        return Logged(column)
    return Checked(*_plain(batch, path), len(batch))


def _plain(batch: RecordBatch, field: str) -> tuple[Floats | None, Categorical | None]:
    if field == PREDICTION:
        return batch.prediction_value, batch.prediction
    if field == "confidence":
        return batch.confidence, None
    if field == "latency_s":
        return batch.latency, None
    if field == "model_version":
        return None, batch.version
    if field == REQUEST_ID:
        return None, None if batch.request_id is None else Categorical.encode(batch.request_id)
    return batch.numbers.get(field), batch.classes.get(field)
