from __future__ import annotations

import numpy as np
import pytest

from exporter.markov.backoff import BackoffChain, Lines
from exporter.markov.frozen import FrozenChain
from exporter.storage import encoding


def chance_lines(seed, count, tags=5):
    """Return transitions between twenty lines of some programs."""
    random = np.random.default_rng(seed)
    states = random.integers(2, 22, count + 1)
    states[1::3] = 2 + states[:-1:3] % 7
    lines = Lines(states, states % tags)
    return lines.take(np.arange(count)), lines.take(np.arange(1, count + 1))


@pytest.mark.parametrize("learned", [2, 30, 700])
def test_it_says_what_the_chain_says_at_that_moment(learned):
    """The chain is asked by a transition that it learns right then, on copies of it."""
    chain = BackoffChain()
    before, lines = chance_lines(0, learned)
    chain.learn(before, lines)
    frozen = FrozenChain.of(chain)
    before, lines = chance_lines(1, 50)
    expected = []
    for row in range(50):
        one = np.array([row])
        copy = BackoffChain()
        copy.load(encoding.decode(encoding.encode(chain.dump())))
        expected.append(float(copy.learn(before.take(one), lines.take(one)).surprisal[0]))
    np.testing.assert_allclose(frozen.surprisal(before, lines), expected, atol=1e-12)


def test_learning_on_does_not_change_it():
    """Nor does the order of what is asked."""
    chain = BackoffChain()
    chain.learn(*chance_lines(0, 300))
    frozen = FrozenChain.of(chain)
    before, lines = chance_lines(2, 200)
    first = frozen.surprisal(before, lines)
    chain.learn(before, lines)
    rows = np.random.default_rng(3).permutation(200)
    assert (frozen.surprisal(before.take(rows), lines.take(rows)) == first[rows]).all()
    assert frozen.transitions == 300


def test_the_state_is_restored():
    """To the last digit."""
    chain = BackoffChain()
    chain.learn(*chance_lines(0, 300))
    frozen = FrozenChain.of(chain)
    stored = FrozenChain.load(encoding.decode(encoding.encode(frozen.dump())))
    assert (stored.surprisal(*chance_lines(4, 99)) == frozen.surprisal(*chance_lines(4, 99))).all()
