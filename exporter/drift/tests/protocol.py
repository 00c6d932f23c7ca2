"""What a drift test is: the only thing to write to add one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from exporter.drift.columns import Column, Counts, Kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test says about one column of one window.

    Attributes
    ----------
    statistic
        The test's own statistic.
    pvalue
        Probability, without drift, of a statistic at least as extreme.
    effect
        Size of the difference in 0..1, whatever the number of records: the largest difference
        between the probabilities that window and reference give to the same set of values. For
        ks the sets are "at most x", for chi2 any set of categories, so one limit serves both.
    """

    statistic: float
    pvalue: float
    effect: float


class DriftTest(Protocol):
    """Compares a window with the reference, both counted at the reference's cells."""

    @property
    def name(self) -> str:
        """The value of the label `test`, and of `test` in the configuration."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """Kinds of columns that the test can take."""

    def evaluate(self, column: Column, counts: Counts) -> Outcome:
        """Compare.

        Parameters
        ----------
        column
            The reference's column; ``column.n > 0``.
        counts
            int64[len(column.counts)], the window's; at least one record.
        """
