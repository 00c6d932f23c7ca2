"""Events that wait for their counterpart: predictions for a label, or labels for a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.joining.columns import Columns, concatenate
from exporter.joining.keys import KeyIndex, Keys, Places
from exporter.storage.rows import Rows

BLOCK = 1024
"""Events after which a block is closed: a commit writes the open one, and what is new."""
_ROW_BITS = 24
_ROW_MASK = (1 << _ROW_BITS) - 1


class Waiting(Rows):
    """Events in the order of their arrival, found by key, each of which can be met once.

    Stored as two rows for each block: its columns, which never change once it is closed, and one
    bit for each event that was met. Events that were met stay until they are too old: what comes
    for them again is known for a duplicate.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, tuple[Columns, NDArray[np.bool_]]] = {}
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
        met = np.zeros(len(places), dtype=bool)
        for number, rows in _by_block(places):
            met[rows] = self._blocks[number][1][places[rows] & _ROW_MASK]
        return met

    def meet(self, places: Places) -> Columns:
        """Mark events that wait, each place once, as met; return what is remembered of them."""
        found: list[Columns] = []
        order: list[NDArray[np.intp]] = []
        for number, rows in _by_block(places):
            columns, met = self._blocks[number]
            inside = places[rows] & _ROW_MASK
            met[inside] = True
            found.append(columns.take(inside))
            order.append(rows)
        self.unmet -= len(places)
        return concatenate(found).take(np.argsort(np.concatenate(order)))

    def add(self, columns: Columns, met: NDArray[np.bool_]) -> None:
        """Remember events whose keys are not known yet."""
        if not len(columns):
            return
        number = max(self._next - 1, 0)
        before = 0
        merged, bits = columns, met.copy()
        if number in self._blocks and len(self._blocks[number][0]) < BLOCK:
            opened, open_bits = self._blocks[number]
            before = len(opened)
            merged, bits = concatenate([opened, columns]), np.concatenate([open_bits, met])
        else:
            number = self._next
            self._next += 1
        self._blocks[number] = merged, bits
        self._index.add(columns.keys, _places(number, before, len(columns)))
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
        while self._blocks:
            number = next(iter(self._blocks))
            columns, met = self._blocks[number]
            if self.remembered <= most and columns.time.max() >= before:
                break
            del self._blocks[number]
            self.remembered -= len(columns)
            gone += int((~met).sum())
            self._index.first = (number + 1) << _ROW_BITS
        self.unmet -= gone
        return gone

    def older(self, before: float) -> int:
        """Return how many events wait that are older than `before`, Unix seconds."""
        return sum(
            int(((columns.time < before) & ~met).sum()) for columns, met in self._blocks.values()
        )

    def versions(self) -> Mapping[str, int]:
        """Return for columns and bits of each block a number that grows with every change."""
        versions: dict[str, int] = {}
        for number, (columns, met) in self._blocks.items():
            versions[str(number)] = len(columns)
            versions[f"met {number}"] = len(columns) << 32 | int(met.sum())
        return versions

    def value(self, key: str) -> Any:
        """Return the columns of a block, or its bits."""
        kind, _, number = key.rpartition(" ")
        columns, met = self._blocks[int(number)]
        return np.packbits(met) if kind else columns.dump()

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"next": self._next, "blocks": self}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._blocks, self._index = {}, KeyIndex()
        self.remembered = self.unmet = 0
        self._next = int(state["next"])
        stored = state["blocks"]
        for number in sorted(int(key) for key in stored if " " not in key):
            columns = Columns.load(stored[str(number)])
            met = np.unpackbits(stored[f"met {number}"], count=len(columns)).astype(bool)
            self._blocks[number] = columns, met
            self._index.add(columns.keys, _places(number, 0, len(columns)))
            self.remembered += len(columns)
            self.unmet += int((~met).sum())


def _places(number: int, before: int, count: int) -> Places:
    return (number << _ROW_BITS) + np.arange(before, before + count, dtype=np.int64)


def _by_block(places: Places) -> list[tuple[int, NDArray[np.intp]]]:
    numbers = places >> _ROW_BITS
    return [(int(number), np.flatnonzero(numbers == number)) for number in np.unique(numbers)]
