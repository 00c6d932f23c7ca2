from __future__ import annotations

import numpy as np
import pytest

from exporter.markov.backoff import BackoffChain, Lines
from exporter.markov.frozen import FrozenChain
from exporter.markov.reference import FIRST, LONGEST, Reference
from exporter.storage import encoding

EPOCH = 1024


def stream(seed, count, rare=0.002):
    """Return lines in a cycle of eight, some of them of a thousand rare ones instead."""
    random = np.random.default_rng(seed)
    states = 2 + np.arange(count + 1) % 8
    odd = random.random(count + 1) < rare
    states[odd] = random.integers(10, 1010, odd.sum())
    return Lines(states, np.zeros(count + 1, dtype=np.int64))


def fed(reference, chain, lines):
    """Compare lines, and learn them, epoch by epoch; return the p-values."""
    parts = []
    for begin in range(0, len(lines.state) - 1, EPOCH):
        rows = np.arange(begin, min(begin + EPOCH, len(lines.state) - 1))
        before, after = lines.take(rows), lines.take(rows + 1)
        parts.append(reference.compare(before, after).pvalue)
        chain.learn(before, after)
        if len(rows) == EPOCH:
            reference.end_epoch(chain, chain.transitions)
    return np.concatenate(parts)


def test_copies_take_over_when_enough_was_compared():
    """Made at each power of two, a quarter as many lines later; the last one is for good."""
    reference, chain = Reference(longest=8 * EPOCH), BackoffChain()
    lines = stream(0, 20 * EPOCH)
    seen = []
    for begin in range(0, 20 * EPOCH, EPOCH):
        fed(reference, chain, lines.take(np.arange(begin, begin + EPOCH + 1)))
        seen.append((reference.transitions // EPOCH, reference.compared // EPOCH))
    assert seen == [
        (0, 0), (1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 3), (4, 4), (4, 5), (8, 2), (8, 3),
        *[(8, 4)] * 9,
    ]  # fmt: skip
    assert LONGEST % EPOCH == 0
    assert FIRST == EPOCH


def test_there_is_no_pvalue_before_lines_that_the_copy_had_not_seen():
    """The first copy is of 1,024 lines, the first that are compared with it are as many more."""
    pvalue = fed(Reference(), BackoffChain(), stream(0, 4 * EPOCH))
    assert np.isnan(pvalue[: 2 * EPOCH]).all()
    assert (pvalue[2 * EPOCH :] > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_pvalues_are_those_of_lines_like_the_reference_s(seed):
    """As many p <= alpha as alpha, or fewer where lines are as surprising as each other."""
    reference, chain = Reference(longest=None), BackoffChain()
    fed(reference, chain, stream(seed, 26 * EPOCH, rare=0.02))
    reference.fix()
    assert reference.compared == 10 * EPOCH
    pvalue = fed(reference, chain, stream(seed + 100, 50_000, rare=0.02))
    for alpha in (0.001, 0.01, 0.1):
        # Of the two parts: each has a standard deviation of its own.
        deviation = np.sqrt(alpha / reference.compared + alpha / 50_000)
        assert (pvalue <= alpha).mean() <= alpha + 3 * deviation


def test_what_becomes_usual_later_stays_unexpected():
    """The model beside it has learned it by then."""
    reference, chain = Reference(), BackoffChain()
    fed(reference, chain, stream(0, 16 * EPOCH, rare=0.0005))
    reference.fix()
    begun = stream(1, 16 * EPOCH, rare=0)
    begun.state[::20] = 5000
    pvalue = fed(reference, chain, begun)
    assert (pvalue[19::20] <= 0.001).all()
    before, after = begun.take(np.array([19])), begun.take(np.array([20]))
    assert FrozenChain.of(chain).surprisal(before, after)[0] < 4


def test_too_few_for_an_alpha():
    """One more than the lines compared."""
    reference, chain = Reference(), BackoffChain()
    assert not reference.supports(0.1)
    fed(reference, chain, stream(0, 2 * EPOCH))
    assert reference.supports(1 / 1025)
    assert not reference.supports(1 / 1026)


def test_two_references_become_one():
    """Their counts add, as if one copy had learned what both have, and so do the surprisals."""
    parts, chains = [], []
    for seed in (0, 1):
        reference, chain = Reference(), BackoffChain()
        lines = stream(seed, 3 * EPOCH)
        fed(reference, chain, lines)
        reference.fix()
        assert reference.transitions == 2 * EPOCH
        parts.append(reference)
        learned = BackoffChain()
        rows = np.arange(2 * EPOCH)
        learned.learn(lines.take(rows), lines.take(rows + 1))
        chains.append(learned)
    same = np.arange(2000)
    no_tags = np.zeros(2000, dtype=np.int64)
    both = Reference()
    for part in parts:
        both.merge(part, same, same, no_tags)
    chains[0].merge(chains[1], same, same, no_tags)
    lines, rows = stream(7, 500, rare=0.2), np.arange(500)
    before, after = lines.take(rows), lines.take(rows + 1)
    expected = FrozenChain.of(chains[0]).surprisal(before, after)
    np.testing.assert_array_equal(both.compare(before, after).surprisal, expected)
    assert both.transitions == 4 * EPOCH
    assert both.compared == sum(part.compared for part in parts) == 2 * EPOCH


@pytest.mark.parametrize("epochs", [0, 1, 2, 3, 5])
def test_the_state_is_restored(epochs):
    """At any time; a row is written again if it has changed."""
    lines = stream(3, 12 * EPOCH)
    reference, chain = Reference(), BackoffChain()
    if epochs:
        fed(reference, chain, lines.take(np.arange(epochs * EPOCH + 1)))
    stored = Reference()
    stored.load(encoding.decode(encoding.encode(reference.dump())))
    assert stored.versions() == reference.versions()
    before = dict(reference.versions())
    rest = lines.take(np.arange(epochs * EPOCH, 12 * EPOCH + 1))
    copy = BackoffChain()
    copy.load(encoding.decode(encoding.encode(chain.dump())))
    np.testing.assert_array_equal(fed(stored, copy, rest), fed(reference, chain, rest))
    assert stored.versions() == reference.versions()
    assert before["surprisals"] != reference.versions()["surprisals"]
