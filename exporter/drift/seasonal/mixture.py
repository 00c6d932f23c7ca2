"""What the reference would look like if it had been in the same hours as a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.drift.columns import Counts
from exporter.drift.expected import Expected
from exporter.drift.seasonal.reference import SeasonalReference
from exporter.drift.seasonal.season import QUARTER, Season
from exporter.records import Floats

LEAST = 200
"""Independent values of a season cell; with fewer a coarser pool serves."""


class Mixture:
    """Mixes the season cells of a reference as windows are mixed.

    A window whose share w_h of values was in season cell h expects F = sum of w_h F_h. F_h comes
    from the m_h values that the reference has there, or from those of a coarser pool if these are
    too few, so that F = sum of a_h F_h with the share a_h that the values of h have in the mixture.
    As values it is worth m = min over h of m_h / a_h. For the covariance of the mixture, sum of
    a_h^2 / m_h C_h (C_h being the covariance of one indicator "at most x" with another in h), is at
    most max(a_h / m_h) times sum of a_h C_h, which is at most C / m: what drawing m values of F
    has. So by Anderson's inequality (1955) no test of the distance between distribution functions
    rejects more often than it says. With 1 / (sum of a_h^2 / m_h), the effective size of a mean,
    they would: a cell that the reference hardly knows may be the only one that varies.

    Parameters
    ----------
    season
        The cycle.
    tables
        int64[season's cells, column's cells] of each column.
    taus
        Autocorrelation time of each.
    """

    def __init__(self, season: Season, tables: Sequence[Counts], taus: Sequence[float]) -> None:
        self._tables = tables
        self._pools = season.pools
        shape = (len(tables), season.size)
        self._sizes = np.array([table.sum(axis=1) for table in tables]).reshape(shape)
        self._pool_sizes = [
            np.array([np.bincount(pool, row) for row in self._sizes]).reshape(len(tables), -1)
            for pool in self._pools
        ]
        tau = np.array(taus, dtype=np.float64)[:, None]
        # The first pool with enough; that of all has to do in any case.
        self._level = np.full(shape, len(self._pools) - 1)
        for level in reversed(range(len(self._pools) - 1)):
            enough = self._pool_sizes[level][:, self._pools[level]] >= LEAST * tau
            self._level[enough] = level

    def expected(self, composition: Floats) -> Expected:
        """Return what windows are to be compared with.

        Parameters
        ----------
        composition
            float64[windows, columns, season's cells], values of each window.
        """
        total = composition.sum(axis=2)
        with np.errstate(invalid="ignore"):
            weights = composition / total[:, :, None]
            own = np.where(self._level == 0, weights, 0.0).sum(axis=2)
        weights = np.nan_to_num(weights)
        per_value = np.zeros_like(weights)
        for level, (pool, sizes) in enumerate(zip(self._pools, self._pool_sizes, strict=True)):
            mine = np.where(self._level == level, weights, 0.0)
            pooled = mine @ np.eye(sizes.shape[1])[pool]
            per_value += (pooled / np.maximum(sizes, 1))[:, :, pool]
        # A cell without values adds none to its pool.
        per_value[:, self._sizes == 0] = 0.0
        largest = per_value.max(axis=2, initial=0.0, keepdims=True)
        scaled = per_value / np.where(largest > 0, largest, 1.0)
        parts = [scaled[:, at] @ table for at, table in enumerate(self._tables)]
        return Expected(np.concatenate(parts, axis=1), np.where(total > 0, own, np.nan))


def season_shares(reference: SeasonalReference, starts: Floats, width: float) -> Floats:
    """Return float64[n, season's cells], the shares of stretches of time that lie in each cell.

    Stretches are weighed by the traffic that the reference had in each of their quarters of an
    hour, which matters to those alone that lie in more than one cell.

    Parameters
    ----------
    starts
        float64[n], Unix seconds.
    width
        Their length in seconds.
    """
    season = reference.season
    first = np.floor(starts / QUARTER)
    steps = np.arange(int(np.ceil(width / QUARTER)) + 1)
    quarters: Floats = ((first[:, None] + steps) * QUARTER).astype(np.float64)
    begin = np.maximum(quarters, starts[:, None])
    overlap = np.minimum(quarters + QUARTER, starts[:, None] + width) - begin
    cells = season.cells(season.hours(quarters.reshape(-1))).reshape(quarters.shape)
    weight = np.maximum(overlap, 0.0) * reference.traffic[cells]
    shares = np.zeros((len(starts), season.size))
    rows: NDArray[np.intp] = np.broadcast_to(np.arange(len(starts))[:, None], cells.shape)
    np.add.at(shares, (rows, cells), weight)
    found: Floats = shares / shares.sum(axis=1, keepdims=True)
    return found
