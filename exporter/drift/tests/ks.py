"""The two-sample Kolmogorov-Smirnov test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exporter.drift.columns import Kind, Table
from exporter.drift.tests.kolmogorov import pvalues
from exporter.drift.tests.protocol import CountTest, Outcome, Outcomes
from exporter.drift.tests.sample import Sample
from exporter.records import Floats


class KolmogorovSmirnov(CountTest):
    """Largest distance between the distribution functions of window and reference.

    On counts D = max over the edges e of |F(e) - F_ref(e)|; p = Q(sqrt(n m / (n + m)) D) with
    Kolmogorov's limit Q(x) = 2 sum over k >= 1 of (-1)^(k-1) exp(-2 k^2 x^2) (Smirnov 1939; Conover
    1999, "Practical Nonparametric Statistics", 6.3).

    The supremum over all values is at least D, and exceeds it by less than the largest share of
    a bin that is no atom, so that p is never too small: at 100 bins and n = 500 a nominal 5 %
    rejects 3 to 4 %. On a column of atoms only (at most 100 distinct values) D is exact.
    :func:`largest_distance` bounds the supremum.

    On raw values D is exact, and p that of ``scipy.stats.ks_2samp(method="asymp")``.
    """

    name = "ks"
    kinds: frozenset[Kind] = frozenset({"numeric"})

    def binned(self, reference: Table, counts: Table, kind: Kind = "numeric") -> Outcomes:  # noqa: ARG002
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        # scipy takes longer to import than the rest of the program.
        from scipy.special import kolmogorov  # noqa: PLC0415

        m, n = reference.sum(axis=1), counts.sum(axis=1)
        distance = distances(reference, counts)
        pvalue = kolmogorov(np.sqrt(m * (n / (n + m))) * distance)
        return Outcomes(statistic=distance, pvalue=pvalue, effect=distance)

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare; see :class:`exporter.drift.tests.protocol.SampleTest`."""
        return self.exact_all([reference], [values], [tau])[0]

    def exact_all(
        self,
        references: Sequence[Sample],
        values: Sequence[Floats],
        taus: Sequence[float] | None = None,
    ) -> Outcomes:
        """Compare the raw values of many columns, p-values in one go."""
        pairs = list(zip(references, values, strict=True))
        distance = np.array([distance_of(reference, found) for reference, found in pairs])
        taus = [1.0] * len(pairs) if taus is None else taus
        size = np.array(
            [
                _harmonic(reference.effective, len(found) / tau)
                for (reference, found), tau in zip(pairs, taus, strict=True)
            ]
        )
        return Outcomes(statistic=distance, pvalue=pvalues(size, distance), effect=distance)


def distances(reference: Table, counts: Table) -> Floats:
    """Return float64[columns], D of the binned values; see :meth:`KolmogorovSmirnov.binned`."""
    ours, theirs = _distributions(reference, counts)
    found: Floats = np.abs(theirs - ours).max(axis=1)
    return found


def largest_distance(reference: Table, counts: Table) -> Floats:
    """Return float64[columns], a bound that D of the raw values cannot exceed.

    Inside a cell with the shares p of the reference and q of the window, between the differences
    d' and d at its edges, F - F_ref is at most min(d' + q, d + p), and F_ref - F at most
    min(-d' + p, -d + q).

    Parameters
    ----------
    reference, counts
        int64[columns, cells].
    """
    ours, theirs = _distributions(reference, counts)
    difference = theirs - ours
    bounds = _bounds(difference, np.diff(ours, prepend=0.0), np.diff(theirs, prepend=0.0))
    found: Floats = bounds.max(axis=1)
    return found


def distance_of(reference: Sample, values: Floats) -> float:
    """Return the largest distance between the distribution functions of two samples.

    The values are not sorted: they are counted between some values of the reference, which bounds
    the distance within each cell, and only what lies in a cell that may hold the largest one is
    looked at in detail.
    """
    m, n = len(reference), len(values)
    cells = reference.grid.cells(values)
    counts = np.bincount(cells, minlength=len(reference.edges) + 1)
    ours = np.append(reference.below, m) / m
    below = np.cumsum(counts)
    theirs = below / n
    difference = theirs - ours
    distance = float(np.abs(difference).max())
    bounds = _bounds(
        difference[None, :],
        np.diff(ours, prepend=0.0)[None, :],
        np.diff(theirs, prepend=0.0)[None, :],
    )[0]
    candidates = (bounds > distance) & (counts > 0)
    if not candidates.any():
        return distance
    chosen = candidates[cells]
    inside = np.sort(values[chosen])
    # Rank among all values: those of the same candidates before it, and of all cells skipped.
    skipped = np.cumsum(np.where(candidates, 0, counts))
    rank = np.arange(len(inside)) + np.repeat(skipped[candidates], counts[candidates])
    at_most = reference.at_most(inside)
    # A tie makes the first of these too small except at its last value, the second except at its
    # first one. So the largest is right.
    above = float(((rank + 1) / n - at_most / m).max())
    tied = reference.values[np.maximum(at_most - 1, 0)] == inside
    if tied.any():
        at_most = np.searchsorted(reference.values, inside, side="left")
    return max(distance, above, float((at_most / m - rank / n).max()))


def _distributions(reference: Table, counts: Table) -> tuple[Floats, Floats]:
    ours = np.cumsum(reference, axis=1, dtype=np.float64)
    theirs = np.cumsum(counts, axis=1, dtype=np.float64)
    return ours / ours[:, -1:], theirs / theirs[:, -1:]


def _bounds(difference: Floats, p: Floats, q: Floats) -> Floats:
    before = np.zeros_like(difference)
    before[:, 1:] = difference[:, :-1]
    return np.maximum(
        np.minimum(before + q, difference + p), np.minimum(p - before, q - difference)
    )


def _harmonic(m: float, n: float) -> float:
    # The rounding, half to even, is scipy's.
    return max(1.0, float(np.round(m * n / (m + n))))
