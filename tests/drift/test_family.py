from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exporter.drift.binning import count
from exporter.drift.comparison import Comparison
from exporter.drift.family import TestFamily as Family
from exporter.drift.tests import TESTS
from tests.drift.test_comparison import classes, numbers

KS, CHI2 = TESTS["ks"], TESTS["chi2"]


@pytest.fixture
def random():
    """Return a generator of its own for each test."""
    return np.random.default_rng(5)


def window(column, values):
    """Count raw values at the column's bins."""
    return count(np.asarray(values), column.edges)


def family(*columns, correction="holm", least=500):
    """Return the tests of columns, each by that of its kind."""
    comparisons = [
        Comparison(column, KS if column.kind == "numeric" else CHI2) for column in columns
    ]
    return Family(comparisons, correction, least)


def results_of(tests, *windows):
    """Return the results of windows, each of them counts of every column."""
    return tests.test(np.array([np.concatenate(each) for each in windows], dtype=float))


def test_each_column_has_a_result_or_too_few_values(random):
    """Too few in the window, too few in the reference, or a result."""
    good, small = numbers("good"), numbers("small", 99)
    counts = [
        window(good, random.normal(size=499)),
        window(good, random.normal(size=500)),
        window(small, random.normal(size=900)),
    ]
    results = results_of(family(good, good, small), counts)
    assert results.samples.tolist() == [[499, 500, 900]]
    assert results.tested.tolist() == [[False, True, False]]
    assert np.isnan(results.adjusted[0, [0, 2]]).all()


def test_results_are_those_of_each_test_alone(random):
    """Columns of different numbers of cells lie side by side, and windows below each other."""
    columns = [
        numbers("x"),
        classes("p", 500, 300, 200, 0),
        numbers("y", 300),
        classes("q", 90, 10),
    ]
    sizes = [len(column.counts) for column in columns]
    windows = [
        [random.multinomial(800 + 100 * at, np.full(size, 1 / size)) for size in sizes]
        for at in range(3)
    ]
    results = results_of(family(*columns), *windows)
    for at, counts in enumerate(windows):
        for which, (column, found) in enumerate(zip(columns, counts, strict=True)):
            test = KS if column.kind == "numeric" else CHI2
            alone = test.binned(column.counts[None, :], found[None, :])[0]
            assert results.pvalue[at, which] == pytest.approx(alone.pvalue, rel=1e-9)
            assert results.statistic[at, which] == pytest.approx(alone.statistic, rel=1e-9)
            assert results.effect[at, which] == pytest.approx(alone.effect, rel=1e-9)


def test_values_that_resemble_each_other_are_worth_fewer(random):
    """Of 1,000 values of an autocorrelation time of 4 the p-value is that of 250 of 2,500."""
    column = replace(numbers("x"), tau=4.0)
    found = window(column, random.normal(0.1, 1, 1000))
    results = results_of(family(column, least=250), [found])
    assert results.effective.tolist() == [[250.0]]
    quarter = KS.binned(column.counts[None, :] / 4, found[None, :] / 4)[0]
    assert results.pvalue[0, 0] == pytest.approx(quarter.pvalue)
    assert results.effect[0, 0] == results_of(family(numbers("x")), [found]).effect[0, 0]
    assert not results_of(family(column, least=251), [found]).tested.any()


@pytest.mark.parametrize(("test", "tau"), [("ks", 4.0), ("ad", 6.0), ("cvm", 6.0), ("mwu", 6.0)])
def test_tests_that_add_up_all_values_take_the_longer_time(random, test, tau):
    """What a mean is worth, not a share."""
    column = replace(numbers("x"), tau=4.0, tau_mean=6.0)
    found = window(column, random.normal(0.1, 1, 6_000))
    tested = Family([Comparison(column, TESTS[test])], "none", 100)
    results = tested.test(found[None, :].astype(np.float64))
    assert results.effective.tolist() == [[6_000 / tau]]
    expected = TESTS[test].binned(column.counts[None, :] / tau, found[None, :] / tau)[0]
    assert results.pvalue[0, 0] == pytest.approx(expected.pvalue)


def test_only_tested_columns_count_for_the_correction(random):
    """Three columns, one of them without rows: Holm over two, in each window by itself."""
    column = numbers("x")
    drifted = window(column, random.normal(0.5, 1, 600))
    same = window(column, random.normal(size=600))
    empty = np.zeros_like(drifted)
    both = [drifted, empty, same], [empty, empty, drifted]
    results = results_of(family(column, column, column), *both)
    first, _, third = results.pvalue[0]
    assert results.adjusted[0].tolist() == pytest.approx(
        [2 * first, np.nan, max(third, 2 * first)], nan_ok=True
    )
    assert results.adjusted[1].tolist() == pytest.approx([np.nan, np.nan, first], nan_ok=True)
    raw = results_of(family(column, column, column, correction="none"), *both)
    assert raw.adjusted[0, 0] == raw.pvalue[0, 0]


def test_no_columns_give_no_results():
    """An empty window of no columns is no error."""
    assert family().test(np.zeros((2, 0))).pvalue.shape == (2, 0)


def test_without_drift_any_of_twenty_columns_is_flagged_in_at_most_alpha_of_the_looks(random):
    """600 looks at n = 500 over 12 references."""
    alpha, looks, flagged = 0.05, 0, 0
    shares = [0.5, 0.3, 0.15, 0.045, 0.005]
    for _ in range(12):
        columns = [numbers(str(at), 5_000, random) for at in range(15)]
        columns += [classes(str(at), *random.multinomial(5_000, shares)) for at in range(5)]
        windows = [
            [
                window(column, random.normal(size=500))
                if column.kind == "numeric"
                else random.multinomial(500, shares)
                for column in columns
            ]
            for _ in range(50)
        ]
        results = results_of(family(*columns), *windows)
        looks += len(windows)
        flagged += int((results.adjusted <= alpha).any(axis=1).sum())
    assert flagged / looks <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / looks)


def test_a_shift_of_a_fifth_of_a_standard_deviation_is_found_in_one_of_twenty_columns(random):
    """N = 1,000, Holm over 20, alpha .01: at least 9 of 10 times."""
    columns = [numbers(str(at), random=random) for at in range(20)]
    windows = []
    for _ in range(40):
        counts = [window(column, random.normal(size=1_000)) for column in columns]
        counts[7] = window(columns[7], random.normal(0.2, 1, 1_000))
        windows.append(counts)
    results = results_of(family(*columns), *windows)
    assert ((results.adjusted[:, 7] <= 0.01) & (results.effect[:, 7] >= 0.05)).sum() >= 36
