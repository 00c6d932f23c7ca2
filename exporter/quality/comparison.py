"""Comparisons of two fields of a record: ``prediction_lower <= prediction``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from exporter.quality.fields import CLASSES, NUMBERS, split, values_of
from exporter.records import Floats, Mask, RecordBatch

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COMPARISON = re.compile(r"\s*(\S+)\s+(<=?|>=?|==|!=)\s+(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides, each a field or a number, and what must hold between them.

    There is nothing to it but what is written here: no text of the configuration is executed.

    Attributes
    ----------
    text
        As it was written, with single spaces.
    """

    text: str
    left: str | float
    operator: str
    right: str | float

    @classmethod
    def parse(cls, text: str) -> Comparison:
        """Read a comparison.

        Raises
        ------
        ValueError
            If it is none, names what no rule can be about, or compares two numbers.
        """
        match = _COMPARISON.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is no comparison; expected two fields or numbers with one of "
                f"{' '.join(_OPERATORS)} between them, set off by spaces"
            )
        left, right = _side(match[1]), _side(match[3])
        if isinstance(left, float) and isinstance(right, float):
            raise ValueError(f"{text!r} compares two numbers; expected a field")  # noqa: TRY004
        return cls(" ".join(match.groups()), left, match[2], right)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are compared."""
        return tuple(side for side in (self.left, self.right) if isinstance(side, str))

    def broken(self, batch: RecordBatch) -> Mask | None:
        """Return bool[n], both sides are finite numbers for which it does not hold.

        ``None`` if that is so for no record.
        """
        left, right = _numbers(batch, self.left), _numbers(batch, self.right)
        broken: Mask = ~_OPERATORS[self.operator](left, right)
        if not broken.any():
            return None
        # A missing value is for other rules.
        broken &= np.isfinite(left) & np.isfinite(right)
        return broken if broken.any() else None


def _side(text: str) -> str | float:
    try:
        number = float(text)
    except ValueError:
        if split(text) is None and text in CLASSES and text not in NUMBERS:
            raise ValueError(f"{text} holds no number; only numbers can be compared") from None
        return text
    if not np.isfinite(number):
        raise ValueError(f"{text} is no number to compare with")
    return number


def _numbers(batch: RecordBatch, side: str | float) -> Floats:
    if isinstance(side, float):
        return np.array([side])
    return values_of(batch, side).numbers()
