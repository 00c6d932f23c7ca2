"""From counts of one window to a verdict on each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.config import DriftSettings
from exporter.drift.columns import Column, Counts
from exporter.drift.correction import CORRECTIONS
from exporter.drift.reference import Reference
from exporter.drift.tests import TESTS, DriftTest, Outcome
from exporter.errors import UsageError

MIN_REFERENCE_ROWS = 100
"""A smaller reference is not tested against: its own error would decide."""

TOO_FEW_ROWS = "too_few_rows"
TOO_FEW_REFERENCE_ROWS = "too_few_reference_rows"

_DEFAULT_TESTS = {"numeric": "ks", "categorical": "chi2"}
_ALL_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column of the reference and the test that compares windows with it."""

    column: Column
    test: DriftTest


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one window says about one column.

    Attributes
    ----------
    n
        Values in the window.
    reason
        Why there is no result; empty if there is one.
    outcome, adjusted_pvalue, detected
        ``None`` without a result.
    """

    comparison: Comparison
    n: int
    reason: str
    outcome: Outcome | None = None
    adjusted_pvalue: float | None = None
    detected: bool | None = None


def select(settings: DriftSettings, reference: Reference) -> tuple[Comparison, ...]:
    """Return the columns that the configuration wants tested, in the reference's order.

    Raises
    ------
    UsageError
        If the configuration names a column that the reference lacks, or a test that does not
        suit its kind.
    """
    known = {column.name for column in reference.columns}
    for name in settings.columns:
        if name != _ALL_OTHERS and name not in known:
            raise UsageError(
                f"{settings.reference}: the reference has no column {name!r}, which drift.columns "
                f"names; it has {', '.join(sorted(known))}"
            )
    chosen = []
    for column in reference.columns:
        wanted = settings.columns.get(column.name, settings.columns.get(_ALL_OTHERS))
        if wanted is None:
            continue
        test = TESTS[wanted.test or _DEFAULT_TESTS[column.kind]]
        if column.kind not in test.kinds:
            if column.name not in settings.columns:
                # A test for all others is meant for those that can take it.
                test = TESTS[_DEFAULT_TESTS[column.kind]]
            else:
                raise UsageError(
                    f"{settings.reference}: column {column.name!r} is {column.kind}, and "
                    f"drift.columns.{column.name}.test {test.name} takes only "
                    f"{' or '.join(sorted(test.kinds))} columns"
                )
        chosen.append(Comparison(column, test))
    return tuple(chosen)


def evaluate(
    comparisons: Sequence[Comparison], counts: Sequence[Counts], settings: DriftSettings
) -> list[Verdict]:
    """Test each column, then correct over those of them that could be tested.

    Drift is detected where the adjusted p-value is at most `alpha` and the effect at least
    `min_effect`: with many records the first alone finds differences that matter to nobody.

    Parameters
    ----------
    counts
        For each comparison int64[cells], what the window holds.
    """
    sizes = [int(window.sum()) for window in counts]
    reasons = [
        _obstacle(comparison, n, settings) for comparison, n in zip(comparisons, sizes, strict=True)
    ]
    outcomes = {
        position: comparisons[position].test.evaluate(
            comparisons[position].column, counts[position]
        )
        for position, reason in enumerate(reasons)
        if not reason
    }
    pvalues = np.array([outcome.pvalue for outcome in outcomes.values()], dtype=np.float64)
    adjusted = dict(zip(outcomes, CORRECTIONS[settings.correction](pvalues).tolist(), strict=True))
    verdicts = []
    for position, (comparison, n) in enumerate(zip(comparisons, sizes, strict=True)):
        outcome = outcomes.get(position)
        if outcome is None:
            verdicts.append(Verdict(comparison, n, reasons[position]))
            continue
        pvalue = adjusted[position]
        detected = pvalue <= settings.alpha and outcome.effect >= settings.min_effect
        verdicts.append(Verdict(comparison, n, "", outcome, pvalue, detected))
    return verdicts


def _obstacle(comparison: Comparison, n: int, settings: DriftSettings) -> str:
    if comparison.column.n < MIN_REFERENCE_ROWS:
        return TOO_FEW_REFERENCE_ROWS
    return TOO_FEW_ROWS if n < settings.min_samples else ""
