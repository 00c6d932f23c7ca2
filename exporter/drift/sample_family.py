"""The family of tests of the last values of one model and version, corrected together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.config import DriftSettings
from exporter.drift.comparison import MIN_REFERENCE_ROWS, SampleComparison
from exporter.drift.correction import CORRECTIONS
from exporter.drift.family import Results
from exporter.drift.last_values import bounded
from exporter.drift.tests import Outcome, Sample
from exporter.drift.tests.anova import Anova, Spread, WelchAnova, groups_of, levene
from exporter.records import Floats, Mask

STEPS = 10
"""Looks at half of the values, each a tenth of a half before the last."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is of interest beside the test; it decides nothing.

    Attributes
    ----------
    anova, welch_anova
        Whether the reference and twenty sub-windows have one mean.
    spread
        How the variance differs.
    """

    anova: Outcome
    welch_anova: Outcome
    spread: Spread


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """What the last values say.

    Attributes
    ----------
    results
        Of a single window.
    detected
        bool[columns], drift is there, and in all of the values.
    diagnoses
        Of each column; ``None`` of too few values.
    """

    results: Results
    detected: Mask
    diagnoses: tuple[Diagnosis | None, ...]


class SampleFamily:
    """Compares the last values of columns with the reference's sample, which is sorted once.

    n values are worth n / tau independent ones, tau being the autocorrelation time that the column
    had in the reference. The sample has evenly spaced ranks of all of the reference's values, so it
    is worth as many as these are, but no more than it has.

    Parameters
    ----------
    comparisons
        Columns and their tests.
    settings
        The model's section `drift`.
    """

    def __init__(self, comparisons: Sequence[SampleComparison], settings: DriftSettings) -> None:
        self._settings = settings
        self._correct = CORRECTIONS[settings.correction]
        self._tests = [comparison.test for comparison in comparisons]
        self._tau = np.array([comparison.tau for comparison in comparisons])
        self._samples = [_sample(comparison) for comparison in comparisons]
        usable = [one.effective_reference >= MIN_REFERENCE_ROWS for one in comparisons]
        self._reference = np.array([one.effective_reference for one in comparisons])
        self._least = np.where(usable, settings.min_samples, np.inf)

    def look(self, values: Sequence[Floats]) -> Look:
        """Test the last values of each column, float64[n] in their order."""
        counts = np.array([len(own) for own in values], dtype=np.float64)
        effective = counts / self._tau
        tested = np.flatnonzero(effective >= self._least).tolist()
        outcomes = np.full((4, len(counts)), np.nan)
        for at in tested:
            found = self._compare(at, values[at])
            outcomes[:3, at] = found.statistic, found.pvalue, found.effect
        outcomes[3, tested] = self._correct(outcomes[1, tested])
        statistic, pvalue, effect, adjusted = outcomes[:, None, :]
        results = Results(
            *(counts[None], effective[None], self._reference[None]),
            *(statistic, pvalue, effect, adjusted),
        )
        large = effect[0] >= self._settings.min_effect
        detected = (adjusted[0] <= self._settings.alpha) & large
        if self._settings.hold:
            for at in np.flatnonzero(detected).tolist():
                certain = pvalue[0, at] <= 0
                factor = len(tested) if certain else adjusted[0, at] / pvalue[0, at]
                detected[at] = self._lasts(at, values[at], self._settings.alpha / factor)
        chosen = set(tested)
        diagnoses = (
            self._diagnose(at, own) if at in chosen else None for at, own in enumerate(values)
        )
        return Look(results, detected, tuple(diagnoses))

    def _compare(self, column: int, values: Floats) -> Outcome:
        tau = float(self._tau[column])
        return self._tests[column].exact(self._samples[column], values, tau)

    def _lasts(self, column: int, values: Floats, alpha: float) -> bool:
        """Return whether every half of the values differs by itself.

        Other columns are not looked at for that: the correction that all values together got is
        that of their halves as well, and in `alpha`.
        """
        half = len(values) // 2
        starts = (len(values) - half) * np.arange(STEPS + 1) // STEPS
        return all(
            found.pvalue <= alpha and found.effect >= self._settings.min_effect
            for found in (
                self._compare(column, values[start : start + half]) for start in starts.tolist()
            )
        )

    def _diagnose(self, column: int, values: Floats) -> Diagnosis:
        sample, tau = self._samples[column], float(self._tau[column])
        groups = groups_of(sample, values, tau)
        return Diagnosis(
            anova=Anova().from_moments(groups),
            welch_anova=WelchAnova().from_moments(groups),
            spread=levene(sample, values, tau),
        )


def _sample(comparison: SampleComparison) -> Sample:
    values = bounded(comparison.column.sample)
    return Sample(values, max(1.0, len(values) / max(1.0, comparison.effective_reference)))
