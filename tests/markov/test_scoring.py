from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.markov.model import MarkovModel
from exporter.markov.scoring import Scorer
from exporter.markov.transitions import TransitionCounts
from exporter.markov.vocabulary import Vocabulary


def integers(*values: int) -> np.ndarray:
    """Return an int64 array."""
    return np.array(values, dtype=np.int64)


def model(messages: list[int], tags: list[int]) -> MarkovModel:
    """Make a model of one chain of states."""
    matrices = []
    for chain in (messages, tags):
        counts = TransitionCounts()
        counts.add(integers(*chain[:-1]), integers(*chain[1:]))
        matrices.append(counts.matrix(max(chain) + 1))
    return MarkovModel(
        Vocabulary(map(str, range(max(messages) + 1))),
        Vocabulary(map(str, range(max(tags) + 1))),
        *matrices,
        lines=len(messages),
        chains=1,
        holdout_transitions=0,
        holdout_unseen=0,
    )


# Messages: 0>1 2/3, 0>2 1/3, 1>0 1/2, 1>1 1/2, 2>0 1; 6 transitions. Tags: 0>0 4/5, 0>1 1/5.
TRAINED = model([0, 1, 0, 2, 0, 1, 1], [0, 0, 0, 0, 0, 1, 0])

#           first  known  novel  after novel  unseen  certain  unexpected
PREVIOUS = (-2, 0, 0, -1, 2, 2, 1)
MESSAGE = (0, 1, -1, 0, 2, 0, 2)
PREVIOUS_TAG = (-2, 0, 0, -1, 0, 1, 1)
TAG = (0, 0, -1, 0, 1, 0, 1)


def score(name):
    """Score one message of every kind."""
    columns = (integers(*column) for column in (PREVIOUS, MESSAGE, PREVIOUS_TAG, TAG))
    return Scorer(TRAINED, name).score(*columns)


def test_the_message_scorer():
    """P(message | previous message), and its surprisal with the floor 1 / (N + 1)."""
    scores = score("message")
    np.testing.assert_array_equal(scores.probability, [math.nan, 2 / 3, 0, 0, 0, 1, 0])
    floor = math.log(7)
    assert scores.surprisal.tolist() == pytest.approx(
        [math.nan, math.log(3 / 2), floor, floor, floor, 0, floor], nan_ok=True
    )
    assert not np.signbit(scores.surprisal[5])


def test_the_scorer_with_the_tag():
    """Plus P(tag | previous tag); the surprisal is that of the mean."""
    scores = score("message+tag")
    expected = [math.nan, 2 / 3 + 4 / 5, 0, 0, 1 / 5, 2, 0]
    np.testing.assert_allclose(scores.probability, expected, rtol=1e-15)
    assert scores.surprisal.tolist() == pytest.approx(
        [math.nan, -math.log(11 / 15), math.log(7), math.log(7), math.log(7), 0, math.log(7)],
        nan_ok=True,
    )


@pytest.mark.parametrize("name", ["message", "message+tag"])
def test_kinds(name):
    """What is unseen depends on the message alone, in both scorers."""
    scores = score(name)
    assert scores.scored.tolist() == [False, True, True, True, True, True, True]
    assert scores.novel.tolist() == [False, False, True, False, False, False, False]
    assert scores.unseen.tolist() == [False, False, True, True, True, False, True]
    assert scores.unexpected.tolist() == [False, False, False, False, True, False, True]


def test_a_novel_first_message():
    """It is novel, but there is no transition to it."""
    state = integers(-1)
    scores = Scorer(TRAINED).score(integers(-2), state, integers(-2), state)
    assert (scores.novel[0], scores.scored[0], scores.unseen[0]) == (True, False, False)


def test_the_surprisal_keeps_the_order_of_the_scores():
    """A lower probability never has a lower surprisal."""
    grid = np.indices((3, 3, 2, 2)).reshape(4, -1).astype(np.int64)
    for name in ("message", "message+tag"):
        scores = Scorer(TRAINED, name).score(*grid)
        order = np.argsort(scores.probability)
        assert (np.diff(scores.surprisal[order]) <= 1e-12).all()
