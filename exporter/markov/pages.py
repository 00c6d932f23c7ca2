"""Long tables that are stored a page at a time, so that a commit writes what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.storage.rows import Rows

_PAGE_BITS = 8
PAGE = 1 << _PAGE_BITS
"""Entries of a page."""


class Pages(Rows):
    """The pages of a table that grows at its end.

    Parameters
    ----------
    length
        Returns how many entries the table has.
    read
        Returns what is to be stored of some of them.
    """

    def __init__(self, length: Callable[[], int], read: Callable[[slice], Any]) -> None:
        self._length = length
        self._read = read
        self._changes = 0
        self._changed = np.zeros(16, dtype=np.int64)

    def touch(self, places: NDArray[np.intp]) -> None:
        """Note that some entries changed."""
        if not len(places):
            return
        pages = np.unique(places >> _PAGE_BITS)
        if pages[-1] >= len(self._changed):
            room = np.zeros(2 * int(pages[-1]) + 2 - len(self._changed), dtype=np.int64)
            self._changed = np.append(self._changed, room)
        self._changes += 1
        self._changed[pages] = self._changes

    def touch_all(self) -> None:
        """Note that all entries are at other places."""
        self.touch(np.arange(0, max(self._length(), 1), PAGE))

    def versions(self) -> Mapping[str, int]:
        """Return for each page the number of its last change."""
        pages = -(-self._length() // PAGE)
        return {str(page): version for page, version in enumerate(self._changed[:pages].tolist())}

    def value(self, key: str) -> Any:
        """Return what is to be stored of a page."""
        begin = int(key) << _PAGE_BITS
        return self._read(slice(begin, min(begin + PAGE, self._length())))


def in_order(pages: Mapping[str, Any]) -> list[Any]:
    """Return stored pages in their order."""
    return [pages[key] for key in sorted(pages, key=int)]
