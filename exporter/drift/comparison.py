"""Which columns of a reference are tested, and how."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.config import DriftSettings
from exporter.drift.columns import Column
from exporter.drift.reference import Reference
from exporter.drift.tests import TESTS, CountTest
from exporter.errors import UsageError

MIN_REFERENCE_ROWS = 100
"""A smaller reference is not tested against: its own error would decide."""

_DEFAULT_TESTS = {"numeric": "ks", "categorical": "chi2"}
_ALL_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column of the reference and the test that compares windows with it."""

    column: Column
    test: CountTest

    @property
    def effective_reference(self) -> float:
        """How many independent values the reference's are worth."""
        return self.column.n / self.column.tau


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
