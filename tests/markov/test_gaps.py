from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.markov.gaps import Gaps
from exporter.storage import encoding


def learned(*sequences, capacity=1 << 18):
    """Return gaps that know some sequences."""
    gaps = Gaps(capacity)
    for sequence in sequences:
        states = np.array(sequence, dtype=np.int64)
        gaps.learn(states[:-1], states[1:])
    return gaps


def test_the_line_that_usually_comes_between():
    """With the probability of the way by it: 3 of (4 + 2) times 3 of (3 + 1)."""
    gaps = learned(*[[2, 3, 4]] * 3, [2, 5])
    evidence, state, share = gaps.missing(2, 4, surprisal=7.0)
    assert (state, share) == (3, pytest.approx(3 / 6 * 3 / 4))
    assert evidence == pytest.approx(7 + math.log(share))


def test_no_line_between():
    """Nothing is missing where nothing leads from one to the other, or it is no surprise."""
    gaps = learned([2, 3, 4], [5, 6])
    assert gaps.missing(2, 6, 9.0) == (0.0, -1, 0.0)
    assert gaps.missing(9, 4, 9.0) == (0.0, -1, 0.0)
    assert gaps.missing(2, 4, 0.1)[0] == 0


def test_a_line_is_not_missing_beside_itself():
    """A run of one line is no gap."""
    gaps = learned([2, 2, 2, 4])
    assert gaps.missing(2, 4, 9.0)[1] == -1


def test_what_is_learned_changes_the_answer():
    """Also if the question was asked before."""
    gaps = learned([2, 3, 4])
    assert gaps.missing(2, 4, 9.0)[1] == 3
    for _ in range(5):
        gaps.learn(np.array([2, 5]), np.array([5, 4]))
    assert gaps.missing(2, 4, 9.0)[1] == 5


def test_the_longest_unseen_are_forgotten():
    """So that memory is bounded."""
    gaps = learned([2, 3, 4], [10, 11, 12], [13, 14, 15], capacity=4)
    assert gaps.missing(2, 4, 9.0)[1] == -1
    assert gaps.missing(13, 15, 9.0)[1] == 14


def test_dumped_and_loaded():
    """The same answers."""
    gaps, other = learned(*[[2, 3, 4, 2]] * 2), Gaps()
    other.load(encoding.decode(encoding.encode(gaps.dump())))
    assert other.missing(2, 4, 5.0) == gaps.missing(2, 4, 5.0) != (0.0, -1, 0.0)
