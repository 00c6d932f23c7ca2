from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.evaluation import Comparison, evaluate, select
from exporter.drift.reference import Provenance, Reference
from exporter.drift.tests import TESTS
from exporter.errors import UsageError


@pytest.fixture
def random():
    """Return a generator of its own for each test."""
    return np.random.default_rng(5)


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


def window(column, values):
    """Count raw values at the column's bins."""
    return count(np.asarray(values), column.edges)


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


def test_each_column_has_a_verdict_or_a_reason(random):
    """Too few rows in the window, too few in the reference, or a result."""
    good, small = numbers("good"), numbers("small", 99)
    comparisons = [Comparison(good, TESTS["ks"])] * 2 + [Comparison(small, TESTS["ks"])]
    counts = [
        window(good, random.normal(size=499)),
        window(good, random.normal(size=500)),
        window(small, random.normal(size=900)),
    ]
    few, tested, unusable = evaluate(comparisons, counts, settings())
    assert (few.reason, few.n, few.outcome, few.detected) == ("too_few_rows", 499, None, None)
    assert (tested.reason, tested.n, tested.detected) == ("", 500, False)
    assert (unusable.reason, unusable.n) == ("too_few_reference_rows", 900)


def test_only_tested_columns_count_for_the_correction(random):
    """Three columns, one of them without rows: Holm over two."""
    column = numbers("x")
    comparison = Comparison(column, TESTS["ks"])
    drifted = window(column, random.normal(0.5, 1, 600))
    same = window(column, random.normal(size=600))
    empty = np.zeros_like(drifted)
    first, second, third = evaluate([comparison] * 3, [drifted, empty, same], settings())
    assert first.adjusted_pvalue == pytest.approx(2 * first.outcome.pvalue)
    assert second.adjusted_pvalue is None
    assert third.adjusted_pvalue == pytest.approx(max(third.outcome.pvalue, first.adjusted_pvalue))
    raw = evaluate([comparison] * 3, [drifted, empty, same], settings(correction="none"))
    assert raw[0].adjusted_pvalue == raw[0].outcome.pvalue


def test_a_difference_that_is_certain_but_small_is_no_drift(random):
    """A shift of 0.05 sd at n = 200,000: p is tiny, D about 0.02."""
    column = numbers("x", 200_000)
    counts = window(column, random.normal(0.05, 1, 200_000))
    (verdict,) = evaluate([Comparison(column, TESTS["ks"])], [counts], settings())
    assert verdict.adjusted_pvalue < 1e-20
    assert verdict.outcome.effect < 0.05
    assert verdict.detected is False
    (strict,) = evaluate([Comparison(column, TESTS["ks"])], [counts], settings(min_effect=0.01))
    assert strict.detected is True


def test_no_columns_give_no_verdicts():
    """An empty window of no columns is no error."""
    assert evaluate([], [], settings()) == []


def test_without_drift_any_of_twenty_columns_is_flagged_in_at_most_alpha_of_the_looks(random):
    """600 looks at n = 500 over 12 references; by the p-value alone and by the full verdict."""
    alpha, looks, flagged, detected = 0.05, 0, 0, 0
    for _ in range(12):
        comparisons = [Comparison(numbers(str(i), 5_000, random), TESTS["ks"]) for i in range(15)]
        comparisons += [
            Comparison(classes(str(i), *random.multinomial(5_000, shares)), TESTS["chi2"])
            for i, shares in enumerate([[0.5, 0.3, 0.15, 0.045, 0.005]] * 5)
        ]
        for _ in range(50):
            counts = [
                window(c.column, random.normal(size=500))
                if c.test.name == "ks"
                else random.multinomial(500, [0.5, 0.3, 0.15, 0.045, 0.005])
                for c in comparisons
            ]
            verdicts = evaluate(comparisons, counts, settings(alpha=alpha))
            looks += 1
            flagged += any(verdict.adjusted_pvalue <= alpha for verdict in verdicts)
            detected += any(verdict.detected for verdict in verdicts)
    assert detected <= flagged
    assert flagged / looks <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / looks)


def test_a_shift_of_a_fifth_of_a_standard_deviation_is_found_in_one_of_twenty_columns(random):
    """N = 1,000, Holm over 20, alpha .01: at least 9 of 10 times."""
    comparisons = [Comparison(numbers(str(i), random=random), TESTS["ks"]) for i in range(20)]
    found = 0
    for _ in range(40):
        counts = [window(c.column, random.normal(size=1_000)) for c in comparisons]
        counts[7] = window(comparisons[7].column, random.normal(0.2, 1, 1_000))
        found += bool(evaluate(comparisons, counts, settings())[7].detected)
    assert found >= 36
