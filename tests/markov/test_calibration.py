from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.calibration import BLOCK, Calibration
from exporter.storage import encoding


def test_the_share_of_earlier_scores_that_are_as_high():
    """Itself among them; before the first block is full everything has p = 1."""
    calibration = Calibration(half_life=1e12)
    scores = np.arange(BLOCK) / BLOCK * 10
    assert calibration.pvalues(scores).tolist() == [1.0] * BLOCK
    assert calibration.lines == BLOCK
    assert calibration.pvalues(np.array([20.0, -20.0])).tolist() == [1 / (BLOCK + 1), 1.0]
    half = calibration.pvalues(np.array([5.0]))[0]
    assert abs(half - 0.5) < 0.02


@given(st.lists(st.integers(1, 2000), max_size=6))
def test_the_cut_into_batches_changes_nothing(sizes):
    """Each line is compared with the same earlier ones."""
    scores = np.random.default_rng(1).normal(size=sum(sizes))
    whole, parts = Calibration(), Calibration()
    expected = whole.pvalues(scores)
    pieces = np.split(scores, np.cumsum(sizes)[:-1]) if sizes else []
    found = np.concatenate([np.empty(0), *map(parts.pvalues, pieces)])
    assert found.tolist() == expected.tolist()


def test_the_rate_of_small_pvalues_is_the_nominal_one():
    """Over scores that are alike, and also after what is usual has changed."""
    random = np.random.default_rng(2)
    calibration = Calibration()
    calibration.pvalues(random.exponential(2, 100_000))
    calibration.pvalues(random.exponential(3, 100_000))
    pvalues = calibration.pvalues(random.exponential(3, 200_000))
    for alpha in (1e-2, 1e-3):
        assert 0.8 * alpha < (pvalues <= alpha).mean() < 1.25 * alpha


def test_dumped_and_loaded():
    """Goes on as if nothing had been, in the middle of a block."""
    random = np.random.default_rng(3)
    calibration, other = Calibration(), Calibration()
    calibration.pvalues(random.normal(size=3 * BLOCK + 17))
    other.load(encoding.decode(encoding.encode(calibration.dump())))
    scores = random.normal(size=2 * BLOCK)
    assert other.pvalues(scores).tolist() == calibration.pvalues(scores).tolist()
    assert other.lines == calibration.lines
