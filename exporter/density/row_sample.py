"""Whole records of a log whose length nobody knows, in their order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from exporter.hashing import mixed
from exporter.records import Floats

MAX_ROWS = 20_000
MAX_COLUMNS = 64
"""Columns that appear when there are so many are left out."""
_SEED = np.uint64(20180101)


class RowSample:
    """Keeps the first records, and of all a share of 1 / 2^k, k as small as capacity allows.

    What is kept depends on the log alone, not on how it was cut into batches. A hash of a record's
    number chooses: every 2^k-th of a log in which two models take turns were always the same one.

    Parameters
    ----------
    capacity
        How many of the first are kept, and how many of all.
    """

    def __init__(self, capacity: int = MAX_ROWS) -> None:
        self._capacity = capacity
        self._step = 1
        self.seen = 0
        """Records so far."""
        self._chosen = 0
        self._positions: list[NDArray[np.int64]] = []
        self._pieces: list[dict[str, Floats]] = []
        self._names: dict[str, None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that occur, in order of their appearance."""
        return tuple(self._names)

    def add(self, columns: Mapping[str, Floats], length: int) -> None:
        """Add records: float64[length] by name; NaN in columns that are not there."""
        for name in columns:
            if len(self._names) < MAX_COLUMNS:
                self._names.setdefault(name)
        positions = np.arange(self.seen, self.seen + length)
        self.seen += length
        while self._chosen + int(self._even(positions).sum()) > self._capacity:
            self._step *= 2
            self._chosen = int(self._even(self.positions()).sum())
            self._thin()
        even = self._even(positions)
        self._chosen += int(even.sum())
        keep = even | (positions < self._capacity)
        if keep.any():
            self._positions.append(positions[keep])
            self._pieces.append(
                {name: values[keep] for name, values in columns.items() if name in self._names}
            )

    def _even(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        hashes = mixed(positions.astype(np.uint64) + _SEED)
        chosen: NDArray[np.bool_] = hashes % np.uint64(self._step) == 0
        return chosen

    def _thin(self) -> None:
        masks = [self._even(one) | (one < self._capacity) for one in self._positions]
        self._pieces = [
            {name: values[mask] for name, values in piece.items()}
            for piece, mask in zip(self._pieces, masks, strict=True)
            if mask.any()
        ]
        pairs = zip(self._positions, masks, strict=True)
        self._positions = [one[mask] for one, mask in pairs if mask.any()]

    def evenly(self) -> NDArray[np.intp]:
        """Return the rows, of those kept, that are spread evenly over all records."""
        return np.flatnonzero(self._even(self.positions()))

    def first(self) -> NDArray[np.intp]:
        """Return the rows, of those kept, that are the first records without a gap."""
        return np.flatnonzero(self.positions() < self._capacity)

    def positions(self) -> NDArray[np.int64]:
        """Return int64[rows], ascending: the number of each record that is kept, from 0."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self._positions])

    def column(self, name: str) -> Floats:
        """Return float64[rows], NaN where a record has no value."""
        absent = np.full(1, np.nan)
        pieces = [
            piece.get(name, np.broadcast_to(absent, positions.shape))
            for piece, positions in zip(self._pieces, self._positions, strict=True)
        ]
        return np.concatenate([np.empty(0), *pieces])
