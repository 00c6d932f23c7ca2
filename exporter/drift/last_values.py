"""The last values of a stream, in the order of reading."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from exporter.records import Floats
from exporter.storage.rows import Rows

CAPACITY = 10_000
BLOCK = 500
_LARGEST = 1e70
"""Larger ones are kept as this: tests square variances, which must stay finite."""


def bounded(values: Floats) -> Floats:
    """Return values none of which is too large to be squared twice."""
    found: Floats = np.clip(values, -_LARGEST, _LARGEST)
    return found


@dataclass(frozen=True, slots=True)
class View:
    """An immutable copy.

    Attributes
    ----------
    blocks
        Values in their order; the first ones may be too old.
    """

    blocks: tuple[Floats, ...]

    @property
    def values(self) -> Floats:
        """float64[<= 10,000], the oldest one first."""
        joined = np.concatenate((np.empty(0), *self.blocks))
        return joined[max(0, len(joined) - CAPACITY) :]


class LastValues(Rows):
    """Keeps the last 10,000 numbers, 8 bytes each: single precision would part equal values.

    They lie in blocks of 500, which never change once they are full: copies share them, and they
    are stored once. Stored as a row for each block, by its number.
    """

    def __init__(self) -> None:
        self._full: deque[Floats] = deque(maxlen=CAPACITY // BLOCK)
        self._done = 0
        self._open = np.empty(BLOCK)
        self._filled = 0
        # Whatever is loaded is another value of the same row.
        self._loads = 0
        self._view: View | None = None

    def add(self, values: Floats) -> None:
        """Append finite float64[n]."""
        if not len(values):
            return
        self._view = None
        values = bounded(values)
        start = 0
        while start < len(values):
            taken = values[start : start + BLOCK - self._filled]
            self._open[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            start += len(taken)
            if self._filled == BLOCK:
                self._full.append(self._open)
                self._done += 1
                self._open, self._filled = np.empty(BLOCK), 0

    def view(self) -> View:
        """Return an immutable copy; the same one until something is added."""
        if self._view is None:
            self._view = View((*self._full, self._open[: self._filled].copy()))
        return self._view

    def versions(self) -> Mapping[str, int]:
        """Return for each block how many values it holds, which only grow."""
        first, base = self._done - len(self._full), self._loads * (BLOCK + 1)
        found = {str(number): base + BLOCK for number in range(first, self._done)}
        if self._filled:
            found[str(self._done)] = base + self._filled
        return found

    def value(self, key: str) -> Floats:
        """Return the values of a block."""
        at = int(key) - self._done
        return self._open[: self._filled].copy() if at == 0 else self._full[at]

    def load(self, state: Mapping[str, Floats]) -> None:
        """Restore what was stored.

        Raises
        ------
        ValueError
            If it is nothing of this kind.
        """
        numbers = sorted(map(int, state))
        stored = [np.asarray(state[str(number)], dtype=np.float64) for number in numbers]
        if any(block.ndim != 1 or not np.isfinite(block).all() for block in stored):
            raise ValueError("the last values are no lists of numbers")
        self._full.clear()
        self._done, self._filled = (numbers[0] if numbers else 0), 0
        self._open = np.empty(BLOCK)
        self._loads += 1
        self._view = None
        self.add(np.concatenate((np.empty(0), *stored)))
