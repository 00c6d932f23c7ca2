"""The values of a column in few cells, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from exporter.drift.columns import CategoricalColumn, Column, NumericColumn
from exporter.monitors.charts import Shape
from exporter.records import Floats

NUMERIC_CELLS = 20
CATEGORIES = 12


def shape(
    labels: Mapping[str, str],
    window: str,
    column: Column,
    reference: NDArray[np.integer] | Floats,
    current: NDArray[np.integer] | Floats,
) -> Shape:
    """Return a column's values in the reference and in a window.

    Numbers are spread evenly within each of the reference's cells, and then counted at
    :data:`NUMERIC_CELLS` of equal width between its outer edges; what lies beyond these is in the
    first and in the last one. Of categories the most frequent ones of the reference are shown,
    and all others together.

    Parameters
    ----------
    labels
        Model and version.
    window
        Its name.
    column
        Of the reference.
    reference, current
        [cells], values in each cell of the column.
    """
    if isinstance(column, NumericColumn):
        names, table = _numbers(column, np.array([reference, current], dtype=np.float64))
    else:
        names, table = _categories(column, np.array([reference, current], dtype=np.float64))
    total = table.sum(axis=1, keepdims=True)
    share = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    return Shape(labels, window, column.name, names, share[0], share[1])


def _numbers(column: NumericColumn, table: Floats) -> tuple[tuple[str, ...], Floats]:
    edges = column.edges
    if len(edges) < 2:
        # One value, and what lies on either side of it.
        return (*(f"to {edge:.4g}" for edge in edges), "above"), table
    grid = np.linspace(edges[0], edges[-1], NUMERIC_CELLS + 1)
    below = np.cumsum(table, axis=1)[:, :-1]
    counted = np.diff([np.interp(grid, edges, row) for row in below], axis=1)
    counted[:, 0] += below[:, 0]
    counted[:, -1] += table[:, -1]
    names = tuple(f"{low:.4g} to {high:.4g}" for low, high in pairwise(grid))
    return names, counted


def _categories(column: CategoricalColumn, table: Floats) -> tuple[tuple[str, ...], Floats]:
    kept = min(len(column.categories), CATEGORIES)
    others = table[:, kept:].sum(axis=1, keepdims=True)
    return (*column.categories[:kept], "other"), np.hstack([table[:, :kept], others])
