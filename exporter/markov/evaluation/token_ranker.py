"""A simple chain that learns on, to compare the detector with: what order alone can tell.

Every word with a digit is masked, and nothing else. A line's score says how much likelier the lines
around it are without it than with it, from one line of look-ahead:
ln P(next | before) - ln P(line | before) - ln P(next | line).
"""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import BackoffChain, Learned, Lines
from exporter.markov.evaluation.log import NONE, Log
from exporter.markov.evaluation.planting import Side

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TOKENS = "tokens-online"
_MASKED = re.compile(rb"\S*\d\S*")
_PROGRAM = re.compile(rb"[^ :\[]*(?:\[[^\] ]*\])?:? *")
_START = 0
"""State and tag in front of the first line of a host."""


class TokenRanker:
    """Ranks lines by how much likelier the log is without them."""

    name = TOKENS
    side: Side = "after"

    def __init__(self) -> None:
        self._learned: tuple[Log, bytes] | None = None

    def rank(self, train: Log, test: Log) -> Floats:
        """Return float64[len(test)], nats; 0 for the last line of a host."""
        if self._learned is None or self._learned[0] is not train:
            chain = _Chain()
            chain.learn(train)
            self._learned = train, pickle.dumps(chain)
        chain = pickle.loads(self._learned[1])  # noqa: S301
        learned, before = chain.learn(test)
        # Of each line that has a next one: what this costs after the line before instead.
        _, after = test.chains()
        rows = np.flatnonzero(after != NONE)
        following = after[rows]
        skipping = np.empty(len(test))
        skipping[following] = learned.surprisal_after(before.take(rows), following)
        score = np.zeros(len(test))
        score[rows] = (learned.surprisal[rows] + learned.surprisal[following]) - skipping[following]
        return score


@dataclass
class _Chain:
    """Numbers of what lines say, and their transitions."""

    chain: BackoffChain = field(default_factory=BackoffChain)
    states: dict[bytes, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)

    def learn(self, log: Log) -> tuple[Learned, Lines]:
        """Learn a log from its first line; return that, and the lines before each."""
        lines = self._lines(log)
        previous, _ = log.chains()
        known = previous != NONE
        before = Lines(
            np.where(known, lines.state[previous], _START),
            np.where(known, lines.tag[previous], _START),
        )
        return self.chain.learn(before, lines), before

    def _lines(self, log: Log) -> Lines:
        tags = [self.tags.setdefault(tag, len(self.tags) + 1) for tag in log.tag.values]
        tag = np.array([*tags, len(self.tags) + 1], dtype=np.int64)[log.tag.codes]
        states = [
            self.states.setdefault(
                b"%d %s" % (number, _masked(raw[len(log.header(row)) :])), len(self.states) + 1
            )
            for row, (number, raw) in enumerate(zip(tag.tolist(), log.raw.tolist(), strict=True))
        ]
        return Lines(np.array(states, dtype=np.int64), tag)


def _masked(body: bytes) -> bytes:
    return _MASKED.sub(b"*", _PROGRAM.sub(b"", body, count=1))
