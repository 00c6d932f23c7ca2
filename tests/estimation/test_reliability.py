"""The accuracy to expect of predictions, from how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from exporter.estimation.reliability import CELLS, LEAST, STEPS, Reliability
from tests.monitors.builders import batch

RESAMPLES = 400


def reliability(confidence, right):
    """Return the counts of predictions."""
    cells = np.rint(np.asarray(confidence) * STEPS).astype(int)
    return Reliability(
        np.bincount(cells, minlength=CELLS),
        np.bincount(cells[np.asarray(right, dtype=bool)], minlength=CELLS),
    )


def test_counts_of_a_batch():
    """Labelled classes with a confidence; what failed or has no label says nothing."""
    found = Reliability.of(
        batch(
            {"prediction": "a", "true_label": "a", "confidence": 0.9},
            {"prediction": "a", "true_label": "b", "confidence": 0.9},
            {"prediction": "a", "true_label": "a", "confidence": 0.5},
            {"prediction": "a", "true_label": "a"},
            {"prediction": "a", "confidence": 0.5},
            {"prediction": "a", "true_label": "a", "confidence": 0.5, "error": "late"},
        )
    )
    assert np.flatnonzero(found.predictions).tolist() == [100, 180]
    assert found.predictions[[100, 180]].tolist() == [1, 2]
    assert found.right[[100, 180]].tolist() == [1, 1]
    assert not found.enough


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_the_curve_is_scikit_learns_isotonic_regression(seed):
    """At the cells of the reference and, in a line, between them."""
    random = np.random.default_rng(seed)
    confidence = random.integers(0, 21, LEAST) / 20
    right = random.uniform(size=LEAST) < confidence
    curve = reliability(confidence, right).curve
    expected = IsotonicRegression(out_of_bounds="clip").fit(confidence, right)
    grid = np.arange(CELLS) / STEPS
    np.testing.assert_allclose(curve.probability, expected.predict(grid), atol=1e-9)
    assert (np.diff(curve.probability) >= -1e-12).all()


def test_an_estimate_is_the_mean_of_what_is_expected():
    """And its band holds both sources of error."""
    found = reliability([0.5] * 400 + [0.9] * 400, [1, 0] * 200 + [1] * 360 + [0] * 40)
    counts = np.zeros(CELLS, dtype=np.int32)
    counts[[100, 180]] = 30, 10
    mean, low, high = found.curve.estimate(counts)
    assert mean == pytest.approx((30 * 0.5 + 10 * 0.9) / 40)
    sampling = (30 * 0.25 + 10 * 0.09) / 40**2
    smoothed = np.array([200.5, 360.5]) / 401
    learned = (np.array([0.75, 0.25]) ** 2 * smoothed * (1 - smoothed) / 400).sum()
    half = 1.96 * np.sqrt(sampling + learned)
    assert (mean - low, high - mean) == pytest.approx((half, half), rel=1e-4)


def test_the_band_covers_the_realised_accuracy():
    """In 90 to 99 of 100 cases, where confidence and truth are drawn anew each time."""
    random = np.random.default_rng(20261123)
    inside = 0
    for _ in range(RESAMPLES):
        # An overconfident model, on other inputs than in its reference.
        known, new = random.beta(4, 2, 2000).round(2), random.beta(2, 2, 500).round(2)
        found = reliability(known, random.uniform(size=2000) < known**1.5)
        counts = np.bincount(np.rint(new * STEPS).astype(int), minlength=CELLS)
        _, low, high = found.curve.estimate(counts)
        inside += low <= (random.uniform(size=500) < new**1.5).mean() <= high
    assert 0.90 <= inside / RESAMPLES <= 0.99


def test_it_has_no_bias():
    """Over many windows the errors cancel out."""
    random = np.random.default_rng(7)
    known = random.beta(4, 2, 50_000).round(2)
    curve = reliability(known, random.uniform(size=50_000) < known**1.5).curve
    new = random.beta(2, 2, 100_000).round(2)
    counts = np.bincount(np.rint(new * STEPS).astype(int), minlength=CELLS)
    mean, _, _ = curve.estimate(counts)
    assert mean == pytest.approx((new**1.5).mean(), abs=0.004)
