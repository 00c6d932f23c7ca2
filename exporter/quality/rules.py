"""Rules that the values of a field keep or break, one value at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from exporter.bounded_search import BoundedPattern, PatternTimeoutError
from exporter.quality.fields import Logged, Values, split
from exporter.records import Categorical, Mask, class_name

if TYPE_CHECKING:
    from exporter.config.rules import FieldRules

TYPES: dict[str, frozenset[type]] = {
    "number": frozenset({int, float}),
    "integer": frozenset({int, float}),
    "text": frozenset({str}),
    "boolean": frozenset({bool}),
}

MAX_MATCHED = 4096
"""Characters of the longest text that can match an expression."""


class Rule(Protocol):
    """One thing that a value must be."""

    @property
    def name(self) -> str:
        """The value of the label `rule`."""

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the records that break it; ``None`` if none does."""


@dataclass(frozen=True, slots=True)
class Required:
    """There is a value; null is none."""

    name = "required"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the records without a value; ``None`` if there is none."""
        return _any(values.missing())


@dataclass(frozen=True, slots=True)
class OfType:
    """A value is of a type.

    Attributes
    ----------
    type
        One of :data:`TYPES`.
    """

    type: str

    name = "type"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the values of another type; ``None`` if there is none."""
        wrong = values.mistyped(TYPES[self.type])
        if self.type == "integer":
            numbers = values.numbers()
            fractional = np.isfinite(numbers) & (numbers != np.floor(numbers))
            wrong = fractional if wrong is None else wrong | fractional
        return _any(wrong)


@dataclass(frozen=True, slots=True)
class Finite:
    """A number is not NaN, not infinite, and fits into a double."""

    name = "finite"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the numbers that can't be used; ``None`` if there is none."""
        return values.not_finite() if isinstance(values, Logged) else None


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number is not below a limit."""

    limit: float

    name = "min"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the numbers below the limit; ``None`` if there is none."""
        numbers = values.numbers()
        return _any((numbers < self.limit) & (numbers != -np.inf))


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number is not above a limit."""

    limit: float

    name = "max"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the numbers above the limit; ``None`` if there is none."""
        numbers = values.numbers()
        return _any((numbers > self.limit) & (numbers != np.inf))


@dataclass(frozen=True, slots=True)
class OneOf:
    """A class is one of those that are known; any other is a new category."""

    allowed: frozenset[str]

    name = "allowed"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the new categories; ``None`` if there is none."""
        column = values.classes()
        return _of_values(column, [value not in self.allowed for value in column.values])


@dataclass(frozen=True, slots=True)
class Matches:
    """A text matches an expression from its beginning to its end.

    A very long one does not, and neither does one that takes too long to say.
    """

    pattern: BoundedPattern

    name = "pattern"

    def broken(self, values: Values) -> Mask | None:
        """Return bool[n], the texts that do not match; ``None`` if there is none."""
        column = values.classes()
        return _of_values(column, [not self._matches(value) for value in column.values])

    def _matches(self, value: str) -> bool:
        try:
            return len(value) <= MAX_MATCHED and self.pattern.matches(value)
        except PatternTimeoutError:
            return False


def rules_of(path: str, settings: FieldRules) -> Iterator[Rule]:
    """Yield the rules of a field; that a value is unique is told from records in a row.

    A number must be finite wherever one is expected. Where the parser expects one it has seen to
    that itself.
    """
    if settings.required:
        yield Required()
    ranged = settings.min is not None or settings.max is not None
    if split(path) is not None:
        expected = settings.type or ("number" if ranged else None)
        if expected is not None:
            # What is no number keeps no limit.
            yield OfType(expected)
        if expected in ("number", "integer"):
            yield Finite()
    if settings.min is not None:
        yield AtLeast(settings.min)
    if settings.max is not None:
        yield AtMost(settings.max)
    if settings.allowed is not None:
        names = (class_name(value) for value in settings.allowed)
        yield OneOf(frozenset(name for name in names if name is not None))
    if settings.pattern is not None:
        yield Matches(BoundedPattern(settings.pattern))


def _of_values(column: Categorical, broken: list[bool]) -> Mask | None:
    if not any(broken):
        return None
    # The code -1 of a missing value reads the last entry.
    mask: Mask = np.array([*broken, False])[column.codes]
    return _any(mask)


def _any(mask: Mask | None) -> Mask | None:
    return mask if mask is not None and mask.any() else None
