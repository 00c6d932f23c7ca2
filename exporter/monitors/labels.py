"""Bounded label values: the first ones are admitted, all later ones are `other`, for good.

Nothing is folded or moved afterwards, since that would let counters fall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.records import Categorical

OTHER = "other"


class LabelValues:
    """The admitted values of one label, numbered from 0.

    Parameters
    ----------
    capacity
        How many values are admitted. One more number, `capacity`, stands for ``other``.
    known
        Values admitted from the start.
    grant
        Asked once for each further value; ``False`` makes the record's value ``other``.
    """

    def __init__(
        self, capacity: int, known: Iterable[str] = (), grant: Callable[[], bool] = lambda: True
    ) -> None:
        self.capacity = capacity
        self._grant = grant
        self.refused = 0
        """Records whose value was not admitted; 0 if there was none."""
        self._codes: dict[str, int] = {}
        for value in known:
            self._codes.setdefault(value, len(self._codes))

    @property
    def values(self) -> list[str]:
        """The admitted values in order of their numbers; without ``other``."""
        return list(self._codes)

    def numbered(self) -> list[tuple[int, str]]:
        """Return (number, label value) of the admitted values, and of ``other`` if it occurred."""
        named = list(enumerate(self._codes))
        return [*named, (self.capacity, OTHER)] if self.refused else named

    def _admit(self, value: str) -> int:
        if value == OTHER:
            return self.capacity
        code = self._codes.get(value)
        if code is None:
            if len(self._codes) >= self.capacity or not self._grant():
                return self.capacity
            code = self._codes[value] = len(self._codes)
        return code

    def encode(self, column: Categorical) -> NDArray[np.int64]:
        """Return int64[n]: the number of each record's value, `capacity` for other, -1 for none."""
        # Values are admitted in the order in which records carry them; those of records that
        # were filtered out of the batch are not.
        table = np.array([*(self._codes.get(value, -1) for value in column.values), -1])
        if (table[:-1] < 0).any():
            used = np.flatnonzero(np.bincount(column.codes + 1, minlength=1)[1:])
            for code in used.tolist():
                table[code] = self._admit(column.values[code])
        encoded: NDArray[np.int64] = table.take(column.codes)
        if (table == self.capacity).any():
            self.refused += int((encoded == self.capacity).sum())
        return encoded

    def merge(self, other: LabelValues) -> NDArray[np.int64]:
        """Admit the values of another one of the same capacity, whose records are added here.

        Returns
        -------
        int64[capacity + 1]
            For each number of the other one the number here.
        """
        numbers = np.arange(self.capacity + 1)
        for number, value in enumerate(other.values):
            numbers[number] = self._admit(value)
        # How many records a value had is not known here: it counts as one.
        admitted = numbers[: len(other.values)]
        self.refused += other.refused + int((admitted == self.capacity).sum())
        return numbers

    def dump(self) -> dict[str, object]:
        """Return the state for storage."""
        return {"values": self.values, "refused": self.refused}

    def load(self, values: Sequence[str], refused: int) -> None:
        """Restore the state.

        Raises
        ------
        ValueError
            If there are more values than the capacity.
        """
        if len(values) > self.capacity:
            raise ValueError(f"{len(values)} values are stored, only {self.capacity} fit")
        self._codes = {}
        for value in values:
            # Counts are stored by number, so that what was admitted keeps its number even where
            # the limit is lower now.
            self._grant()
            self._codes[value] = len(self._codes)
        self.refused = refused
