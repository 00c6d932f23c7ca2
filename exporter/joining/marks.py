"""One bit for each place, stored in groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.joining.keys import Places
from exporter.storage.rows import Rows

_GROUP_BITS = 15
GROUP = 1 << _GROUP_BITS
"""Places whose bits are stored as one row of 4 KiB."""


class Marks(Rows):
    """Places that are marked, among those that were not dropped."""

    def __init__(self) -> None:
        self._groups: dict[int, NDArray[np.bool_]] = {}
        self._versions: dict[str, int] = {}
        self._changes = 0

    def add(self, places: Places) -> None:
        """Mark places."""
        self._changes += 1
        for number, rows in by_number(places >> _GROUP_BITS):
            group = self._groups.setdefault(number, np.zeros(GROUP, dtype=bool))
            group[places[rows] & (GROUP - 1)] = True
            self._versions[str(number)] = self._changes

    def of(self, places: Places) -> NDArray[np.bool_]:
        """Return bool[n], whether these places are marked."""
        marked = np.zeros(len(places), dtype=bool)
        for number, rows in by_number(places >> _GROUP_BITS):
            if number in self._groups:
                marked[rows] = self._groups[number][places[rows] & (GROUP - 1)]
        return marked

    def drop(self, before: int) -> None:
        """Forget groups all of whose places are below `before`."""
        for number in [each for each in self._groups if each + 1 <= before >> _GROUP_BITS]:
            del self._groups[number]
            del self._versions[str(number)]

    def versions(self) -> Mapping[str, int]:
        """Return for each group a number that grows with every change."""
        return self._versions.copy()

    def value(self, key: str) -> Any:
        """Return the bits of a group, eight to a byte."""
        return np.packbits(self._groups[int(key)])

    def load(self, stored: Mapping[str, Any]) -> None:
        """Restore what was stored."""
        self._groups = {
            int(key): np.unpackbits(bits, count=GROUP).astype(bool) for key, bits in stored.items()
        }
        self._changes += 1
        self._versions = dict.fromkeys(stored, self._changes)


def by_number(numbers: Places) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each number that occurs, ascending, with the rows that have it."""
    if not len(numbers):
        return
    if numbers[0] == numbers[-1] and (numbers == numbers[0]).all():
        yield int(numbers[0]), np.arange(len(numbers))
        return
    order = np.argsort(numbers, kind="stable")
    inner = np.flatnonzero(np.diff(numbers[order])) + 1
    for rows in np.split(order, inner):
        yield int(numbers[rows[0]]), rows
