"""Counts of keys as they stood before each position of a stream, a whole block at a time.

A model that learns while it scores needs its counts as they were before every single line. Taken
line by line that is slow; here the lines of a block are looked at together, and still every answer
is the one that its line alone would have got, so that the cut into blocks changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.groups import Groups
from exporter.markov.pages import Pages, in_order

Integers = NDArray[np.int64]

_FIRST_ROOM = 1024


class Counted:
    """A block of keys that was counted, and what the counts were in between.

    Attributes
    ----------
    before
        int64[n], the count of each key before its position.
    """

    def __init__(self, tally: Tally, keys: Integers, at: Integers, length: int) -> None:
        groups = Groups(keys)
        order, first, group = groups.order, groups.first, groups.number
        self._tally = tally
        self._length = length
        self._first = first
        self._distinct = groups.keys
        # Group and position in one number: what lies below it in its group came before.
        self._stamps = group * length + at[order]
        self._base = tally.add(self._distinct, groups.sizes)
        self.before = np.empty(len(keys), dtype=np.int64)
        self.before[order] = self._base[group] + np.arange(len(keys)) - first[group]

    def ask(self, keys: Integers, when: Integers) -> Integers:
        """Return int64[m], the counts of other keys before some positions.

        To be asked before the tally counts the next block.

        Parameters
        ----------
        keys, when
            int64[m].
        """
        found = self._tally.of(keys)
        if len(keys) and len(self._distinct):
            near = np.minimum(np.searchsorted(self._distinct, keys), len(self._distinct) - 1)
            among = np.searchsorted(self._stamps, near * self._length + when) - self._first[near]
            here = self._distinct[near] == keys
            found = np.where(here, self._base[near] + among, found)
        return found


class Tally:
    """How often each key was counted.

    Parameters
    ----------
    capacity
        How many keys :meth:`trim` leaves.
    """

    def __init__(self, capacity: int = 1 << 20) -> None:
        self._capacity = capacity
        self._place: dict[int, int] = {}
        self._keys = np.zeros(_FIRST_ROOM, dtype=np.int64)
        self._counts = np.zeros(_FIRST_ROOM, dtype=np.int64)
        self._used = np.zeros(_FIRST_ROOM, dtype=np.int64)
        self._age = 0
        self._pages = Pages(self.__len__, self._page)
        self.forgotten = 0
        """Keys that there was no more room for."""

    def __len__(self) -> int:
        return len(self._place)

    def count(self, keys: Integers, at: Integers, length: int) -> Counted:
        """Count keys.

        Parameters
        ----------
        keys, at
            int64[n], what is counted, and at which position of the block. The positions of one key
            ascend.
        length
            Positions are below it.
        """
        return Counted(self, keys, at, length)

    def of(self, keys: Integers) -> Integers:
        """Return int64[n], the counts of keys."""
        found = map(self._place.get, keys.tolist(), repeat(-1))
        places = np.fromiter(found, np.intp, len(keys))
        return np.where(places < 0, 0, self._counts[places])

    def add(self, keys: Integers, counts: Integers) -> Integers:
        """Add counts, int64[n], of distinct keys; return int64[n], what they were before."""
        places = self._places(keys)
        before = self._counts[places]
        self._counts[places] += counts
        self._used[places] = self._age
        self._pages.touch(places)
        return before

    def _places(self, keys: Integers) -> NDArray[np.intp]:
        room = len(self._place) + len(keys)
        if room > len(self._counts):
            for name in ("_keys", "_counts", "_used"):
                old = getattr(self, name)
                setattr(self, name, np.append(old, np.zeros(2 * room - len(old), dtype=np.int64)))
        place = self._place
        places = np.fromiter(
            (place.setdefault(key, len(place)) for key in keys.tolist()), np.intp, len(keys)
        )
        self._keys[places] = keys
        return places

    def trim(self) -> tuple[Integers, Integers]:
        """Forget what was not counted for longest, an eighth at once, if there is too much.

        What was counted since the last call is of one age.

        Returns
        -------
        int64[n], int64[n]
            The forgotten keys, and their counts.
        """
        self._age += 1
        size = len(self._place)
        if size <= self._capacity:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        oldest = np.argsort(self._used[:size], kind="stable")
        gone = np.sort(oldest[: size - (self._capacity - self._capacity // 8)])
        lost = self._keys[gone], self._counts[gone]
        kept = size - len(gone)
        for name in ("_keys", "_counts", "_used"):
            array = getattr(self, name)
            array[:kept] = np.delete(array[:size], gone)
            array[kept:] = 0
        self._place = {key: place for place, key in enumerate(self._keys[:kept].tolist())}
        self.forgotten += len(gone)
        self._pages.touch_all()
        return lost

    def items(self) -> tuple[Integers, Integers]:
        """Return the keys and their counts, int64[len] each, in order of first appearance."""
        size = len(self._place)
        return self._keys[:size].copy(), self._counts[:size].copy()

    def _page(self, part: slice) -> dict[str, Any]:
        columns = {"keys": self._keys, "counts": self._counts, "used": self._used}
        return {name: column[part].copy() for name, column in columns.items()}

    def dump(self) -> dict[str, Any]:
        """Return the state for storage, a row for each page."""
        return {"pages": self._pages, "age": self._age, "forgotten": self.forgotten}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        pages = in_order(state["pages"])
        none = np.empty(0, dtype=np.int64)
        keys, counts, used = (
            np.concatenate([none, *(np.asarray(page[name]) for page in pages)])
            for name in ("keys", "counts", "used")
        )
        self._place = {}
        places = self._places(keys)
        self._counts[:] = 0
        self._counts[places] = counts
        self._used[places] = used
        self._age = int(state["age"])
        self.forgotten = int(state["forgotten"])
        self._pages.touch_all()
