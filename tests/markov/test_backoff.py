from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.backoff import BackoffChain, Lines
from exporter.storage import encoding

TAG = {0: 0, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4}
STATES = st.lists(st.sampled_from([2, 3, 4, 5, 6]), min_size=1, max_size=40)


class Naive:
    """The formulas of the module's description, one line after the other, with dictionaries."""

    def __init__(self):
        self.pair, self.tag_line, self.tag_tag = (defaultdict(Counter) for _ in range(3))
        self.line, self.tag = Counter(), Counter()

    def probability(self, a, b):
        """Return P(b | a)."""
        n, in_tag = self.tag[TAG[b]], [x for x in self.line if TAG[x] == TAG[b]]
        line = 0.5
        if n:
            line = (self.line[b] or len(in_tag)) / (n + len(in_tag))
        tag = (n + 0.5) / (self.tag.total() + 0.5 * (len(self.tag) + 1))
        tag = self._mixed(self.tag_tag[TAG[a]], TAG[b], tag)
        return self._mixed(self.pair[a], b, self._mixed(self.tag_line[TAG[a]], b, tag * line))

    @staticmethod
    def _mixed(followers, what, coarser):
        if not followers:
            return coarser
        return (followers[what] + len(followers) * coarser) / (followers.total() + len(followers))

    def learn(self, a, b):
        """Count a transition."""
        self.pair[a][b] += 1
        self.tag_line[TAG[a]][b] += 1
        self.tag_tag[TAG[a]][TAG[b]] += 1
        self.line[b] += 1
        self.tag[TAG[b]] += 1


def lines(states):
    """Return lines of some states."""
    return Lines(np.array(states, dtype=np.int64), np.array([TAG[x] for x in states]))


@given(STATES, st.integers(1, 12))
def test_surprisals_are_those_of_the_formulas(states, size):
    """After the line before and after the one before that, in any cut into blocks."""
    naive, chain = Naive(), BackoffChain()
    sequence = [0, 0, *states]
    for begin in range(2, len(sequence), size):
        places = range(begin, min(begin + size, len(sequence)))
        expected, past, seen = [], [], []
        for place in places:
            a, b = sequence[place - 1], sequence[place]
            expected.append(-math.log(naive.probability(a, b)))
            past.append(-math.log(naive.probability(sequence[place - 2], b)))
            seen.append(naive.line[b])
            naive.learn(a, b)
        learned = chain.learn(
            lines([sequence[place - 1] for place in places]),
            lines([sequence[place] for place in places]),
        )
        assert learned.surprisal == pytest.approx(expected, abs=1e-12)
        assert learned.seen.tolist() == seen
        rows = np.arange(0, len(places), 2)
        skipped = lines([sequence[places[row] - 2] for row in rows.tolist()])
        found = learned.surprisal_after(skipped, rows)
        assert found == pytest.approx([past[row] for row in rows.tolist()], abs=1e-12)


@given(STATES)
def test_probabilities_of_all_lines_sum_to_at_most_one(states):
    """New lines of a program share one mass, so that those that were seen never exceed the rest."""
    naive = Naive()
    for a, b in pairwise([0, *states]):
        naive.learn(a, b)
    known = sorted(naive.line)
    assert sum(naive.probability(states[-1], b) for b in known) <= 1 + 1e-12


def test_dumped_and_loaded():
    """Goes on as if nothing had been."""
    chain, other = BackoffChain(), BackoffChain()
    chain.learn(lines([0, 2, 3]), lines([2, 3, 2]))
    other.load(encoding.decode(encoding.encode(chain.dump())))
    found = [each.learn(lines([2]), lines([3])).surprisal.tolist() for each in (chain, other)]
    assert found[0] == found[1]
    assert other.transitions == 4


def test_what_there_is_no_room_for_is_forgotten():
    """And counted."""
    chain = BackoffChain(capacity=8)
    states = np.arange(2, 40)
    for _ in range(2):
        chain.learn(Lines(states, states), Lines(states + 1, states + 1))
        chain.trim()
    assert chain.forgotten > 100
