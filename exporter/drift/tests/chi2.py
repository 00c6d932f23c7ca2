"""Pearson's chi-square test of homogeneity, sound with rare and with new categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.drift.columns import Column, Counts, Kind
from exporter.drift.tests.protocol import Outcome

MIN_EXPECTED = 5.0


class ChiSquare:
    """Compares the shares of the cells of window and reference (a 2 x C table).

    X^2 = sum of (observed - expected)^2 / expected with C - 1 degrees of freedom, which holds for
    expected counts of at least 5 (Cochran 1954). Cells that expect less, in either row, are
    pooled into one. If that one still expects less than 5 it is judged by Fisher's exact test
    (one-sided: it has become more frequent) and the other cells by X^2, p = min(1, 2 min(p, p')).
    So one record of a category that the reference lacks proves nothing, and many do: chi-square
    alone would take one for certain, and pooling with a frequent category would hide many.

    Effect: the total variation distance, half the sum of |share - reference share| over the
    pooled cells. Cramer's V would depend on n / m: the same shift would look smaller in a
    shorter window.
    """

    name = "chi2"
    kinds: frozenset[Kind] = frozenset({"categorical", "numeric"})

    def evaluate(self, column: Column, counts: Counts) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.DriftTest`."""
        table = np.stack((column.counts, counts))
        n_smaller, total = int(table.sum(axis=1).min()), int(table.sum())

        def rare(cells: NDArray[np.int64]) -> Any:
            return cells.sum(axis=0) * (n_smaller / total) < MIN_EXPECTED

        scarce = rare(table)
        frequent = table[:, ~scarce]
        pool = table[:, scarce].sum(axis=1)
        if not rare(pool):
            frequent = np.column_stack((frequent, pool))
            pool = np.zeros(2, dtype=np.int64)
        cells = np.column_stack((frequent, pool)) if pool.any() else frequent
        shares = cells / cells.sum(axis=1, keepdims=True)
        return Outcome(
            statistic=_pearson(cells),
            pvalue=_pvalue(frequent, pool),
            effect=float(np.abs(shares[0] - shares[1]).sum() / 2),
        )


def _pvalue(frequent: NDArray[np.int64], pool: NDArray[np.int64]) -> float:
    # scipy takes longer to import than the rest of the program.
    from scipy.special import chdtrc  # noqa: PLC0415

    pvalues = []
    if frequent.shape[1] > 1:
        pvalues.append(float(chdtrc(frequent.shape[1] - 1, _pearson(frequent))))
    if pool.any():
        pvalues.append(_fisher_greater(pool, frequent.sum(axis=1)))
    # A single cell leaves nothing to compare.
    return min(1.0, len(pvalues) * min(pvalues)) if pvalues else 1.0


def _pearson(cells: NDArray[np.int64]) -> float:
    rows = cells.sum(axis=1, keepdims=True)
    if not rows.all():
        return 0.0
    expected = rows * (cells.sum(axis=0) / cells.sum())
    return float(((cells - expected) ** 2 / expected).sum())


def _fisher_greater(pool: NDArray[np.int64], rest: NDArray[np.int64]) -> float:
    from scipy.stats import hypergeom  # noqa: PLC0415

    rare_total, window_total = int(pool.sum()), int(pool[1] + rest[1])
    total = int(pool.sum() + rest.sum())
    # Of `rare_total` records drawn from all, how many are the window's: the few are the draws,
    # since the cost grows with their number.
    return float(hypergeom.sf(int(pool[1]) - 1, total, window_total, rare_total))
