"""Fisher's exact test of a 2 x 2 table."""

from __future__ import annotations

import numpy as np

from exporter.drift.columns import Kind, Table
from exporter.drift.tests.protocol import CountTest, Outcomes


class FisherExact(CountTest):
    """Share of the reference's most frequent category, against all others.

    p is the probability, given the margins, of all tables that are no more probable than the one
    found (Fisher 1935; ``scipy.stats.fisher_exact``, two-sided). Statistic: the logarithm of the
    odds ratio with 1/2 added to each count (Haldane 1956), finite also where a count is 0. Effect:
    the difference of the shares.

    For two categories it is the exact test. More are folded into two, by the reference alone, so
    that a category which turns up later does not change the question. Tables are taken one by one.
    """

    name = "fisher"
    kinds: frozenset[Kind] = frozenset({"categorical"})

    def binned(self, reference: Table, counts: Table, kind: Kind = "categorical") -> Outcomes:  # noqa: ARG002
        """Compare columns; see :class:`exporter.drift.tests.protocol.CountTest`."""
        # scipy takes longer to import than the rest of the program.
        from scipy.stats import fisher_exact  # noqa: PLC0415

        column = np.arange(len(reference))
        first = reference.argmax(axis=1)
        m, n = reference.sum(axis=1), counts.sum(axis=1)
        a, b = reference[column, first], counts[column, first]
        # What values are worth that depend on each other is no whole number.
        tables = np.rint(np.stack((b, n - b, a, m - a), axis=1))
        pvalues = [
            float(fisher_exact(table.reshape(2, 2).astype(np.int64)).pvalue) for table in tables
        ]
        logs = np.log(tables + 0.5)
        return Outcomes(
            statistic=logs[:, 0] - logs[:, 1] - logs[:, 2] + logs[:, 3],
            pvalue=np.array(pvalues, dtype=np.float64),
            effect=np.abs(b / n - a / m),
        )
