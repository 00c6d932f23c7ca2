"""Which of many 64-bit numbers came before, among the latest of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.records import Mask
from exporter.storage.rows import Rows

SEGMENT = 4096
"""Numbers that are forgotten, and stored, together."""


class Recent(Rows):
    """Remembers the latest distinct numbers, exactly and in the order in which they came.

    Memory is bounded by the number remembered. Stored as a row for each segment, of which only the
    newest changes: a commit writes 8 bytes for each new number.

    Parameters
    ----------
    capacity
        Least number remembered; up to :data:`SEGMENT` more are.
    """

    def __init__(self, capacity: int) -> None:
        self._segments_kept = -(-capacity // SEGMENT)
        self._known: set[int] = set()
        self._open: list[int] = []
        self._closed: deque[tuple[int, NDArray[np.uint64]]] = deque()
        self._number = 0

    def __len__(self) -> int:
        return len(self._known)

    def repeated(self, numbers: NDArray[np.uint64]) -> Mask | None:
        """Return bool[n], the numbers that are remembered or came before in the array itself.

        ``None`` if none did. All of them are remembered from now on.
        """
        listed: list[int] = numbers.tolist()
        fresh = set(listed)
        if len(fresh) == len(listed) and self._known.isdisjoint(fresh):
            self._remember(listed)
            return None
        again = np.zeros(len(listed), dtype=bool)
        first: dict[int, None] = {}
        for position, number in enumerate(listed):
            if number in first or number in self._known:
                again[position] = True
            else:
                first[number] = None
        self._remember(list(first))
        return again

    def _remember(self, numbers: Sequence[int]) -> None:
        self._known.update(numbers)
        self._open += numbers
        while len(self._open) >= SEGMENT:
            full, self._open = self._open[:SEGMENT], self._open[SEGMENT:]
            self._closed.append((self._number, np.array(full, dtype=np.uint64)))
            self._number += 1
        while len(self._closed) > self._segments_kept:
            _, oldest = self._closed.popleft()
            self._known.difference_update(oldest.tolist())

    def versions(self) -> Mapping[str, int]:
        """Return for each segment how many numbers it holds: it only grows."""
        held = {str(number): SEGMENT for number, _ in self._closed}
        return {**held, str(self._number): len(self._open)} if self._open else held

    def value(self, key: str) -> NDArray[np.uint64]:
        """Return the numbers of a segment."""
        for number, segment in self._closed:
            if str(number) == key:
                return segment
        return np.array(self._open, dtype=np.uint64)

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what was stored; of more than the capacity the latest."""
        self._known.clear()
        self._open.clear()
        self._closed.clear()
        for number in sorted(map(int, state)):
            self._number = number
            self._remember(np.asarray(state[str(number)], dtype=np.uint64).tolist())
