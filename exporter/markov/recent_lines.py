"""The last lines of a source as they were read, for whoever is to look at an anomaly."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_LINES = 8192
"""Kept at least: a line is scored some thousand others later at the latest."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is.

    Attributes
    ----------
    file
        Its name.
    number
        Of the line in the file, from 1.
    line
        As it was read.
    """

    file: str
    number: int
    line: bytes


@dataclass(frozen=True, slots=True)
class _Block:
    first: int
    rows: NDArray[np.intp]
    lines: Sequence[bytes]
    file: str
    first_number: int


class RecentLines:
    """Lines by their position among the messages of a source."""

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque()
        self._next = 0

    def add(
        self,
        first: int,
        rows: NDArray[np.intp],
        lines: Sequence[bytes],
        file: str = "",
        first_number: int = 1,
    ) -> None:
        """Take in a block.

        Parameters
        ----------
        first
            Position of its first message.
        rows
            int[n], which of `lines` each message is.
        lines
            As they were read.
        file, first_number
            Where they are from, and the number of the first of `lines` there.
        """
        self._blocks.append(_Block(first, rows, lines, file, first_number))
        self._next = first + len(rows)
        while len(self._blocks) > 1 and self._next - self._blocks[1].first >= MIN_LINES:
            self._blocks.popleft()

    def find(self, position: int) -> Place | None:
        """Return a line; ``None`` if it is not here any more."""
        for block in reversed(self._blocks):
            if position >= block.first:
                if position - block.first >= len(block.rows):
                    return None
                row = int(block.rows[position - block.first])
                return Place(block.file, block.first_number + row, block.lines[row])
        return None

    def around(self, position: int, lines: int) -> list[bytes]:
        """Return the lines from `lines` before to `lines` after a position, as far as known."""
        places = map(self.find, range(position - lines, position + lines + 1))
        return [place.line for place in places if place is not None]
