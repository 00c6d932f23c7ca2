from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import (
    anderson_ksamp,
    cramervonmises_2samp,
    f_oneway,
    ks_2samp,
    levene,
    mannwhitneyu,
    ttest_ind,
)

from exporter.drift.tests import SAMPLE_TESTS, Sample
from exporter.drift.tests import anova as variance_analysis

REFERENCE_SIZES = st.integers(150, 3_000)
SHIFTS = st.sampled_from([0.0, 0.0, 0.05, 0.3, 2.0])
SHAPES = st.sampled_from(["continuous", "tenths", "integers", "heavy tails"])


def draw(seed, m, n, shift, shape):
    """Return a sorted reference and a window in order of time."""
    random = np.random.default_rng(seed)
    reference, window = random.normal(size=m), random.normal(shift, 1, n)
    if shape == "tenths":
        reference, window = np.round(reference, 1), np.round(window, 1)
    elif shape == "integers":
        reference, window = np.round(2 * reference), np.round(2 * window)
    elif shape == "heavy tails":
        reference, window = np.sinh(3 * reference), np.sinh(3 * window)
    return np.sort(reference), window


PAIRS = st.builds(
    draw, st.integers(0, 10_000), REFERENCE_SIZES, st.integers(150, 2_000), SHIFTS, SHAPES
)
pairs = given(PAIRS)


def exact(name, reference, window):
    """Compare raw values."""
    return SAMPLE_TESTS[name].exact(Sample(reference), window)


@settings(max_examples=60, deadline=None)
@pairs
def test_ks_is_scipys(pair):
    """D to rounding, p to 1e-9, with and without ties."""
    reference, window = pair
    found = exact("ks", reference, window)
    expected = ks_2samp(window, reference, method="asymp")
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


@given(
    st.lists(st.integers(-3, 4), min_size=2, max_size=30),
    st.lists(st.integers(-4, 5) | st.floats(-4, 5), min_size=2, max_size=30),
)
def test_ks_of_few_and_tied_values_is_scipys(reference, window):
    """Down to two values on either side, many of them equal."""
    ordered, window = np.sort(np.array(reference, dtype=float)), np.array(window, dtype=float)
    found = exact("ks", ordered, window)
    expected = ks_2samp(window, ordered, method="asymp")
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


def test_ks_of_many_columns_is_that_of_each():
    """With p-values in the tail, the body, near 1 and at 0."""
    random = np.random.default_rng(1)
    references = [Sample(np.sort(random.normal(size=10_000))) for _ in range(6)]
    shifts = (0.0, 0.01, 0.02, 0.05, 0.1, 3.0)
    windows = [random.normal(shift, 1, 10_000) for shift in shifts]
    found = SAMPLE_TESTS["ks"].exact_all(references, windows)
    assert len(found) == 6
    for position, (reference, window) in enumerate(zip(references, windows, strict=True)):
        expected = ks_2samp(window, reference.values, method="asymp")
        assert found[position].statistic == pytest.approx(expected.statistic, abs=1e-12)
        assert found[position].pvalue == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(PAIRS.filter(lambda pair: len(np.unique(np.concatenate(pair))) == sum(map(len, pair))))
def test_cramer_von_mises_is_scipys_without_ties(pair):
    """Statistic to rounding; p to 1e-9 where scipy's series is exact, which far out it is not."""
    reference, window = pair
    found = exact("cvm", reference, window)
    expected = cramervonmises_2samp(window, reference, method="asymptotic")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    if found.statistic < 4:
        assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)
    else:
        assert 0 <= found.pvalue < 1e-9


@settings(max_examples=40, deadline=None)
@given(PAIRS.filter(lambda pair: len(np.unique(np.concatenate(pair))) > 40))
def test_anderson_darling_is_scipys(pair):
    """Statistic to rounding; p where scipy's table has one, else on the far side of its ends.

    A column of few distinct values may have a larger one, since the table rejects too often there.
    """
    reference, window = pair
    found = exact("ad", reference, window)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = anderson_ksamp([reference, window], variant="midrank")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    if expected.pvalue == 0.25:
        assert 0.25 <= found.pvalue <= 1
    elif expected.pvalue == 0.001:
        assert 0 <= found.pvalue <= 0.001
    else:
        raised = found.pvalue > expected.pvalue and len(np.unique(np.concatenate(pair))) < 250
        assert raised or found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=40, deadline=None)
@pairs
def test_mann_whitney_is_scipys(pair):
    """With the corrections for ties and continuity."""
    reference, window = pair
    found = exact("mwu", reference, window)
    expected = mannwhitneyu(window, reference, method="asymptotic")
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=40, deadline=None)
@pairs
def test_welchs_t_is_scipys(pair):
    """Unequal variances and sizes."""
    reference, window = pair
    found = exact("t", reference, window)
    expected = ttest_ind(window, reference, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=40, deadline=None)
@pairs
def test_analyses_of_variance_are_scipys(pair):
    """Of the reference and twenty parts of the window."""
    reference, window = pair
    groups = [reference, *np.array_split(window, variance_analysis.PARTS)]
    for name, equal_var in (("anova", True), ("welch_anova", False)):
        if not equal_var and any(len(set(group.tolist())) < 2 for group in groups):
            continue
        found = exact(name, reference, window)
        expected = f_oneway(*groups, equal_var=equal_var)
        assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
        assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)


@settings(max_examples=40, deadline=None)
@pairs
def test_levene_is_scipys_and_reports_the_ratio_of_variances(pair):
    """Around the medians."""
    reference, window = pair
    found = variance_analysis.levene(Sample(reference), window)
    expected = levene(window, reference, center="median")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert found.pvalue == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.ratio == pytest.approx(window.var(ddof=1) / reference.var(ddof=1))


@pytest.mark.parametrize("name", sorted(SAMPLE_TESTS))
def test_constants_are_equal_or_they_are_not(name):
    """No division by a variance of nothing."""
    same = exact(name, np.full(200, 2.5), np.full(300, 2.5))
    assert same.pvalue > 0.3
    assert same.effect == 0.0
    other = exact(name, np.full(200, 2.5), np.full(300, 2.0))
    assert other.pvalue < 1e-20
    assert other.effect == 1.0


@pytest.mark.parametrize("name", sorted(SAMPLE_TESTS))
def test_two_values_on_either_side_give_a_sound_p_value(name):
    """The least that is allowed."""
    found = exact(name, np.array([1.0, 2.0]), np.array([1.5, 3.0]))
    assert 0 < found.pvalue <= 1
    assert np.isfinite(found.statistic)


@pytest.mark.parametrize("name", sorted(SAMPLE_TESTS))
def test_a_nominal_five_percent_is_kept_without_drift(name):
    """Fresh references; three standard errors above it at most, and not asleep."""
    random = np.random.default_rng(7)
    rejected = sum(
        exact(name, np.sort(random.normal(size=2_000)), random.normal(size=500)).pvalue <= 0.05
        for _ in range(600)
    )
    assert 0.02 <= rejected / 600 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("name", sorted(SAMPLE_TESTS))
def test_effects_are_on_one_scale(name):
    """A shift of half a standard deviation is about .197 for each, so one limit serves all."""
    random = np.random.default_rng(8)
    found = exact(name, np.sort(random.normal(size=10_000)), random.normal(0.5, 1, 10_000))
    assert found.effect == pytest.approx(0.197, abs=0.02)
    assert found.pvalue < 1e-50


def test_anovas_see_a_mean_that_wanders_within_the_window():
    """Which a t-test of the whole window cannot: the means cancel."""
    random = np.random.default_rng(9)
    reference = np.sort(random.normal(size=10_000))
    window = random.normal(size=1_000) + np.repeat([0.5, -0.5], 500)
    window -= window.mean() - reference.mean()
    assert exact("t", reference, window).pvalue > 0.99
    assert exact("anova", reference, window).pvalue < 1e-6
    assert exact("welch_anova", reference, window).pvalue < 1e-6


def test_levene_is_blind_to_a_shift_and_sees_a_spread():
    """A factor of 1.3 in the standard deviation is 1.69 in the variance."""
    random = np.random.default_rng(10)
    reference = Sample(np.sort(random.normal(size=10_000)))
    assert variance_analysis.levene(reference, random.normal(2, 1, 1_000)).pvalue > 0.01
    wider = variance_analysis.levene(reference, random.normal(0, 1.3, 1_000))
    assert wider.ratio == pytest.approx(1.69, rel=0.1)
    assert wider.pvalue < 1e-6
