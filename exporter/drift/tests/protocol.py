"""What a drift test is: the only thing to write to add one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from exporter.drift.columns import Column, Counts, Kind, Table
from exporter.drift.tests.sample import Sample
from exporter.records import Floats


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
        numbers the sets are "at most x" (tests of means assume normal values to tell it), for
        categories any set of them, so one limit serves all tests.
    """

    statistic: float
    pvalue: float
    effect: float


@dataclass(frozen=True, eq=False, slots=True)
class Outcomes:
    """The outcomes of many columns.

    Attributes
    ----------
    statistic, pvalue, effect
        float64[columns], see :class:`Outcome`.
    """

    statistic: Floats
    pvalue: Floats
    effect: Floats

    def __len__(self) -> int:
        return len(self.pvalue)

    def __getitem__(self, column: int) -> Outcome:
        return Outcome(
            statistic=float(self.statistic[column]),
            pvalue=float(self.pvalue[column]),
            effect=float(self.effect[column]),
        )


class CountTest(ABC):
    """Compares windows with the reference, both counted at the reference's cells.

    Attributes
    ----------
    name
        The value of the label `test`, and of `test` in the configuration.
    kinds
        Kinds of columns that the test can take.
    adds_up
        Whether the statistic adds up what all values contribute, as a mean does. Dependent values
        are then worth less than where shares are compared (`tau_mean` of a column).
    """

    name: str
    kinds: frozenset[Kind]
    adds_up: bool = False

    @abstractmethod
    def binned(self, reference: Table, counts: Table, kind: Kind = "numeric") -> Outcomes:
        """Compare columns.

        Parameters
        ----------
        reference, counts
            [columns, cells], at least one record in every row. Columns with fewer cells are
            filled up with zeros: a cell that is empty in both changes nothing.
        """

    def evaluate(self, column: Column, counts: Counts) -> Outcome:
        """Compare one column.

        Parameters
        ----------
        column
            The reference's column; ``column.n > 0``.
        counts
            int64[len(column.counts)], the window's; at least one record.
        """
        return self.binned(column.counts[None, :], counts[None, :], column.kind)[0]


class SampleTest(Protocol):
    """Compares the raw values of a buffer with those of the reference."""

    @property
    def name(self) -> str:
        """The value of the label `test`."""

    @property
    def adds_up(self) -> bool:
        """Whether the statistic adds up what all values contribute, see :class:`CountTest`."""

    def exact(self, reference: Sample, values: Floats, tau: float = 1.0) -> Outcome:
        """Compare.

        Parameters
        ----------
        reference
            At least two values.
        values
            float64[n], finite, in order of time; at least two.
        tau
            How many values in a row are worth one that does not depend on those before it: n values
            count as n / tau.
        """
