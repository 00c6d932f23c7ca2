"""How probable a line is after another, learned while it is used.

Three orders of context, each with the mass for what it has not seen by Witten and Bell (IEEE
Transactions on Information Theory 37, 1991, method C): after a context that was followed n times
by T different things, something new has the probability T / (n + T), shared out by the next
coarser context::

    P(line | line before)
    -> P(line | tag before)
    -> P(tag | tag before) P(line | its tag)

so that a line that was never seen is as improbable as new lines of its program are, and a program
that was never seen as new programs are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.tally import Tally

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

STATE_BITS = 20
MAX_STATES = 1 << STATE_BITS

_PAIR, _TAG_LINE, _TAG_TAG, _LINE, _TAG, _FROM, _FROM_TAG = range(7)
_FRESH = slice(_FROM)
"""Of these it matters how many different ones there are in a context."""


def _key(kind: int, first: Integers | int, second: Integers | int = 0) -> Integers:
    keys: Integers = np.asarray(
        np.int64(kind) << (2 * STATE_BITS) | np.int64(first) << STATE_BITS | np.int64(second)
    )
    return keys


def _parts(keys: Integers) -> tuple[Integers, Integers, Integers]:
    """Return what :func:`_key` joined."""
    most = MAX_STATES - 1
    return keys >> (2 * STATE_BITS), keys >> STATE_BITS & most, keys & most


def _take(table: Integers, numbers: Integers) -> Integers:
    """Return what a table says, 0 for numbers that are of something else."""
    return table[np.where(numbers < len(table), numbers, 0)]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a block, each int64[n].

    Attributes
    ----------
    state, tag
        Of each line, below :data:`MAX_STATES`.
    """

    state: Integers
    tag: Integers

    def take(self, rows: NDArray[np.intp]) -> Lines:
        """Return some of them."""
        return Lines(self.state[rows], self.tag[rows])


class Learned:
    """Transitions of a block that were learned one after the other.

    Attributes
    ----------
    surprisal
        float64[n], -ln P(line | line before) as it was before that transition was learned, nats.
    seen
        int64[n], how often the line had been there.
    """

    def __init__(
        self, tallies: tuple[Tally, Tally], before: Lines, lines: Lines, earlier: int
    ) -> None:
        self._lines = lines
        self._earlier = earlier
        length = len(lines.state)
        place = np.arange(length)
        keys = keys_of(before, lines)
        self._counts = tallies[0].count(keys.reshape(-1), np.tile(place, len(keys)), length)
        counts = self._counts.before.reshape(keys.shape)
        fresh = counts[_FRESH] == 0
        contexts = contexts_of(before, lines)
        self._firsts = tallies[1].count(
            contexts[fresh], np.broadcast_to(place, fresh.shape)[fresh], length
        )
        new = self._firsts.ask(contexts.reshape(-1), np.tile(place, len(contexts)))
        self.seen: Integers = counts[_LINE]
        self.surprisal: Floats = -np.log(
            probability(counts, new.reshape(contexts.shape), earlier + place)
        )

    def surprisal_after(self, before: Lines, rows: NDArray[np.intp]) -> Floats:
        """Return float64[m], -ln P(line | before) of some rows, for another line before."""
        lines = self._lines.take(rows)
        keys, contexts = keys_of(before, lines), contexts_of(before, lines)
        counts = self._counts.ask(keys.reshape(-1), np.tile(rows, len(keys)))
        new = self._firsts.ask(contexts.reshape(-1), np.tile(rows, len(contexts)))
        return -np.log(
            probability(
                counts.reshape(keys.shape), new.reshape(contexts.shape), self._earlier + rows
            )
        )


class BackoffChain:
    """Transition probabilities that every transition changes.

    Parameters
    ----------
    capacity
        How many different transitions are kept.
    """

    def __init__(self, capacity: int = 1 << 20) -> None:
        # What was counted, and what of it for the first time.
        self._tallies = (Tally(capacity), Tally(capacity))
        self.transitions = 0
        """Transitions learned."""

    def learn(self, before: Lines, lines: Lines) -> Learned:
        """Score transitions one after the other, and learn each."""
        learned = Learned(self._tallies, before, lines, self.transitions)
        self.transitions += len(lines.state)
        return learned

    def merge(
        self, other: BackoffChain, states: Integers, tags: Integers, tag_of: Integers
    ) -> None:
        """Add the counts of another chain.

        Parameters
        ----------
        states, tags
            int64[], what the other one's states and tags are here.
        tag_of
            int64[], the tag of each state here.
        """
        keys, counts = other._tallies[0].items()
        kind, first, second = _parts(keys)
        by_state = np.isin(kind, (_PAIR, _LINE, _FROM))
        first = np.where(by_state, _take(states, first), _take(tags, first))
        second = np.where(
            np.isin(kind, (_PAIR, _TAG_LINE)),
            _take(states, second),
            np.where(kind == _TAG_TAG, _take(tags, second), 0),
        )
        renamed, inverse = np.unique(
            kind << (2 * STATE_BITS) | first << STATE_BITS | second, return_inverse=True
        )
        added = np.zeros(len(renamed), dtype=np.int64)
        np.add.at(added, inverse, counts)
        mine, firsts = self._tallies
        mine.add(renamed, added)
        self.transitions += other.transitions
        # What is different in a context is there to be counted.
        kind, first, _ = _parts(mine.items()[0])
        fresh = kind < _FROM
        context = np.where(kind == _LINE, _take(tag_of, first), np.where(kind == _TAG, 0, first))
        contexts, different = np.unique(
            (kind << (2 * STATE_BITS) | context << STATE_BITS)[fresh], return_counts=True
        )
        firsts.add(contexts, different - firsts.of(contexts))

    def items(self) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
        """Return keys and counts, of what was counted and of what was counted for the first time.

        Keys as those of :func:`keys_of` and :func:`contexts_of`.
        """
        counts, firsts = self._tallies
        return counts.items(), firsts.items()

    @classmethod
    def of(
        cls,
        counts: tuple[Integers, Integers],
        firsts: tuple[Integers, Integers],
        transitions: int,
    ) -> BackoffChain:
        """Return a chain of what :meth:`items` returned."""
        chain = cls()
        for tally, items in zip(chain._tallies, (counts, firsts), strict=True):
            tally.add(*items)
        chain.transitions = transitions
        return chain

    def states(self) -> tuple[Integers, Integers]:
        """Return int64[n] each, the states that are remembered, and how often each came."""
        keys, counts = self._tallies[0].items()
        kind, state, _ = _parts(keys)
        return state[kind == _LINE], counts[kind == _LINE]

    def trim(self) -> None:
        """Forget the oldest of what there is no room for."""
        for tally in self._tallies:
            tally.trim()

    @property
    def forgotten(self) -> int:
        """Keys that there was no more room for."""
        return sum(tally.forgotten for tally in self._tallies)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "counts": self._tallies[0].dump(),
            "firsts": self._tallies[1].dump(),
            "transitions": self.transitions,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._tallies[0].load(state["counts"])
        self._tallies[1].load(state["firsts"])
        self.transitions = int(state["transitions"])


def keys_of(before: Lines, lines: Lines) -> Integers:
    """Return int64[7, n], what is counted of a transition."""
    return np.stack(
        [
            _key(_PAIR, before.state, lines.state),
            _key(_TAG_LINE, before.tag, lines.state),
            _key(_TAG_TAG, before.tag, lines.tag),
            _key(_LINE, lines.state),
            _key(_TAG, lines.tag),
            _key(_FROM, before.state),
            _key(_FROM_TAG, before.tag),
        ]
    )


def contexts_of(before: Lines, lines: Lines) -> Integers:
    """Return int64[5, n], where the first five of :func:`keys_of` are new when they are."""
    return np.stack(
        [
            _key(_PAIR, before.state),
            _key(_TAG_LINE, before.tag),
            _key(_TAG_TAG, before.tag),
            _key(_LINE, lines.tag),
            np.full(len(lines.tag), _key(_TAG, 0)),
        ]
    )


def probability(counts: Integers, new: Integers, total: Integers) -> Floats:
    """Return float64[n], P(line | line before); `counts` and `new` by kind."""
    # What came was once new. The two are forgotten apart.
    new = np.maximum(new, 1)
    in_tag = np.where(counts[_LINE] > 0, counts[_LINE], new[_LINE])
    known = counts[_TAG] > 0
    line = np.where(known, in_tag / np.maximum(counts[_TAG] + new[_LINE], 1), 0.5)
    tags = np.where(total > 0, new[_TAG], 0)
    tag = (counts[_TAG] + 0.5) / (total + 0.5 * (tags + 1))
    tag = _mixed(counts[_TAG_TAG], new[_TAG_TAG], counts[_FROM_TAG], tag)
    after_tag = _mixed(counts[_TAG_LINE], new[_TAG_LINE], counts[_FROM_TAG], tag * line)
    return _mixed(counts[_PAIR], new[_PAIR], counts[_FROM], after_tag)


def _mixed(count: Integers, new: Integers, total: Integers, coarser: Floats) -> Floats:
    """Return (count + T coarser) / (n + T); `coarser` where nothing followed yet."""
    some = total > 0
    mixed: Floats = np.where(
        some, (count + new * coarser) / np.maximum(total + new, 1), np.minimum(coarser, 1.0)
    )
    return mixed
