"""What a finite reference tells for certain about the distribution it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.drift.columns import Column, Counts, NumericColumn
from exporter.records import Floats

SETS = 9
TIE_SHARE = 0.1


@dataclass(frozen=True, eq=False, slots=True)
class Band:
    """Bounds for the probabilities of nine sets of cells.

    Attributes
    ----------
    members
        uint8[cells, 9], 1 where a cell belongs to a set: of a numeric column the cells up to each
        decile, of a categorical one each of the most frequent categories.
    lower, upper
        float64[9]: with probability 1 - alpha all probabilities lie between them. 0 and 1 where
        nothing is known.
    """

    members: NDArray[np.uint8]
    lower: Floats
    upper: Floats

    @classmethod
    def of(cls, column: Column, alpha: float, tau: float = 1.0, tolerance: float = 0.0) -> Band:
        """Bound the probabilities that the reference leaves open.

        Parameters
        ----------
        alpha
            Probability that any of the bounds is wrong.
        tau
            Autocorrelation time: the reference is worth column.n / tau independent records.
        tolerance
            How far a probability may move without being drift.
        """
        if isinstance(column, NumericColumn):
            members, lower, upper = _of_deciles(column.counts, alpha, tau)
        else:
            members, lower, upper = _of_categories(column.counts, alpha, tau)
        return cls(
            members=members,
            lower=np.maximum(lower - tolerance, 0.0),
            upper=np.minimum(upper + tolerance, 1.0),
        )


def _of_deciles(
    counts: Counts, alpha: float, tau: float
) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Bound F at nine edges of a numeric column.

    The share at or below the order statistic of rank r is distributed as Beta(r, m + 1 - r),
    whatever the (continuous) distribution; where a decile is tied, its rank is a matter of chance,
    and the bound that holds at all values together is taken (Dvoretzky, Kiefer, Wolfowitz 1956;
    Massart 1990). It gets a tenth of alpha for itself, so that which of the two is taken may depend
    on the reference.
    """
    # scipy takes longer to import than the rest of the program.
    from scipy.special import betaincinv  # noqa: PLC0415

    m = int(counts.sum())
    members = np.zeros((len(counts), SETS), dtype=np.uint8)
    lower, upper = np.zeros(SETS), np.ones(SETS)
    below = np.cumsum(counts)[:-1]
    if m == 0 or len(below) == 0:
        return members, lower, upper
    each = (1 - TIE_SHARE) * alpha / (2 * SETS)
    uniform = np.sqrt(np.log(2 / (TIE_SHARE * alpha)) * tau / (2 * m))
    for position in range(SETS):
        rank = -(-(position + 1) * m // (SETS + 1))
        edge = min(int(np.searchsorted(below, rank)), len(below) - 1)
        if below[edge] == rank:
            lower[position] = betaincinv(rank / tau, (m + 1 - rank) / tau, each)
            # A value that could have been drawn twice, and was not, lies below the next one.
            if rank < m:
                upper[position] = betaincinv((rank + 1) / tau, (m - rank) / tau, 1 - each)
        else:
            edge = int(np.argmin(np.abs(below - rank)))
            lower[position] = below[edge] / m - uniform
            upper[position] = below[edge] / m + uniform
        members[: edge + 1, position] = 1
    return members, lower, upper


def _of_categories(
    counts: Counts, alpha: float, tau: float
) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Bound the shares of the most frequent cells (Clopper and Pearson 1934).

    As if the bounds were asked for all cells, since which are the most frequent is chance, too.
    """
    from scipy.special import betaincinv  # noqa: PLC0415

    m = int(counts.sum())
    members = np.zeros((len(counts), SETS), dtype=np.uint8)
    lower, upper = np.zeros(SETS), np.ones(SETS)
    if m == 0:
        return members, lower, upper
    each = alpha / (2 * len(counts))
    for position, cell in enumerate(np.argsort(-counts, kind="stable")[:SETS]):
        found = int(counts[cell])
        if found > 0:
            lower[position] = betaincinv(found / tau, (m - found + 1) / tau, each)
        if found < m:
            upper[position] = betaincinv((found + 1) / tau, (m - found) / tau, 1 - each)
        members[cell, position] = 1
    return members, lower, upper
