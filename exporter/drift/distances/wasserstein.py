"""Wasserstein distance in standard deviations."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Table
from exporter.drift.distances.shares import shares
from exporter.records import Floats


def wasserstein(reference: Table, counts: Table, positions: Floats, std: Floats) -> Floats:
    """Return the earth mover's distance over the reference's standard deviation, float64[columns].

    Sum over the borders between cells of |F - F_ref| times the way from one cell to the next, as
    all values of a cell lie at its centre. Equal to ``scipy.stats.wasserstein_distance`` of the
    centres. It differs from that of the raw values by at most half a cell's width for every value,
    where that is finite: what lies beyond the reference's range is taken to lie at its end.

    Parameters
    ----------
    positions
        float64[columns, cells], never falling; see :func:`centres`. Cells beyond the last one of a
        column repeat its position.
    std
        float64[columns]. Where it is 0 the distance is 0 or infinite.
    """
    difference = np.cumsum(shares(counts) - shares(reference), axis=1)[:, :-1]
    way = (np.abs(difference) * np.diff(positions, axis=1)).sum(axis=1)
    known = std > 0
    constant = np.where(way > 0, np.inf, 0.0)
    found: Floats = np.where(known, way / np.where(known, std, 1.0), constant)
    return found


def centres(edges: Floats, minimum: float, maximum: float) -> Floats:
    """Return float64[len(edges) + 1], the middle of each cell of a column.

    Parameters
    ----------
    edges
        float64[cells - 1], strictly increasing.
    minimum, maximum
        The reference's range, where the open outer cells are taken to end.
    """
    if len(edges) == 0:
        return np.array([minimum / 2 + maximum / 2])
    borders = np.concatenate(([min(minimum, edges[0])], edges, [max(maximum, edges[-1])]))
    found: Floats = borders[:-1] / 2 + borders[1:] / 2
    return found
