"""Events that wait for their counterpart: predictions for a label, or labels for a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.joining.blocks import BLOCK, BLOCK_BITS, ClosedBlocks, OpenBlock
from exporter.joining.columns import Columns, concatenate
from exporter.joining.keys import KeyIndex, Keys, Places
from exporter.joining.marks import Marks, by_number


class Waiting:
    """Events in the order of their arrival, found by key, each of which can be met once.

    The place of an event is how many came before it. What is remembered of it is in storage as
    soon as its block is full; in memory is its key, its place, and whether it was met. Events that
    were met stay until they are too old: what comes for them again is known for a duplicate.
    """

    def __init__(self) -> None:
        self._closed = ClosedBlocks()
        self._open = OpenBlock()
        self._met = Marks()
        self._index = KeyIndex()
        self._next = 0
        self.remembered = 0
        """Events that are remembered, met or not."""
        self.unmet = 0
        """Those of them that still wait."""

    def find(self, keys: Keys) -> Places:
        """Return int64[n], the place of each key, -1 where there is none."""
        return self._index.find(keys)

    def met(self, places: Places) -> NDArray[np.bool_]:
        """Return bool[n], whether the events at these places were met."""
        return self._met.of(places)

    def meet(self, places: Places) -> tuple[NDArray[np.intp], Columns | None]:
        """Mark events that wait, each place once, as met; return what is remembered of them.

        Returns
        -------
        rows
            intp[m], which of the places these are: all, unless storage can't be read.
        columns
            Of m events, in the order of `rows`; ``None`` if there are none.
        """
        self._met.add(places)
        self.unmet -= len(places)
        found: list[Columns] = []
        order: list[NDArray[np.intp]] = []
        for number, rows in by_number(places >> BLOCK_BITS):
            columns = self._columns(number)
            if columns is not None:
                found.append(columns.take(places[rows] & (BLOCK - 1)))
                order.append(rows)
        if not found:
            return np.empty(0, dtype=np.intp), None
        at = np.concatenate(order)
        ascending = np.argsort(at)
        return at[ascending], concatenate(found).take(ascending)

    def _columns(self, number: int) -> Columns | None:
        if number == self._next >> BLOCK_BITS:
            return self._open.columns
        return self._closed.columns(number)

    def add(self, columns: Columns, met: NDArray[np.bool_]) -> None:
        """Remember events whose keys are not known yet."""
        if not len(columns):
            return
        places = self._next + np.arange(len(columns))
        number = self._next >> BLOCK_BITS
        for full in self._open.extend(columns):
            self._closed.append(number, full)
            number += 1
        self._next += len(columns)
        self._index.add(columns.keys, places)
        if met.any():
            self._met.add(places[met])
        self.remembered += len(columns)
        self.unmet += int((~met).sum())

    def drop(self, before: float, most: int) -> int:
        """Forget the oldest blocks; return how many of their events were never met.

        Parameters
        ----------
        before
            Unix seconds: blocks all of whose events are older go.
        most
            How many events may be remembered; blocks beyond that go.
        """
        gone = 0
        while self._closed:
            number, _, newest = next(self._closed.spans())
            if self.remembered <= most and newest >= before:
                break
            self._closed.drop(number)
            gone += self._forget(BLOCK, (number + 1) << BLOCK_BITS)
        last = self._open.columns
        if last is None or self._closed:
            return gone
        if self.remembered > most or float(last.time.max()) < before:
            self._open.load(None)
            # Their places are not used again: the next event begins a block.
            self._next = -(-self._next // BLOCK) * BLOCK
            gone += self._forget(len(last), self._next)
        return gone

    def _forget(self, events: int, first: int) -> int:
        """Forget the oldest events, so that `first` is the lowest place there is."""
        places = np.arange(self._index.first, self._index.first + events)
        unmet = int((~self._met.of(places)).sum())
        self._index.first = first
        self._met.drop(first)
        self.remembered -= events
        self.unmet -= unmet
        return unmet

    def older(self, before: float) -> int:
        """Return how many events wait that are older than `before`, Unix seconds."""
        count = 0
        for number, oldest, newest in self._closed.spans():
            if oldest >= before:
                continue
            columns = None if newest < before else self._closed.columns(number)
            count += self._unmet_before(number, BLOCK, columns, before)
        last = self._open.columns
        if last is not None:
            count += self._unmet_before(self._next >> BLOCK_BITS, len(last), last, before)
        return count

    def _unmet_before(self, number: int, size: int, columns: Columns | None, before: float) -> int:
        met = self._met.of((number << BLOCK_BITS) + np.arange(size))
        return int((~met if columns is None else ~met & (columns.time < before)).sum())

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "first": self._index.first,
            "next": self._next,
            "closed": self._closed,
            "open": self._open,
            "met": self._met,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._closed, self._open, self._met = ClosedBlocks(), OpenBlock(), Marks()
        self._index = KeyIndex()
        self._index.first, self._next = int(state["first"]), int(state["next"])
        self._met.load(state["met"])
        self.remembered = self.unmet = 0
        for number, columns in self._closed.load(state["closed"]):
            self._known(number, columns)
        for stored in state["open"].values():
            columns = Columns.load(stored)
            self._open.load(columns)
            self._known(self._next >> BLOCK_BITS, columns)

    def _known(self, number: int, columns: Columns) -> None:
        places = (number << BLOCK_BITS) + np.arange(len(columns))
        self._index.add(columns.keys, places)
        self.remembered += len(columns)
        self.unmet += int((~self._met.of(places)).sum())
