from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.comparison import select, select_columns, select_samples
from exporter.drift.reference import Provenance, Reference
from exporter.errors import UsageError


def settings(**changed):
    """Return drift settings of a reference called `bot.ref`."""
    return DriftSettings(reference=Path("bot.ref"), **changed)


def numbers(name, n=10_000, random=None):
    """Return a column of standard normal numbers."""
    values = np.sort((random or np.random.default_rng(0)).normal(size=n))
    edges = quantile_edges(values)
    return NumericColumn(
        name, n, 0, edges, count(values, edges), Moments(None, None, None, None), values
    )


def classes(name, *counts):
    """Return a column of categories a, b, …, the last count being of others."""
    names = tuple("abcdefgh"[: len(counts) - 1])
    return CategoricalColumn(name, sum(counts), 0, names, np.array(counts))


def reference(*columns):
    """Return a reference of these columns."""
    return Reference("bot", "", Provenance((), 0, None, None), columns)


def test_every_column_gets_the_test_of_its_kind():
    """Kolmogorov-Smirnov for numbers, chi-square for categories."""
    chosen = select(settings(), reference(classes("plan", 5, 5, 0), numbers("x")))
    assert [(c.column.name, c.test.name) for c in chosen] == [("plan", "chi2"), ("x", "ks")]


def test_without_a_star_only_named_columns_are_tested():
    """And with one, the named ones keep their own test."""
    both = reference(numbers("x"), numbers("y"))
    named = {"y": ColumnSettings(test="chi2")}
    assert [(c.column.name, c.test.name) for c in select(settings(columns=named), both)] == [
        ("y", "chi2")
    ]
    chosen = select(settings(columns=named | {"*": ColumnSettings()}), both)
    assert [c.test.name for c in chosen] == ["ks", "chi2"]


def test_a_test_for_all_others_passes_over_columns_that_it_cannot_take():
    """`"*": {test: ks}` is meant for numbers; categories keep their default."""
    chosen = select(
        settings(columns={"*": ColumnSettings(test="ks")}),
        reference(classes("plan", 5, 5, 0), numbers("x")),
    )
    assert [c.test.name for c in chosen] == ["chi2", "ks"]


def chosen_of(columns):
    """Return names and tests of what windows and last values are tested for."""
    known = reference(classes("plan", 5, 5, 0), numbers("x"), numbers("y"))
    wanted = settings(columns=columns)
    assert [column.name for column in select_columns(wanted, known)] == ["plan", "x", "y"]
    return tuple(
        [(c.column.name, c.test.name) for c in chosen(wanted, known)]
        for chosen in (select, select_samples)
    )


def test_a_test_of_raw_values_takes_the_place_of_windows():
    """Windows hold counts, of which there is no mean."""
    windows, samples = chosen_of({"x": ColumnSettings(test="t"), "*": ColumnSettings()})
    assert windows == [("plan", "chi2"), ("y", "ks")]
    assert samples == [("x", "t")]


def test_exact_tests_stand_beside_those_of_windows():
    """For all others it is meant for those that can take it."""
    windows, samples = chosen_of(
        {"x": ColumnSettings(test="ad", exact=True), "*": ColumnSettings(exact=True)}
    )
    assert windows == [("plan", "chi2"), ("x", "ad"), ("y", "ks")]
    assert samples == [("x", "ad"), ("y", "ks")]
    windows, samples = chosen_of({"*": ColumnSettings(test="welch_anova")})
    assert windows == [("plan", "chi2")]
    assert samples == [("x", "welch_anova"), ("y", "welch_anova")]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"aeg": ColumnSettings()}, r"bot.ref: the reference has no column 'aeg'.*it has plan, x"),
        (
            {"plan": ColumnSettings(test="ks")},
            "bot.ref: column 'plan' is categorical.*ks takes only numeric",
        ),
        ({"plan": ColumnSettings(test="t")}, "column 'plan' is categorical.*t takes only numeric"),
        ({"plan": ColumnSettings(exact=True)}, "plan.exact: chi2 tests counts; .* ks, ad, cvm"),
        ({"x": ColumnSettings(test="chi2", exact=True)}, "x.exact: chi2 tests counts"),
    ],
)
def test_settings_that_do_not_fit_the_reference_are_refused(columns, message):
    """At start, not silently at the first scrape."""
    with pytest.raises(UsageError, match=message):
        select(settings(columns=columns), reference(classes("plan", 5, 5, 0), numbers("x")))
