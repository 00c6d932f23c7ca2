"""Which bin does a value fall into? Looked up in an even grid instead of searched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.records import Floats

_SQUARES = 4096
_MOST_EDGES = 4


class Grid:
    """Finds the bins of values as ``numpy.searchsorted(edges, values, "left")`` does, but faster.

    The range of the edges is cut into even squares, and each knows how many edges lie below it. A
    value is compared only with the edges inside its own square. Where many edges share a square, as
    with a long tail, the values are searched for.

    Parameters
    ----------
    edges
        float64[E], strictly increasing and finite.
    """

    def __init__(self, edges: Floats) -> None:
        self._edges = edges
        self._most = 0
        with np.errstate(over="ignore", divide="ignore"):
            extent = edges[-1] - edges[0] if len(edges) else 0.0
            self._scale = np.float64(_SQUARES) / extent
        if not (np.isfinite(self._scale) and self._scale > 0):
            return
        inside = self._square(edges)
        self._most = int(np.bincount(inside).max())
        # The square of a value never falls as the value rises, rounding included. So all edges of
        # lower squares are below the value, and none of higher ones is.
        self._below = np.searchsorted(inside, np.arange(_SQUARES), side="left")
        self._padded = np.append(edges, np.inf)

    def _square(self, values: Floats) -> NDArray[np.int64]:
        with np.errstate(over="ignore"):
            position = (values - self._edges[0]) * self._scale
        np.clip(position, 0, _SQUARES - 1, out=position)
        squares: NDArray[np.int64] = position.astype(np.int64)
        return squares

    def cells(self, values: Floats) -> NDArray[np.int64]:
        """Return int64[n], how many edges lie below each value; the values must be finite."""
        if not 0 < self._most <= _MOST_EDGES:
            return np.searchsorted(self._edges, values, side="left")
        cells: NDArray[np.int64] = self._below[self._square(values)]
        for _ in range(self._most):
            cells += self._padded[cells] < values
        return cells
