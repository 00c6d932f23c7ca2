"""Columns of different numbers of cells, side by side and below each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats


class Padding:
    """Makes a table of columns whose cells lie one behind the other.

    Parameters
    ----------
    sizes
        How many cells each column has.

    Attributes
    ----------
    cells
        Cells of all columns.
    starts
        int64[columns], where each begins.
    places
        int64[columns, most cells], where each cell lies; behind those of a column, and behind all,
        that of an empty one.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        starts = np.cumsum([0, *sizes])
        self.cells = int(starts[-1])
        self.starts: NDArray[np.int64] = starts[:-1]
        self.places = np.full((len(sizes), max(sizes, default=0)), self.cells)
        for at, size in enumerate(sizes):
            self.places[at, :size] = np.arange(starts[at], starts[at + 1])

    def rows(self, values: NDArray[np.number]) -> Floats:
        """Return float64[columns, most cells] of [cells] values, 0 where a column has no cell."""
        padded = np.append(values.astype(np.float64), 0.0)
        found: Floats = padded[self.places]
        return found
