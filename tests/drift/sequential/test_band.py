from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, norm, poisson

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.sequential.band import SETS, TIE_SHARE, Band

ALPHA = 0.05


def numeric(values):
    """Profile values as the reference build does."""
    ordered = np.sort(values)
    edges = quantile_edges(ordered)
    return NumericColumn(
        "x", len(values), 0, edges, count(ordered, edges), Moments(None, None, None, None), ordered
    )


def probabilities(column, band, distribution):
    """Return the true probability of each set."""
    below = distribution(np.concatenate((column.edges, [np.inf])))
    return np.diff(below, prepend=0.0) @ band.members


def test_the_bounds_at_the_deciles_are_those_of_order_statistics():
    """F at rank r is distributed as Beta(r, m + 1 - r)."""
    column = numeric(np.random.default_rng(0).normal(size=10_000))
    band = Band.of(column, ALPHA)
    each = (1 - TIE_SHARE) * ALPHA / (2 * SETS)
    ranks = np.arange(1, 10) * 1_000
    assert (column.counts @ band.members).tolist() == ranks.tolist()
    assert band.lower == pytest.approx(beta.ppf(each, ranks, 10_001 - ranks))
    assert band.upper == pytest.approx(beta.ppf(1 - each, ranks + 1, 10_000 - ranks))
    assert (band.upper - band.lower).max() / 2 < 0.02


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (lambda random: random.normal(size=1_000), norm.cdf),
        (lambda random: random.poisson(1.5, 1_000).astype(float), poisson(1.5).cdf),
        (lambda random: random.poisson(300, 1_000).astype(float), poisson(300).cdf),
    ],
)
def test_all_bounds_hold_at_once_as_often_as_promised(draw, distribution):
    """Over 800 references, continuous and tied: at most alpha and three standard errors fail."""
    random = np.random.default_rng(1)
    failed = 0
    for _ in range(800):
        column = numeric(draw(random))
        band = Band.of(column, ALPHA)
        truth = probabilities(column, band, distribution)
        failed += bool(((truth < band.lower) | (truth > band.upper)).any())
    assert failed / 800 <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / 800)


def test_the_bounds_of_categories_hold_at_once():
    """Over 800 references of five categories."""
    random = np.random.default_rng(2)
    shares = np.array([0.5, 0.3, 0.15, 0.049, 0.001])
    failed = 0
    for _ in range(800):
        drawn = random.multinomial(500, shares)
        band = Band.of(CategoricalColumn("x", 500, 0, tuple("abcd"), drawn), ALPHA)
        truth = shares @ band.members
        asked = band.members.any(axis=0)
        failed += bool(((truth < band.lower) | (truth > band.upper))[asked].any())
    assert failed / 800 <= ALPHA


def test_a_tolerance_widens_the_band_and_autocorrelation_does():
    """By itself, and by the root of tau."""
    column = numeric(np.random.default_rng(3).normal(size=10_000))
    plain, tolerant = Band.of(column, ALPHA), Band.of(column, ALPHA, tolerance=0.02)
    assert tolerant.upper == pytest.approx(plain.upper + 0.02)
    assert tolerant.lower == pytest.approx(plain.lower - 0.02)
    dependent = Band.of(column, ALPHA, tau=4.0)
    widths = (dependent.upper - dependent.lower) / (plain.upper - plain.lower)
    assert widths == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    "column",
    [
        numeric(np.empty(0)),
        CategoricalColumn("x", 0, 0, (), np.zeros(1, dtype=np.int64)),
        numeric(np.full(300, 2.5)),
        numeric(np.array([1.0])),
    ],
)
def test_bounds_of_next_to_nothing_are_bounds(column):
    """Empty, constant, a single value."""
    band = Band.of(column, ALPHA)
    assert band.members.shape == (len(column.counts), SETS)
    assert ((band.lower >= 0) & (band.upper <= 1) & (band.lower <= band.upper)).all()
