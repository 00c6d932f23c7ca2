"""How much records tell of the next ones beyond what the time of day or week already tells.

Where night and day differ, a value resembles those of the same hours because of the hour. That is
no dependence that makes a window know less: it is compared with the same hours. With it the
autocorrelation time would be that of the day, and no window ever have enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.drift import autocorrelation
from exporter.drift.columns import Column, Counts, NumericColumn
from exporter.drift.seasonal.season import Season
from exporter.records import Floats

_LEAST = 100
"""Other values of a cell that say what is usual there."""

_FEW = 100
_MOST_CATEGORIES = 10
_DIGITS = 12


class Residuals:
    """Values of a column, less what is usual at their time.

    Usual is the mean of the other values of the same season cell, without those of the same hour
    of the calendar (or day, if the cells are days): a mean with the value itself would hide how it
    resembles its neighbours, all the more where a cell was seen only once. Of a cell with too few
    others the next pool serves.

    Parameters
    ----------
    season
        The cycle.
    counts
        int64[season's cells, column's cells], of all values.
    cells
        int64[n], the column's cell of each value; -1 where there is none.
    hours
        float64[n], when they were (:meth:`Season.hours`).
    kept
        Share of the values that `counts` holds.
    """

    def __init__(
        self,
        season: Season,
        counts: Counts,
        cells: NDArray[np.int64],
        hours: Floats,
        kept: float = 1.0,
    ) -> None:
        known = (cells >= 0) & ~np.isnan(hours)
        hours = hours[known]
        self._cells = cells[known]
        self._season_cells = season.cells(hours)
        self._pools = season.pools
        self._counts = counts
        self._kept = kept
        self._occurrence = np.unique(season.occurrences(hours), return_inverse=True)[1]
        self._hour = np.unique(hours, return_inverse=True)[1]

    def __len__(self) -> int:
        return len(self._cells)

    def of(self, scores: Floats) -> Floats:
        """Return float64[n], what each value's score exceeds the usual one by.

        Parameters
        ----------
        scores
            float64[column's cells].
        """
        return self._compared(scores)[0]

    def by_hour(self, scores: Floats) -> tuple[Floats, float]:
        """Return float64[hours], sums over each hour of the calendar, and that of all squares.

        Sums of values that do not depend on each other have the variance that their squares add up
        to: what an occasion adds to its distance from the others, since these are few, is taken
        off (as MacKinnon and White 1985 do by leverage).
        """
        residual, own_share = self._compared(scores)
        adjusted = residual * np.sqrt(1.0 - own_share)
        sums: Floats = np.bincount(self._hour, adjusted).astype(np.float64)
        return sums, float((residual**2).sum())

    def _compared(self, scores: Floats) -> tuple[Floats, Floats]:
        """Return float64[n] twice: what exceeds the usual, and the occasion's share of its pool."""
        found = scores[self._cells]
        own_sum = self._kept * np.bincount(self._occurrence, found)[self._occurrence]
        own_number = self._kept * np.bincount(self._occurrence)[self._occurrence]
        usual = np.full(len(found), float(found.mean()))
        own_share = np.zeros(len(found))
        sums, numbers = self._counts @ scores, self._counts.sum(axis=1)
        for pool in reversed(self._pools):
            which = pool[self._season_cells]
            number = np.bincount(pool, numbers)[which]
            others, total = number - own_number, np.bincount(pool, sums)[which] - own_sum
            enough = others >= _LEAST
            usual[enough] = total[enough] / others[enough]
            own_share[enough] = own_number[enough] / number[enough]
        # What is always the same leaves nothing, rather than errors of rounding.
        return np.round(found - usual, _DIGITS), own_share


def taus(
    column: Column, first: Residuals, every: Residuals, kept: float = 1.0
) -> tuple[float, float]:
    """Return the autocorrelation times of shares and of means, at least 1.

    As of :func:`autocorrelation.of_numbers`, :func:`autocorrelation.of_means` (of the ranks, since
    tests of counts know no others) and :func:`autocorrelation.of_categories`; or, if that is more,
    those of :func:`slow`.

    Parameters
    ----------
    first
        The first values, each of them.
    every
        Those of the whole time.
    kept
        Share of the values that `every` holds.
    """
    counts = column.counts
    if len(first) < _FEW or np.count_nonzero(counts) < 2:
        return 1.0, 1.0

    def tau(scores: Floats) -> float:
        return max(autocorrelation.of_series(first.of(scores)), slow(every, scores, kept))

    shares = counts / counts.sum()
    if isinstance(column, NumericColumn):
        below = np.cumsum(shares)
        middle = int(np.abs(below - 0.5).argmin())
        lower = (np.arange(len(counts)) <= middle).astype(np.float64)
        return tau(lower), tau(below - shares / 2)
    chosen = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
    chosen = chosen[counts[chosen] > 0]
    found = [tau(np.eye(len(counts))[cell]) for cell in chosen]
    mean = float(np.average(found, weights=1.0 - shares[chosen]))
    return mean, mean


def slow(every: Residuals, scores: Floats, kept: float = 1.0) -> float:
    """Return the autocorrelation time that the sums of hours show, over all of the reference.

    The variance of the sums of hours over that of independent values, times the autocorrelation
    time of these sums. The first values may be those of a few days only, which do not tell that
    weeks or days differ. Where each value is kept with probability r, what is left of tau - 1 is
    r (tau - 1).

    Parameters
    ----------
    kept
        r.
    """
    sums, squares = every.by_hour(scores)
    tau = autocorrelation.of_sums(sums, squares)
    return 1.0 + (tau - 1.0) / kept
