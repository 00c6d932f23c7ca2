"""What to expect without labels, and its band."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exporter.estimation.curve import CELLS
from exporter.estimation.estimate import estimates, unsupported
from exporter.estimation.figures import FIGURES
from exporter.estimation.reliability import Reliability, Spread
from exporter.estimation.spreading import spreads
from tests.estimation.worlds import by_confidence, by_score, truth


def counts_of(*numbers):
    """Return predictions by confidence from (cell, number)."""
    counts = np.zeros((1, CELLS), dtype=np.int32)
    for cell, number in numbers:
        counts[0, cell] = number
    return counts


def half_and_nine_tenths():
    """Return a reference of two confidences."""
    right = [1, 0] * 200 + [1] * 360 + [0] * 40
    return by_confidence([0.5] * 400 + [0.9] * 400, right)


def test_accuracy_is_the_mean_of_what_is_expected():
    """Its band holds what is left to chance in the window, and in the reference."""
    found = estimates(half_and_nine_tenths(), counts_of((100, 30), (180, 10)))
    assert list(found) == ["accuracy"]
    value, lower, upper = (getattr(found["accuracy"], end) for end in ("value", "lower", "upper"))
    assert value == pytest.approx((30 * 0.5 + 10 * 0.9) / 40)
    smoothed = np.array([200.5, 360.5]) / 401
    spread = smoothed * (1 - smoothed)
    sampling = (np.array([30, 10]) @ spread) / 40**2
    learned = np.array([0.75, 0.25]) ** 2 @ spread / 400
    half = 1.96 * np.sqrt(sampling + learned)
    assert (value - lower, upper - value) == pytest.approx((half, half), rel=0.03)


def test_the_spreads_of_the_reference_widen_it():
    """That between periods always, that between inputs by their distance."""
    reliability = half_and_nine_tenths()
    spreads_known = replace(reliability, spreads={"accuracy": Spread(periods=0.03, shift=0.2)})
    counts = counts_of((100, 3000), (180, 1000))
    plain = estimates(reliability, counts)["accuracy"]
    wide = estimates(spreads_known, counts)["accuracy"]
    variance = ((plain.upper - plain.value) / 1.96) ** 2 + 0.03**2 + (0.2 * 0.25) ** 2
    assert wide.upper - wide.value == pytest.approx(1.96 * np.sqrt(variance), rel=1e-4)
    assert wide.value == plain.value


def test_of_scores_that_the_reference_lacks_all_may_be_right_or_wrong():
    """Beyond a fifth of them there is no estimate at all."""
    reliability = half_and_nine_tenths()
    inside = estimates(reliability, counts_of((100, 90_000)))["accuracy"]
    counts = counts_of((100, 90_000), (140, 10_000))
    assert unsupported(reliability, counts) == pytest.approx(0.1)
    found = estimates(reliability, counts)["accuracy"]
    assert found.lower < 0.9 * inside.value
    assert found.upper > 0.9 * inside.value + 0.1
    assert estimates(reliability, counts_of((100, 79), (140, 21))) == {}
    assert estimates(reliability, counts_of((100, 80), (140, 20))) != {}


def test_right_and_wrong_of_a_score_that_the_reference_lacks_depend_on_the_predicted_class():
    """Where negative is predicted, the positive class coming true is wrong."""
    predictions = np.zeros((2, CELLS), dtype=np.int64)
    predictions[:, [20, 180]] = 5_000_000
    right = predictions * 9 // 10
    right[0, 180], right[1, 20] = 500_000, 500_000
    reliability = Reliability(predictions, right, ("no", "yes"))
    for kind in (0, 1):
        counts = np.zeros((2, CELLS), dtype=np.int64)
        counts[0, 20] = counts[1, 180] = 450_000
        counts[kind, 100] = 100_000
        found = estimates(reliability, counts)["accuracy"]
        assert found.lower == pytest.approx(0.9 * 0.9, abs=0.002)
        assert found.upper == pytest.approx(0.9 * 0.9 + 0.1, abs=0.002)


def test_figures_without_a_meaning_are_left_out():
    """Nothing is positive, nor predicted so."""
    predictions = np.zeros((2, CELLS), dtype=np.int64)
    predictions[0, 20] = 400
    found = estimates(Reliability(predictions, predictions, ("no", "yes")), predictions)
    assert list(found) == ["accuracy"]


def covered(random, size, draw, repeats, *, spread=False):
    """Return how often each figure realised in a window is in its band.

    `draw` returns features, score, predicted and actual of a number of records, in the reference
    or, shifted, in a window.
    """
    inside = dict.fromkeys(FIGURES, 0)
    for _ in range(repeats):
        features, score, predicted, actual = draw(random, 4000, shifted=False)
        predictions, right = by_score(score, predicted, actual)
        reliability = Reliability(predictions, right, ("no", "yes"))
        if spread:
            at = predicted * CELLS + np.rint(score * 200).astype(int)
            found = spreads(reliability, at, predicted == actual, features)
            reliability = replace(reliability, spreads=found)
        _, score, predicted, actual = draw(random, size, shifted=True)
        counts, right = by_score(score, predicted, actual)
        for name, band in estimates(reliability, counts).items():
            realised = FIGURES[name].value(counts, truth(counts, right))
            inside[name] += band.lower <= realised <= band.upper
    return {name: number / repeats for name, number in inside.items()}


def overconfident(random, size, *, shifted):
    """Draw an overconfident model whose score tells all that there is to know."""
    score = random.beta(1.5 if shifted else 0.7, 2 if shifted else 0.9, size).round(2)
    actual = random.uniform(size=size) < 0.1 + 0.8 * score
    return [], score, (score >= 0.5).astype(int), actual


def forgetful(random, size, *, shifted):
    """Draw a model that does not know of one of three features, of which another value comes."""
    mean = np.array([0.7, 0.4, 0.5]) if shifted else np.zeros(3)
    features = random.normal(size=(size, 3)) + mean
    logit = features @ np.array([1.5, 1.0, 0.5])
    actual = random.uniform(size=size) < 1 / (1 + np.exp(-logit))
    score = (1 / (1 + np.exp(-features @ np.array([1.5, 1.0, 0.0])))).round(2)
    return list(features.T), score, (score >= 0.5).astype(int), actual


def test_the_band_covers_what_is_realised_as_scores_shift():
    """In 90 to 99 of 100 cases, reference, window and truth being drawn anew each time."""
    found = covered(np.random.default_rng(20261123), 600, overconfident, 300)
    assert all(0.90 <= share <= 0.99 for share in found.values()), found


def test_spreads_cover_a_shift_of_what_the_score_does_not_tell():
    """Without them the band is too narrow: no curve knows that calibration differs."""
    without = covered(np.random.default_rng(4), 3000, forgetful, 100)
    found = covered(np.random.default_rng(4), 3000, forgetful, 100, spread=True)
    assert without["f1"] < 0.90
    assert min(found.values()) >= 0.90, found


def test_there_is_no_bias():
    """Over many records the errors cancel out."""
    random = np.random.default_rng(7)
    _, score, predicted, actual = overconfident(random, 100_000, shifted=False)
    reliability = Reliability(*by_score(score, predicted, actual), ("no", "yes"))
    _, score, predicted, actual = overconfident(random, 300_000, shifted=True)
    counts, right = by_score(score, predicted, actual)
    for name, band in estimates(reliability, counts).items():
        realised = FIGURES[name].value(counts, truth(counts, right))
        assert band.value == pytest.approx(float(realised), abs=0.005)
