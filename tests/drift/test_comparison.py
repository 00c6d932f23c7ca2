from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.comparison import select
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


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"aeg": ColumnSettings()}, r"bot.ref: the reference has no column 'aeg'.*it has plan, x"),
        (
            {"plan": ColumnSettings(test="ks")},
            "bot.ref: column 'plan' is categorical.*ks takes only numeric",
        ),
    ],
)
def test_settings_that_do_not_fit_the_reference_are_refused(columns, message):
    """At start, not silently at the first scrape."""
    with pytest.raises(UsageError, match=message):
        select(settings(columns=columns), reference(classes("plan", 5, 5, 0), numbers("x")))
