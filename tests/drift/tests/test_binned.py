from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp, mannwhitneyu

from exporter.drift.binning import count, quantile_edges
from exporter.drift.tests import SAMPLE_TESTS, TESTS, Sample
from exporter.drift.tests.ks import largest_distance

RANK_TESTS = ("ks", "ad", "cvm", "mwu")
ROWS = st.lists(st.integers(0, 400), min_size=5, max_size=5).filter(lambda row: sum(row) > 1)


def spread(counts):
    """Return the cells' numbers, each as often as it was counted."""
    return np.repeat(np.arange(len(counts), dtype=float), counts)


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, st.sampled_from(RANK_TESTS))
def test_a_binned_test_is_the_exact_test_of_the_cells(reference, counts, name):
    """All values of a cell are one tie: nothing else is lost."""
    found = TESTS[name].binned(np.array([reference]), np.array([counts]))[0]
    expected = SAMPLE_TESTS[name].exact(Sample(spread(reference)), spread(counts))
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert found.effect == pytest.approx(expected.effect, abs=1e-12)
    if name != "ks":
        assert found.pvalue == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(ROWS, ROWS)
def test_the_tie_correction_of_mann_whitney_is_scipys(reference, counts):
    """Also of cells that hold nearly everything."""
    ours, theirs = spread(reference), spread(counts)
    if len(set(ours) | set(theirs)) > 1:
        found = TESTS["mwu"].binned(np.array([reference]), np.array([counts]))[0]
        expected = mannwhitneyu(theirs, ours, method="asymptotic")
        assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


def test_cramer_von_mises_with_ties_is_the_mean_over_the_ways_to_break_them():
    """Of 4,000 random ways, within five standard errors."""
    random = np.random.default_rng(11)
    reference, counts = np.array([6, 0, 9, 5]), np.array([1, 4, 7, 3])
    ours, theirs = spread(reference), spread(counts)
    broken = [
        SAMPLE_TESTS["cvm"].exact(Sample(np.sort(ours + noise[:20])), theirs + noise[20:]).statistic
        for noise in random.uniform(0, 0.5, (4_000, 35))
    ]
    found = TESTS["cvm"].binned(reference[None, :], counts[None, :])[0].statistic
    assert found == pytest.approx(np.mean(broken), abs=5 * np.std(broken) / np.sqrt(4_000))


@pytest.mark.parametrize("name", RANK_TESTS)
@pytest.mark.parametrize("rate", [0.3, 2.0, 60.0])
def test_a_nominal_five_percent_is_never_exceeded_on_integers(name, rate):
    """Where nearly every value is tied with others."""
    random = np.random.default_rng(12)
    pvalues = []
    for _ in range(20):
        reference = np.bincount(random.poisson(rate, 5_000), minlength=150)
        counts = [np.bincount(random.poisson(rate, 500), minlength=150) for _ in range(50)]
        pvalues += [TESTS[name].binned(np.tile(reference, (50, 1)), np.array(counts)).pvalue]
    rejected = (np.concatenate(pvalues) <= 0.05).mean()
    assert rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 2_000), st.sampled_from([0.0, 0.2, 1.0]))
def test_the_bounds_of_the_binned_distance_hold(seed, n, shift):
    """D of the raw values lies between the binned one and its upper bound, at most a bin above."""
    random = np.random.default_rng(seed)
    reference, window = np.sort(random.normal(size=2_000)), random.normal(shift, 1, n)
    edges = quantile_edges(reference)
    table = count(reference, edges)[None, :], count(window, edges)[None, :]
    exact = ks_2samp(window, reference, method="asymp").statistic
    binned = TESTS["ks"].binned(*table)[0].statistic
    upper = largest_distance(*table)[0]
    assert binned - 1e-12 <= exact <= upper + 1e-12
    assert upper <= binned + 0.01 + 1e-12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 2_000), st.sampled_from([0.0, 0.2, 1.0]))
def test_the_bound_of_the_binned_mann_whitney_holds(seed, n, shift):
    """P(window > reference) is off by half the sum of p q at most."""
    random = np.random.default_rng(seed)
    reference, window = np.sort(random.normal(size=2_000)), random.normal(shift, 1, n)
    edges = quantile_edges(reference)
    ours, theirs = count(reference, edges), count(window, edges)
    binned = TESTS["mwu"].binned(ours[None, :], theirs[None, :])[0].statistic / (2_000 * n)
    exact = SAMPLE_TESTS["mwu"].exact(Sample(reference), window).statistic / (2_000 * n)
    bound = (ours / 2_000 * theirs / n).sum() / 2
    assert abs(binned - exact) <= bound + 1e-12
    assert bound <= 0.01 / 2 + 1e-12


@pytest.mark.parametrize("name", ["ad", "cvm", "mwu"])
def test_a_hundred_bins_lose_next_to_nothing(name):
    """Statistics of 100 bins and of raw values, n = 500, a shift of .2."""
    random = np.random.default_rng(2)
    for _ in range(20):
        reference, window = np.sort(random.normal(size=10_000)), random.normal(0.2, 1, 500)
        edges = quantile_edges(reference)
        table = count(reference, edges)[None, :], count(window, edges)[None, :]
        binned = TESTS[name].binned(*table)[0].statistic
        exact = SAMPLE_TESTS[name].exact(Sample(reference), window).statistic
        assert binned == pytest.approx(exact, rel=0.05, abs=0.05)


@pytest.mark.parametrize("name", sorted(TESTS))
def test_columns_do_not_touch_each_other_and_empty_cells_change_nothing(name):
    """Three columns at once, filled up with zeros, against each of them alone."""
    random = np.random.default_rng(3)
    reference, counts = random.integers(0, 90, (3, 6)), random.integers(0, 40, (3, 6))
    padded = [np.pad(table, ((0, 0), (0, 4))) for table in (reference, counts)]
    together = TESTS[name].binned(*padded, "categorical")
    for column in range(3):
        alone = reference[None, column], counts[None, column]
        expected = TESTS[name].binned(*alone, "categorical")[0]
        for field in ("statistic", "pvalue", "effect"):
            found = getattr(together[column], field)
            assert found == pytest.approx(getattr(expected, field), rel=1e-12)


@given(st.lists(st.tuples(st.integers(50, 5_000), st.integers(50, 5_000)), min_size=2, max_size=9))
def test_g_is_scipys_where_no_cell_is_rare(rows):
    """The likelihood ratio."""
    table = np.array(rows).T
    expected = chi2_contingency(table, correction=False, lambda_="log-likelihood")
    # Of a statistic of nothing but rounding p is 1 less its root.
    if expected.expected_freq.min() < 20 or expected.statistic < 1e-6:
        return
    found = TESTS["g"].binned(table[:1], table[1:], "categorical")[0]
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-8)
    assert found.pvalue == pytest.approx(expected.pvalue, rel=1e-7, abs=1e-9)


def test_g_judges_one_record_of_a_new_category_as_chi_square_does():
    """By Fisher's exact test: 2 * 500 / 50,500."""
    found = TESTS["g"].binned(np.array([[25_000, 25_000, 0]]), np.array([[250, 249, 1]]))[0]
    assert found.pvalue == pytest.approx(2 * 500 / 50_500)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 200), st.integers(0, 200))
def test_fisher_is_scipys(a, b, c, d):
    """Two-sided, of a table of two categories."""
    found = TESTS["fisher"].binned(np.array([[a, b]]), np.array([[c, d]]))[0]
    expected = fisher_exact([[a, b], [c, d]]).pvalue
    assert found.pvalue == pytest.approx(min(expected, 1.0), abs=1e-9)
    assert found.effect == pytest.approx(abs(a / (a + b) - c / (c + d)))
    assert np.isfinite(found.statistic)


def test_fisher_folds_all_but_the_most_frequent_category():
    """By the reference: 60 of 100 against the rest, whatever the window brings."""
    found = TESTS["fisher"].binned(np.array([[30, 60, 10, 0]]), np.array([[5, 10, 3, 20]]))[0]
    assert found.pvalue == pytest.approx(fisher_exact([[10, 28], [60, 40]]).pvalue)


@pytest.mark.parametrize("name", [*RANK_TESTS, "chi2"])
def test_a_nominal_five_percent_is_never_exceeded(name):
    """With n = 500, 100 bins, 1,000 looks; not more than three standard errors above it."""
    random = np.random.default_rng(6)
    rejected = 0
    for _ in range(20):
        reference = np.sort(random.normal(size=10_000))
        edges = quantile_edges(reference)
        ours = count(reference, edges)
        counts = np.stack([count(random.normal(size=500), edges) for _ in range(50)])
        found = TESTS[name].binned(np.tile(ours, (50, 1)), counts)
        rejected += int((found.pvalue <= 0.05).sum())
    assert 0.015 <= rejected / 1_000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)


@pytest.mark.parametrize("name", ["chi2", "g"])
@pytest.mark.parametrize(("m", "n"), [(5_000, 500), (500, 500), (1_000, 5_000)])
def test_a_nominal_five_percent_is_kept_on_categories(name, m, n):
    """Sixty with Zipf-like shares, many of them rare, whichever sample is the larger."""
    random = np.random.default_rng(13)
    shares = 1 / np.arange(1, 61) ** 1.5
    shares /= shares.sum()
    reference, counts = random.multinomial(m, shares, 4_000), random.multinomial(n, shares, 4_000)
    found = TESTS[name].binned(reference, counts, "categorical")
    assert 0.015 <= (found.pvalue <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4_000)
