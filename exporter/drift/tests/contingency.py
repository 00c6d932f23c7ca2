"""Tests of a 2 x C table by a statistic that is chi-square distributed, sound with rare cells."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from exporter.drift.columns import Kind, Table
from exporter.drift.tests.protocol import CountTest, Outcomes
from exporter.records import Floats, Mask


class ContingencyTest(CountTest):
    """Compares the shares of the cells of window and reference (a 2 x C table).

    The statistic has C - 1 degrees of freedom, which holds for expected counts of at least 5
    (Cochran 1954). Cells that expect less, in either row, are pooled into one. If that one still
    expects less than 5 it is judged by Fisher's exact test (one-sided: it has become more
    frequent) and the other cells by the statistic, p = min(1, 2 min(p, p')). So one record of a
    category that the reference lacks proves nothing, and many do: the statistic alone would take
    one for certain, and pooling with a frequent category would hide many.

    Effect: the total variation distance, half the sum of |share - reference share| over the
    pooled cells. Cramer's V would depend on n / m: the same shift would look smaller in a
    shorter window.

    Which bins of a numeric column are rare only the reference says. Bins at quantiles all hold the
    same share of it: if that makes about 5 expected records, the window's own would decide which
    bins are pooled, and 75 of 100 windows without drift be significant.
    """

    min_expected = 5.0

    @abstractmethod
    def statistic(self, ours: Floats, theirs: Floats) -> Floats:
        """Return float64[columns] of whole tables, 0 where a row or all but one cell is empty.

        Parameters
        ----------
        ours, theirs
            float64[columns, cells], the rows of the tables.
        """

    def binned(self, reference: Table, counts: Table, kind: Kind = "numeric") -> Outcomes:
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        pooled = _pool(reference, counts, kind, self.min_expected)
        ours = np.column_stack((pooled.ours, pooled.rare_ours))
        theirs = np.column_stack((pooled.theirs, pooled.rare_theirs))
        shares = ours / ours.sum(axis=1, keepdims=True)
        return Outcomes(
            statistic=self.statistic(ours, theirs),
            pvalue=self._pvalues(pooled),
            effect=np.abs(theirs / theirs.sum(axis=1, keepdims=True) - shares).sum(axis=1) / 2,
        )

    def _pvalues(self, pooled: _Pooled) -> Floats:
        # scipy takes longer to import than the rest of the program.
        from scipy.special import chdtrc  # noqa: PLC0415

        freedom = ((pooled.ours + pooled.theirs) > 0).sum(axis=1) - 1
        statistic = self.statistic(pooled.ours, pooled.theirs)
        # A single cell leaves nothing to compare.
        compared = freedom > 0
        pvalues = np.where(compared, chdtrc(np.maximum(freedom, 1), statistic), 1.0)
        rare = (pooled.rare_ours + pooled.rare_theirs) > 0
        if rare.any():
            exact = _fisher_greater(pooled, rare)
            both = np.where(compared[rare], 2.0, 1.0)
            pvalues[rare] = np.minimum(1.0, both * np.minimum(pvalues[rare], exact))
        return pvalues


def expected(ours: Floats, theirs: Floats) -> tuple[Floats, Floats]:
    """Return float64[columns, cells] twice, what either row would hold without drift."""
    both = ours + theirs
    total = np.maximum(both.sum(axis=1, keepdims=True), 1.0)
    shares = both / total
    return ours.sum(axis=1, keepdims=True) * shares, theirs.sum(axis=1, keepdims=True) * shares


@dataclass(frozen=True, eq=False, slots=True)
class _Pooled:
    """The frequent cells, float64[columns, cells]; of the rare ones the sum, float64[columns]."""

    ours: Floats
    theirs: Floats
    rare_ours: Floats
    rare_theirs: Floats


def _pool(reference: Table, counts: Table, kind: Kind, least: float) -> _Pooled:
    ours, theirs = reference.astype(np.float64), counts.astype(np.float64)
    m, n = ours.sum(axis=1), theirs.sum(axis=1)
    rare: Mask = _expected_in_smaller(ours, theirs, m[:, None], n[:, None], kind) < least
    rare_ours, rare_theirs = (np.where(rare, row, 0.0).sum(axis=1) for row in (ours, theirs))
    enough = _expected_in_smaller(rare_ours, rare_theirs, m, n, kind) >= least
    return _Pooled(
        ours=np.column_stack((np.where(rare, 0.0, ours), np.where(enough, rare_ours, 0.0))),
        theirs=np.column_stack((np.where(rare, 0.0, theirs), np.where(enough, rare_theirs, 0.0))),
        rare_ours=np.where(enough, 0.0, rare_ours),
        rare_theirs=np.where(enough, 0.0, rare_theirs),
    )


def _expected_in_smaller(ours: Floats, theirs: Floats, m: Floats, n: Floats, kind: Kind) -> Floats:
    if kind == "numeric":
        return ours / m * np.minimum(m, n)
    return (ours + theirs) / (m + n) * np.minimum(m, n)


def _fisher_greater(pooled: _Pooled, rare: Mask) -> Floats:
    from scipy.stats import hypergeom  # noqa: PLC0415

    # What values are worth that depend on each other is no whole number.
    ours, theirs = np.rint(pooled.rare_ours[rare]), np.rint(pooled.rare_theirs[rare])
    window = theirs + np.rint(pooled.theirs[rare].sum(axis=1))
    total = window + ours + np.rint(pooled.ours[rare].sum(axis=1))
    # Of the rare records, drawn from all, how many are the window's: the few are the draws, since
    # the cost grows with their number.
    found: Floats = np.asarray(hypergeom.sf(theirs - 1, total, window, ours + theirs))
    return found
