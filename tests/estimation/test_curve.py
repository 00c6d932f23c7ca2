"""A calibration curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from exporter.estimation.curve import CELLS, DRAWS, STEPS
from tests.estimation.worlds import by_confidence

SIZE = 300


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_it_is_scikit_learns_isotonic_regression(seed):
    """At the cells of the reference and, in a line, between them."""
    random = np.random.default_rng(seed)
    confidence = random.integers(0, 21, SIZE) / 20
    right = random.uniform(size=SIZE) < confidence
    curve = by_confidence(confidence, right).curve
    expected = IsotonicRegression(out_of_bounds="clip").fit(confidence, right)
    grid = np.arange(CELLS) / STEPS
    np.testing.assert_allclose(curve.probability, expected.predict(grid), atol=1e-9)
    for each in (curve.probability, *curve.draws):
        assert (np.diff(each) >= -1e-12).all()


def test_what_was_always_right_is_not_certain():
    """No curve of a reference drawn anew would differ, else, and no window could surprise."""
    curve = by_confidence([0.9] * 400, [1] * 400).curve
    assert curve.probability[180] == 1
    assert curve.smoothed[180] == pytest.approx(400.5 / 401)
    assert curve.draws[:, 180].std() > 0.001


def test_curves_drawn_anew_spread_as_binomial_figures_do():
    """Within the error of so few draws."""
    curve = by_confidence([0.5] * 400, [1] * 240 + [0] * 160).curve
    expected = np.sqrt(0.6 * 0.4 / 400)
    assert curve.draws.shape == (DRAWS, CELLS)
    assert curve.draws[:, 100].std() == pytest.approx(expected, rel=4 / np.sqrt(2 * DRAWS))


def test_support_reaches_as_far_as_there_are_thirty():
    """Within five cells either side."""
    curve = by_confidence([0.5] * 400 + [0.9] * 29, [1] * 429).curve
    assert np.flatnonzero(curve.supported).tolist() == list(range(95, 106))


def test_distance_is_total_variation():
    """0 of the reference itself, 1 of what shares nothing with it."""
    reliability = by_confidence([0.2] * 300 + [0.5] * 400 + [0.9] * 300, [1] * 1000)
    curve, number = reliability.curve, reliability.predictions[0]
    assert curve.distance(number) == pytest.approx(0, abs=1e-12)
    other = np.zeros(CELLS, dtype=np.int64)
    other[180] = 10
    assert curve.distance(other) == pytest.approx(0.7)
    assert by_confidence([0.2] * 300, [1] * 300).curve.distance(number) <= 1
