"""The family of tests of one model, version and window: all columns, corrected together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.drift.columns import Kind
from exporter.drift.comparison import MIN_REFERENCE_ROWS, Comparison
from exporter.drift.correction import CORRECTIONS
from exporter.drift.padding import Padding
from exporter.drift.tests import CountTest
from exporter.records import Floats, Mask


@dataclass(frozen=True, eq=False, slots=True)
class Results:
    """What windows say about columns.

    Attributes
    ----------
    samples
        float64[windows, columns], values of each window.
    effective
        float64[windows, columns], independent values that they are worth.
    reference
        float64[windows, columns], independent values that the reference is worth to them.
    statistic, pvalue, effect, adjusted
        float64[windows, columns], NaN where a window has too few.
    """

    samples: Floats
    effective: Floats
    reference: Floats
    statistic: Floats
    pvalue: Floats
    effect: Floats
    adjusted: Floats

    @property
    def tested(self) -> Mask:
        """bool[windows, columns], the window has enough."""
        return ~np.isnan(self.pvalue)


class TestFamily:
    """Tests many windows of many columns at once.

    Values that resemble those before them are worth fewer independent ones: n / tau, tau being the
    autocorrelation time that the column had in the reference. Counts are divided by it.

    Parameters
    ----------
    comparisons
        Columns and their tests; the cells of each lie behind those of the one before.
    correction
        Name of the correction for their number.
    least
        Independent values that a window needs. A reference needs :data:`MIN_REFERENCE_ROWS`.
    """

    def __init__(self, comparisons: Sequence[Comparison], correction: str, least: float) -> None:
        self._correct = CORRECTIONS[correction]
        self._least = least
        self._effective_reference = np.array([one.effective_reference for one in comparisons])
        self._count = len(comparisons)
        self._batteries = []
        self._tau = np.array([comparison.tau for comparison in comparisons])
        self._padding = Padding([len(comparison.column.counts) for comparison in comparisons])
        batteries: dict[tuple[CountTest, Kind], list[int]] = {}
        for at, one in enumerate(comparisons):
            batteries.setdefault((one.test, one.column.kind), []).append(at)
        for (test, kind), columns in batteries.items():
            own = Padding([len(comparisons[at].column.counts) for at in columns])
            counted = [comparisons[at].column.counts / self._tau[at] for at in columns]
            reference = own.rows(np.concatenate(counted))
            cells = self._padding.places[columns][:, : reference.shape[1]]
            self._batteries.append((test, kind, np.array(columns), cells, reference))

    @property
    def cells(self) -> int:
        """Cells of all columns."""
        return self._padding.cells

    def samples(self, counts: Floats) -> Floats:
        """Return [..., columns], the values of each column, of [..., cells]."""
        if not self._count:
            return np.zeros((*counts.shape[:-1], 0))
        found: Floats = np.add.reduceat(counts, self._padding.starts, axis=-1)
        return found

    def test(
        self, counts: Floats, references: Floats | None = None, taus: Floats | None = None
    ) -> Results:
        """Test windows.

        Parameters
        ----------
        counts
            float64[windows, cells].
        references
            float64[windows, cells], what each window is compared with, if not all with the same.
        taus
            float64[columns], autocorrelation times, with `references`; else the comparisons' own.
        """
        tau = self._tau if taus is None else taus
        windows, shape = len(counts), (len(counts), self._count)
        samples = self.samples(counts)
        effective = samples / tau
        if references is None:
            size = np.broadcast_to(self._effective_reference, shape)
        else:
            size = self.samples(references) / tau
            references = np.column_stack((references, np.zeros(windows)))
        enough = (effective >= self._least) & (size >= MIN_REFERENCE_ROWS)
        statistic, pvalue, effect = (np.full(shape, np.nan) for _ in range(3))
        padded = np.column_stack((counts, np.zeros(windows)))
        for test, kind, columns, cells, reference in self._batteries:
            at, row = np.nonzero(enough[:, columns])
            if not at.size:
                continue
            which = columns[row]
            found = padded[at[:, None], cells[row]] / tau[which, None]
            ours = reference[row]
            if references is not None:
                ours = references[at[:, None], cells[row]] / tau[which, None]
            outcomes = test.binned(ours, found, kind)
            statistic[at, which] = outcomes.statistic
            pvalue[at, which] = outcomes.pvalue
            effect[at, which] = outcomes.effect
        adjusted = np.full(shape, np.nan)
        for window in range(windows):
            tested = enough[window]
            adjusted[window, tested] = self._correct(pvalue[window, tested])
        return Results(samples, effective, size, statistic, pvalue, effect, adjusted)
