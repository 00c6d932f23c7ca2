"""Events in the order of their arrival: closed blocks in storage, an open one in memory."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from exporter.joining.columns import Columns, concatenate
from exporter.storage.rows import Archive, ArchivedRows, LostError, ReadKey, Rows

logger = logging.getLogger(__name__)

BLOCK_BITS = 10
BLOCK = 1 << BLOCK_BITS
"""Events of a closed block."""
CACHED = 64
"""Blocks from storage that are kept in memory, since more is wanted of them."""


class ClosedBlocks(Archive):
    """Blocks of :data:`BLOCK` events each, by number; they never change.

    In memory are those that are not stored yet and some that were read of late; of all others
    nothing but the times between which their events lie.
    """

    def __init__(self) -> None:
        self._spans: dict[int, tuple[float, float]] = {}
        self._fresh: dict[int, Columns] = {}
        self._recent: OrderedDict[int, Columns] = OrderedDict()
        self._read: ReadKey = _nowhere
        self._lost: set[int] = set()

    def __len__(self) -> int:
        return len(self._spans)

    def append(self, number: int, columns: Columns) -> None:
        """Add a block whose number is higher than all before."""
        self._spans[number] = _span(columns)
        self._fresh[number] = columns

    def columns(self, number: int) -> Columns | None:
        """Return the events of a block; ``None`` if they can't be read from storage now."""
        found = self._fresh.get(number)
        if found is not None:
            return found
        found = self._recent.get(number)
        if found is not None:
            self._recent.move_to_end(number)
            return found
        try:
            found = Columns.load(self._read(str(number)))
        except (LostError, KeyError, TypeError, ValueError) as error:
            if number not in self._lost:
                logger.error("what waits for ground truth can't be read: %s", error)  # noqa: TRY400
                self._lost.add(number)
            return None
        self._lost.discard(number)
        self._recent[number] = found
        if len(self._recent) > CACHED:
            self._recent.popitem(last=False)
        return found

    def spans(self) -> Iterator[tuple[int, float, float]]:
        """Yield each block, oldest first: its number, and its oldest and newest event's time."""
        for number, (oldest, newest) in self._spans.items():
            yield number, oldest, newest

    def drop(self, number: int) -> None:
        """Forget a block."""
        del self._spans[number]
        self._fresh.pop(number, None)
        self._recent.pop(number, None)
        self._lost.discard(number)

    def existing(self) -> Collection[str]:
        """Return the numbers of all blocks."""
        return {str(number) for number in self._spans}

    def fresh(self) -> Collection[str]:
        """Return the numbers of blocks that are not stored yet."""
        return [str(number) for number in self._fresh]

    def value(self, key: str) -> Any:
        """Return what is stored of a block."""
        number = int(key)
        return self._fresh[number].dump() if number in self._fresh else self._read(key)

    def stored(self, keys: Collection[str], read: ReadKey) -> None:
        """Take in that blocks are in storage: they are read from there from now on."""
        self._read = read
        for number in map(int, keys):
            columns = self._fresh.pop(number, None)
            if columns is not None:
                self._recent[number] = columns
        while len(self._recent) > CACHED:
            self._recent.popitem(last=False)

    def load(self, rows: Mapping[str, Any] | ArchivedRows) -> Iterator[tuple[int, Columns]]:
        """Restore what was stored; yield each block once, lowest number first.

        Only of an object that is new. A plain map is kept in memory until it is stored.
        """
        if isinstance(rows, ArchivedRows):
            self._read = rows.read
        for number in sorted(map(int, rows.keys if isinstance(rows, ArchivedRows) else rows)):
            if isinstance(rows, ArchivedRows):
                columns = Columns.load(rows.read(str(number)))
            else:
                columns = self._fresh[number] = Columns.load(rows[str(number)])
            self._spans[number] = _span(columns)
            yield number, columns


def _nowhere(key: str) -> Any:
    raise LostError(f"{key} was never stored")


class OpenBlock(Rows):
    """The last events, until there are enough for a block."""

    def __init__(self) -> None:
        self.columns: Columns | None = None
        self._changes = 0

    def __len__(self) -> int:
        return 0 if self.columns is None else len(self.columns)

    def extend(self, columns: Columns) -> list[Columns]:
        """Add events, at least one; return the blocks that became full, and begin a new one."""
        events = columns if self.columns is None else concatenate([self.columns, columns])
        whole = len(events) - len(events) % BLOCK
        full = [events.take(np.arange(start, start + BLOCK)) for start in range(0, whole, BLOCK)]
        rest = np.arange(whole, len(events))
        self.load(events.take(rest) if full and len(rest) else None if full else events)
        return full

    def load(self, columns: Columns | None) -> None:
        """Replace the events."""
        self.columns = columns
        self._changes += 1

    def versions(self) -> Mapping[str, int]:
        """Return a number that grows with every change; nothing while there are no events."""
        return {} if self.columns is None else {"open": self._changes}

    def value(self, key: str) -> Any:  # noqa: ARG002
        """Return what is stored of the events."""
        return None if self.columns is None else self.columns.dump()


def _span(columns: Columns) -> tuple[float, float]:
    return float(columns.time.min()), float(columns.time.max())
