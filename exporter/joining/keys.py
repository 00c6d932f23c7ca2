"""Where the 64-bit key of each request id is.

Two of 10 million ids share a key with a probability of 3e-6 (birthday bound).
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from exporter.hashing import Hashes

Keys = Hashes
Places = NDArray[np.int64]
_Short = NDArray[np.uint32]

SPILL = 65_536
"""New keys that lie together before they go to shelves."""
_SHELF_BITS = 6
_SHELVES = 1 << _SHELF_BITS
_SHELF_SHIFT = np.uint64(64 - _SHELF_BITS)
_LAST_BITS = 0xFFFFFFFF
_GONE = np.uint32(1 << 31)
_LARGE = 1 << 18
_Number = TypeVar("_Number", np.uint32, np.uint64)


class KeyIndex:
    """Finds the place of keys, in 12 bytes for each.

    New keys are in a few sorted arrays, small ones merged into larger ones. Once there are many,
    they go to shelves by their first bits: merging there takes little memory beside.

    Places only grow. Those below :attr:`first` are gone, and are forgotten as arrays are merged;
    all that are not lie within 2^31 of each other.
    """

    def __init__(self, spill: int = SPILL) -> None:
        self._spill = spill
        self._recent = _Runs()
        self._shelves = [_Runs() for _ in range(_SHELVES)]
        self.first = 0

    def __len__(self) -> int:
        return len(self._recent) + sum(map(len, self._shelves))

    def add(self, keys: Keys, places: Places) -> None:
        """Add uint64[n] keys, each of them once and none that is found already."""
        if not len(keys):
            return
        self._recent.add(keys, places.astype(np.uint32), self.first)
        if len(self._recent) < self._spill:
            return
        keys, short = self._recent.merged(self.first)
        self._recent = _Runs()
        edges = np.searchsorted(keys >> _SHELF_SHIFT, np.arange(_SHELVES + 1, dtype=np.uint64))
        for shelf, start, end in zip(self._shelves, edges[:-1], edges[1:], strict=True):
            # A copy: what is left of a view would keep all of it.
            shelf.add(keys[start:end].copy(), short[start:end].copy(), self.first)

    def find(self, keys: Keys) -> Places:
        """Return int64[n], the place of each key, -1 where there is none."""
        found = np.full(len(keys), -1, dtype=np.int64)
        if not len(keys):
            return found
        self._recent.find(keys, slice(None), found, self.first)
        if any(self._shelves):
            order = np.argsort(keys)
            shelves = (keys[order] >> _SHELF_SHIFT).astype(np.int64)
            edges = np.flatnonzero(np.diff(shelves, prepend=-1, append=_SHELVES))
            for start, end in pairwise(edges.tolist()):
                rows = order[start:end]
                self._shelves[shelves[start]].find(keys[rows], rows, found, self.first)
        return found


class _Runs:
    """Sorted arrays of keys with the last 32 bits of their places."""

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, _Short]] = []

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._runs)

    def add(self, keys: Keys, places: _Short, first: int) -> None:
        """Add keys, and merge arrays until each is twice as long as the next."""
        order = np.argsort(keys)
        self._runs.append((keys[order], places[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < 2 * len(self._runs[-1][0]):
            newer, older = self._runs.pop(), self._runs.pop()
            self._runs.append(_merged([older, newer], first))

    def merged(self, first: int) -> tuple[Keys, _Short]:
        """Return all keys and places in one array each."""
        return _merged(self._runs, first)

    def find(self, keys: Keys, rows: NDArray[np.intp] | slice, found: Places, first: int) -> None:
        """Put the places of keys into some rows of `found`."""
        for known, places in self._runs:
            if not len(known):
                continue
            at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            since = places[at] - np.uint32(first & _LAST_BITS)
            hit = (known[at] == keys) & (since < _GONE)
            if hit.any():
                mine = found[rows]
                mine[hit] = since[hit].astype(np.int64) + first
                found[rows] = mine


def _merged(runs: Sequence[tuple[Keys, _Short]], first: int) -> tuple[Keys, _Short]:
    keys, places = (np.concatenate(each) for each in zip(*runs, strict=True))
    # Sorting by merging what is in order already takes a third of the time.
    order = np.argsort(keys, kind="stable")
    order = order[places[order] - np.uint32(first & _LAST_BITS) < _GONE]
    return _apart(keys[order]), _apart(places[order])


def _apart(values: NDArray[_Number]) -> NDArray[_Number]:
    """Return a copy in pages of its own, which go back to the system with it.

    On the heap what large arrays leave behind when they are merged is never quite filled again.
    """
    if values.nbytes < _LARGE:
        return values
    pages = np.frombuffer(mmap.mmap(-1, values.nbytes), dtype=values.dtype)
    pages[:] = values
    return pages
