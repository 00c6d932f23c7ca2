from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact

from exporter.drift.columns import CategoricalColumn
from exporter.drift.tests import TESTS

CHI2 = TESTS["chi2"]


def outcome(reference, window):
    """Test counts of named categories and, last, of all others."""
    names = tuple(f"c{position}" for position in range(len(reference) - 1))
    column = CategoricalColumn("x", sum(reference), 0, names, np.array(reference))
    return CHI2.evaluate(column, np.array(window))


@given(st.lists(st.tuples(st.integers(50, 5_000), st.integers(50, 5_000)), min_size=2, max_size=12))
def test_frequent_categories_give_scipys_chi_square(pairs):
    """Nothing is pooled where every expected count is at least 5."""
    table = np.array(pairs).T
    expected = chi2_contingency(table, correction=False)
    if expected.expected_freq.min() < 5:
        return
    found = outcome(*table.tolist())
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert found.pvalue == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)


def test_the_effect_is_the_total_variation_distance():
    """0.5 / 0.3 / 0.2 against 0.4 / 0.3 / 0.3: a tenth of the records moved."""
    assert outcome([500, 300, 200], [400, 300, 300]).effect == pytest.approx(0.1)


def test_rare_categories_are_pooled_into_one():
    """Three categories of 40 in 10,000 expect 2 of 500 each, together 6: one cell of the table."""
    found = outcome([4_940, 4_940, 40, 40, 40], [240, 240, 5, 7, 8])
    expected = chi2_contingency([[4_940, 4_940, 120], [240, 240, 20]], correction=False)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.pvalue == pytest.approx(expected.pvalue)


def test_one_record_of_a_new_category_is_no_evidence():
    """Chi-square alone would give p < 1e-20; exactly it is 2 * 500 / 50,500."""
    found = outcome([25_000, 25_000, 0], [250, 249, 1])
    assert found.statistic > 90
    assert found.pvalue == pytest.approx(2 * 500 / 50_500)


def test_the_rare_pool_is_judged_by_fishers_exact_test():
    """Bonferroni over Fisher's p and the chi-square of the frequent categories."""
    found = outcome([25_000, 25_000, 0], [245, 245, 10])
    exact = fisher_exact([[10, 490], [0, 50_000]], alternative="greater").pvalue
    assert found.pvalue == pytest.approx(2 * exact, rel=1e-6)
    assert found.effect == pytest.approx(0.02)


def test_many_records_of_a_new_category_are_found_beside_a_single_known_one():
    """Pooling it with the known category would leave nothing to compare."""
    found = outcome([50_000, 0], [400, 100])
    assert found.pvalue < 1e-100
    assert found.effect == pytest.approx(0.2)


def test_a_single_category_that_stays_alone_shows_no_drift():
    """A table of one cell has nothing to test: p is 1."""
    found = outcome([1_000, 0], [500, 0])
    assert (found.statistic, found.pvalue, found.effect) == (0.0, 1.0, 0.0)


def test_a_category_that_vanishes_is_found():
    """A fifth of the reference is gone from the window."""
    found = outcome([4_000, 1_000, 0], [500, 0, 0])
    assert found.pvalue < 1e-20
    assert found.effect == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("reference", "window"), [([1, 0], [0, 1]), ([3, 3, 0], [1, 0, 2]), ([1, 0], [1_000_000, 0])]
)
def test_tiny_tables_give_a_sound_p_value(reference, window):
    """Down to one record a row, where everything is rare."""
    found = outcome(reference, window)
    assert 0 < found.pvalue <= 1
    assert np.isfinite(found.statistic)


def test_a_nominal_five_percent_is_never_exceeded_with_rare_categories():
    """Zipf-like shares, 60 categories of which the reference names 20; 2,000 looks."""
    random = np.random.default_rng(4)
    shares = 1 / np.arange(1, 61) ** 1.5
    shares /= shares.sum()
    rejected = 0
    for _ in range(40):
        drawn = random.multinomial(5_000, shares)
        reference = np.append(drawn[:20], drawn[20:].sum())
        for _ in range(50):
            window = random.multinomial(500, shares)
            rejected += outcome(reference, np.append(window[:20], window[20:].sum())).pvalue <= 0.05
    assert rejected / 2_000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
    assert rejected / 2_000 >= 0.01
