from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.rankers import paper_model
from exporter.markov.synthesis import lines, walk
from exporter.markov.transitions import TransitionCounts, TransitionMatrix

BUNDLED = Path(__file__).parents[2] / "demo" / "data" / "syslog.train.log"


def matrix(*chain: int) -> TransitionMatrix:
    """Return the matrix of a chain."""
    counts = TransitionCounts()
    states = np.array(chain, dtype=np.int64)
    counts.add(states[:-1], states[1:])
    return counts.matrix(max(chain) + 1)


def walked(states: TransitionMatrix, length: int, seed: int = 1, **options) -> list[int]:
    """Return a walk."""
    return walk(states, length, np.random.default_rng(seed), **options).tolist()


def test_transitions_are_as_frequent_as_their_probabilities():
    """Within four standard errors; others never happen."""
    chain = matrix(0, 1, 0, 2, 0, 1, 1, 0, 0)
    found = Counter(pairwise(walked(chain, 40_000)))
    visits = Counter(first for first, _ in found.elements())
    for first in range(3):
        for second in range(3):
            (expected,) = chain.probability(np.array([first]), np.array([second])).tolist()
            error = np.sqrt(expected * (1 - expected) / visits[first])
            assert found[first, second] / visits[first] == pytest.approx(expected, abs=4 * error)


def test_a_walk_begins_where_it_is_told_or_as_often_as_states_are():
    """A state that was last only is no beginning."""
    chain = matrix(0, 1, 0, 0, 2)
    assert walked(chain, 3, first=2) == [2, 2, 2]
    begun = Counter(walked(chain, 1, seed)[0] for seed in range(400))
    assert begun[2] == 0
    assert begun[0] / 400 == pytest.approx(0.75, abs=0.1)


def test_a_walk_stays_where_nothing_else_follows_unless_it_may_begin_anew():
    """In a state that was last only, and in one that only itself follows."""
    for chain in (matrix(0, 1), matrix(0, 1, 1, 1)):
        assert walked(chain, 50, first=0) == [0] + [1] * 49
        assert {0, 1} == set(walked(chain, 50, first=0, restart=True)[1:])


def test_a_matrix_without_transitions_stays_in_its_state():
    """As that of a log of one line."""
    assert walked(TransitionMatrix(*np.empty((2, 0), dtype=np.int64), 1), 3) == [0, 0, 0]


def test_a_seed_gives_the_same_walk():
    """And another one another."""
    chain = matrix(0, 1, 0, 2, 0, 1, 1, 0, 0)
    assert walked(chain, 50, 1) == walked(chain, 50, 1) != walked(chain, 50, 2)


def test_lines_are_read_again_as_the_messages_that_they_were_made_of():
    """Of all messages of the bundled log, one a second, across midnight and the year."""
    log = Log.of_lines(BUNDLED.read_bytes().splitlines(), 1_795_900_000.0)
    texts = paper_model(log).messages.values
    written = list(lines(texts, "web1", datetime(2026, 12, 31, 23, 59, 50)))  # noqa: DTZ001
    read = Log.of_lines([line.encode() for line in written], 1_798_761_600.0 + 3600)
    assert tuple(read.message.decode()) == texts
    assert set(read.host.decode()) == {"web1"}
    assert (np.diff(read.time) == 1).all()
    assert written[0].startswith("Dec 31 23:59:50 web1 ")
    assert written[10].startswith("Jan  1 00:00:00 web1 ")


def test_a_walk_over_a_log_has_its_transitions_only():
    """And meets what is frequent in it about as often."""
    log = Log.of_lines(BUNDLED.read_bytes().splitlines(), 1_795_900_000.0)
    model = paper_model(log)
    states = walk(model.message_transitions, 5000, np.random.default_rng(1), restart=True)
    probability = model.message_transitions.probability(states[:-1], states[1:])
    assert (probability > 0).mean() > 0.99
    real = np.bincount(model.messages.encode(log.message), minlength=len(model.messages))
    synthetic = np.bincount(states, minlength=len(model.messages))
    assert np.corrcoef(real, synthetic)[0, 1] > 0.95
