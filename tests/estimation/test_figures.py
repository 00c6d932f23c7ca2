"""Figures to expect, against those of scikit-learn and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from exporter.estimation.curve import CELLS, STEPS
from exporter.estimation.figures import FIGURES, figures, right_ones
from tests.estimation.worlds import by_score, truth

GRID = np.arange(CELLS) / STEPS
DRAWN = 3000


def exact(score, predicted, actual):
    """Return what scikit-learn says."""
    return {
        "accuracy": accuracy_score(actual, predicted),
        "f1": f1_score(actual, predicted, zero_division=np.nan),
        "roc_auc": roc_auc_score(actual, score) if 0 < sum(actual) < len(actual) else np.nan,
    }


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans(), st.booleans()), min_size=1))
def test_of_known_truth_they_are_scikit_learns(records):
    """Where it is certain which ones come true, nothing is left to be expected."""
    score, predicted, actual = (np.array(each) for each in zip(*records, strict=True))
    predictions, right = by_score(score / 10, predicted, actual)
    for name, expected in exact(score / 10, predicted, actual).items():
        found = FIGURES[name].value(predictions, truth(predictions, right))
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_simulated_they_have_this_mean_and_variance():
    """Of a calibrated model whose predictions follow no fixed threshold."""
    random = np.random.default_rng(5)
    score = random.beta(0.7, 1.1, 800).round(2)
    predicted = random.uniform(size=800) < 0.1 + 0.8 * score
    counts, _ = by_score(score, predicted, predicted)
    p = np.broadcast_to(GRID, counts.shape)
    drawn = {name: [] for name in FIGURES}
    for _ in range(DRAWN):
        actual = random.uniform(size=800) < score
        there = truth(*by_score(score, predicted, actual))
        for name, figure in FIGURES.items():
            drawn[name].append(float(figure.value(counts, there)))
    for name, figure in FIGURES.items():
        sd = np.std(drawn[name])
        # The figure of expectations is not quite the expected figure.
        assert figure.value(counts, p) == pytest.approx(np.mean(drawn[name]), abs=sd / 10)
        assert figure.variance(counts, p) == pytest.approx(sd**2, rel=0.12)


def test_several_curves_at_once():
    """Each gives what it gives alone."""
    random = np.random.default_rng(6)
    counts = random.integers(0, 5, (2, CELLS))
    curves = np.sort(random.uniform(size=(4, CELLS)))
    for figure in FIGURES.values():
        at_once = figure.value(counts, curves[:, None, :])
        alone = [figure.value(counts, np.broadcast_to(curve, (2, CELLS))) for curve in curves]
        np.testing.assert_allclose(at_once, alone)


def test_by_confidence_there_is_accuracy_alone():
    """The curve is of being right then."""
    counts = np.zeros((1, CELLS), dtype=np.int64)
    counts[0, [100, 180]] = 3, 1
    assert list(figures(1)) == ["accuracy"]
    assert FIGURES["accuracy"].value(counts, GRID[None, :]) == pytest.approx(2.4 / 4)
    assert FIGURES["accuracy"].variance(counts, GRID[None, :]) == pytest.approx(
        (3 * 0.25 + 0.09) / 16
    )
    assert right_ones(counts, GRID) == pytest.approx(2.4)


def test_what_has_no_meaning_is_not_a_number():
    """F1 without anything positive, the area of a single class."""
    counts = np.zeros((2, CELLS), dtype=np.int64)
    counts[0, 20] = 5
    nothing = np.zeros((2, CELLS))
    assert np.isnan(FIGURES["f1"].value(counts, nothing))
    assert np.isnan(FIGURES["roc_auc"].value(counts, nothing))
