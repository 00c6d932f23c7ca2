"""Which columns of a reference are tested, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.columns import NO_FEATURES, Column, Kind, NumericColumn
from exporter.drift.reference import Reference
from exporter.drift.seasonal.reference import SeasonalColumn
from exporter.drift.tests import SAMPLE_TESTS, TESTS, CountTest, SampleTest
from exporter.errors import UsageError

MIN_REFERENCE_ROWS = 100
"""A smaller reference is not tested against: its own error would decide."""

_DEFAULT_TESTS = {"numeric": "ks", "categorical": "chi2"}
_ALL_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class _Compared:
    column: Column
    test: CountTest | SampleTest

    @property
    def tau(self) -> float:
        """How many values in a row are worth an independent one to this test."""
        return _tau(self.column, self.test)

    @property
    def effective_reference(self) -> float:
        """How many independent values the reference's are worth."""
        return self.column.n / self.tau


@dataclass(frozen=True, slots=True)
class Comparison(_Compared):
    """A column of the reference and the test that compares windows with it.

    Attributes
    ----------
    seasonal
        The column by season, where windows are compared with the same hours or days.
    """

    test: CountTest
    seasonal: SeasonalColumn | None = None

    @property
    def tau(self) -> float:
        """How many values in a row are worth an independent one to this test."""
        if self.seasonal is None:
            return _tau(self.column, self.test)
        mean = self.seasonal.tau_mean if self.test.adds_up else 1.0
        return max(self.seasonal.tau, mean)

    @property
    def as_tested(self) -> Column:
        """The column with the autocorrelation times that matter."""
        if self.seasonal is None:
            return self.column
        if isinstance(self.column, NumericColumn):
            times = self.seasonal
            return replace(self.column, tau=times.tau, tau_mean=times.tau_mean)
        return replace(self.column, tau=self.seasonal.tau)

    @property
    def tau_share(self) -> float:
        """How many values in a row are worth an independent one to a share of them."""
        return self.column.tau if self.seasonal is None else self.seasonal.tau


@dataclass(frozen=True, slots=True)
class SampleComparison(_Compared):
    """A column of the reference and the test that compares the last values with it."""

    column: NumericColumn
    test: SampleTest


def _tau(column: Column, test: CountTest | SampleTest) -> float:
    if test.adds_up and isinstance(column, NumericColumn):
        return column.longest_tau
    return column.tau


def kinds(test: str) -> frozenset[Kind]:
    """Return the kinds of columns that a test can take."""
    return TESTS[test].kinds if test in TESTS else frozenset({"numeric"})


def kinds_configured(settings: DriftSettings | None) -> dict[str, Kind]:
    """Return the kinds that the configuration fixes by choosing a test for a feature."""
    columns = {} if settings is None else settings.columns
    return {
        name: "categorical" if "categorical" in kinds(chosen.test) else "numeric"
        for name, chosen in columns.items()
        if chosen.test is not None and name not in (*NO_FEATURES, _ALL_OTHERS)
    }


def select(settings: DriftSettings, reference: Reference) -> tuple[Comparison, ...]:
    """Return the columns whose windows the configuration wants tested, in the reference's order.

    Raises
    ------
    UsageError
        If the configuration names a column that the reference lacks, or a test that does not
        suit its kind.
    """
    seasons = {} if reference.seasonal is None else reference.seasonal.columns
    return tuple(
        Comparison(column, TESTS[test], seasons.get(column.name))
        for column, test, _ in _wanted(settings, reference)
        if test in TESTS
    )


def select_samples(settings: DriftSettings, reference: Reference) -> tuple[SampleComparison, ...]:
    """Return the columns whose last values are to be tested as they are.

    Raises
    ------
    UsageError
        As :func:`select`.
    """
    return tuple(
        SampleComparison(column, SAMPLE_TESTS[test])
        for column, test, exact in _wanted(settings, reference)
        if exact and isinstance(column, NumericColumn)
    )


def select_columns(settings: DriftSettings, reference: Reference) -> tuple[Column, ...]:
    """Return all columns that are tested in one way or another.

    Raises
    ------
    UsageError
        As :func:`select`.
    """
    return tuple(column for column, _, _ in _wanted(settings, reference))


def _wanted(settings: DriftSettings, reference: Reference) -> Iterator[tuple[Column, str, bool]]:
    """Yield columns, their tests, and whether these are of raw values."""
    known = {column.name for column in reference.columns}
    for name in settings.columns:
        if name != _ALL_OTHERS and name not in known:
            raise UsageError(
                f"{_named(settings)}: the reference has no column {name!r}, which drift.columns "
                f"names; it has {', '.join(sorted(known))}"
            )
    for column in reference.columns:
        wanted = settings.columns.get(column.name, settings.columns.get(_ALL_OTHERS))
        if wanted is not None:
            named = column.name in settings.columns
            yield column, *_test(settings, column, wanted, named=named)


def _named(settings: DriftSettings) -> str:
    if settings.own is None:
        return str(settings.reference)
    return f"the first {settings.own.first} predictions"


def _test(
    settings: DriftSettings, column: Column, wanted: ColumnSettings, *, named: bool
) -> tuple[str, bool]:
    """Return the test of a column, and whether it is of raw values."""
    test = wanted.test or _DEFAULT_TESTS[column.kind]
    if column.kind not in kinds(test):
        if named:
            raise UsageError(
                f"{_named(settings)}: column {column.name!r} is {column.kind}, and "
                f"drift.columns.{column.name}.test {test} takes only "
                f"{' or '.join(sorted(kinds(test)))} columns"
            )
        # A test for all others is meant for those that can take it.
        test = _DEFAULT_TESTS[column.kind]
    possible = test in SAMPLE_TESTS
    if wanted.exact and named and not possible:
        raise UsageError(
            f"{_named(settings)}: drift.columns.{column.name}.exact: {test} tests counts; tests "
            f"of raw values are {', '.join(SAMPLE_TESTS)}"
        )
    return test, possible and (wanted.exact or test not in TESTS)
