from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.token_ranker import TokenRanker
from tests.markov.evaluation.logs import RECEIVED, log, random_log


class Reference:
    """The same chain, counted line by line."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[object, ...]] = Counter()
        self.followed: defaultdict[tuple[object, ...], set[object]] = defaultdict(set)
        self.total = 0

    def learn(self, before, line) -> None:
        for name, context, value in (
            ("pair", before, line),
            ("tag-line", before[0], line),
            ("tag-tag", before[0], line[0]),
            ("line", line[0], line),
            ("tag", "", line[0]),
        ):
            self.counts[name, context, value] += 1
            self.counts[name, context] += 1
            self.followed[name, context].add(value)
        self.total += 1

    def mixed(self, name, context, value, coarser):
        total, new = self.counts[name, context], len(self.followed[name, context])
        if not total:
            return min(coarser, 1.0)
        return (self.counts[name, context, value] + new * coarser) / (total + new)

    def probability(self, before, line) -> float:
        tag = line[0]
        new = len(self.followed["tag", ""])
        of_tag = (self.counts["tag", "", tag] + 0.5) / (self.total + 0.5 * (new + 1))
        lines = len(self.followed["line", tag])
        known = self.counts["line", tag]
        of_line = (self.counts["line", tag, line] or lines) / (known + lines) if known else 0.5
        of_tag = self.mixed("tag-tag", before[0], tag, of_tag)
        after_tag = self.mixed("tag-line", before[0], line, of_tag * of_line)
        return self.mixed("pair", before, line, after_tag)


def test_scores_are_those_of_a_chain_that_is_counted_line_by_line():
    """One host: ln P(next | before) - ln P(line | before) - ln P(next | line)."""
    train, test = random_log(300, 4, seed=1), random_log(150, 6, seed=2)
    ranked = TokenRanker().rank(train, test)
    chain = Reference()
    lines = [
        [(tag, text) for tag, text in zip(part.tag.decode(), part.message.decode(), strict=True)]
        for part in (train, test)
    ]
    start = ("", "")
    for before, line in zip([start, *lines[0]], lines[0], strict=False):
        chain.learn(before, line)
    surprisal, skipping = [], [math.nan]
    for row, line in enumerate(lines[1]):
        before = lines[1][row - 1] if row else start
        surprisal.append(-math.log(chain.probability(before, line)))
        if row:
            earlier = lines[1][row - 2] if row > 1 else start
            skipping.append(-math.log(chain.probability(earlier, line)))
        chain.learn(before, line)
    expected = [surprisal[n] + surprisal[n + 1] - skipping[n + 1] for n in range(149)]
    assert ranked[:-1] == pytest.approx(expected, abs=1e-9)
    assert ranked[-1] == 0.0


def test_words_with_digits_are_masked_and_nothing_else_is():
    """A port is as good as another, a word is not."""
    train = log(*(f"port {n} open" if n % 2 else f"port {n} closed" for n in range(200)))
    score = TokenRanker().rank(train, log("port 1 open", "port 7777 closed", "port x9 open", "a b"))
    other = TokenRanker().rank(train, log("port 2 open", "port 8 closed", "port 3 open", "a b"))
    assert np.array_equal(score, other)
    assert score.argmax() != 1


def test_hosts_have_chains_of_their_own():
    """What another host says in between changes no transition."""
    first, second = log(*("abc" * 50)), log(*("xy" * 75), host="web2")
    rows = np.arange(300).reshape(2, 150).T.reshape(-1)
    mixed = first.joined(second).take(rows)
    line = Log.of_lines([b"Nov 12 00:00:00 web1 app[7]: segfault"], RECEIVED)
    test = first.joined(line).joined(second).joined(first)
    assert TokenRanker().rank(mixed, test).argmax() == 150
