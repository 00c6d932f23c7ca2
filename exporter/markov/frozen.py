"""How probable a line is after another, by counts that no line changes any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import BackoffChain, Lines, contexts_of, keys_of, probability

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_MIXING = np.uint64(0x9E3779B97F4A7C15)
"""An odd number of random bits (Knuth, The Art of Computer Programming 3, 6.4)."""


class _Counts:
    """Counts by key, to be looked up only."""

    def __init__(self, keys: Integers, counts: Integers) -> None:
        order = np.argsort(keys)
        self.keys, self.counts = keys[order], counts[order]

    def of(self, keys: Integers) -> Integers:
        """Return the counts of keys, of any shape."""
        if not len(self.keys):
            return np.zeros_like(keys)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.counts[places], 0)


class FrozenChain:
    """What a :class:`BackoffChain` says at one moment, for good.

    Parameters
    ----------
    counts, firsts
        Keys and counts, as of :meth:`BackoffChain.items`.
    transitions
        How many were learned.
    """

    def __init__(
        self,
        counts: tuple[Integers, Integers],
        firsts: tuple[Integers, Integers],
        transitions: int,
    ) -> None:
        self._counts, self._firsts = _Counts(*counts), _Counts(*firsts)
        self.transitions = transitions

    @classmethod
    def of(cls, chain: BackoffChain) -> FrozenChain:
        """Return a copy of a chain as it is now."""
        return cls(*chain.items(), chain.transitions)

    def surprisal(self, before: Lines, lines: Lines) -> Floats:
        """Return float64[n], -ln P(line | line before), nats."""
        # Most transitions of a block are alike, so that each is looked up once.
        mixed = _joined(before.state, lines.state) * _MIXING + _joined(before.tag, lines.tag)
        _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
        before, lines = before.take(first), lines.take(first)
        counts = self._counts.of(keys_of(before, lines))
        new = self._firsts.of(contexts_of(before, lines))
        distinct: Floats = -np.log(probability(counts, new, np.array(self.transitions)))
        return distinct[inverse]

    def thawed(self) -> BackoffChain:
        """Return a chain that goes on from here."""
        return BackoffChain.of(
            (self._counts.keys, self._counts.counts),
            (self._firsts.keys, self._firsts.counts),
            self.transitions,
        )

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "keys": self._counts.keys,
            "counts": self._counts.counts,
            "contexts": self._firsts.keys,
            "firsts": self._firsts.counts,
            "transitions": self.transitions,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> FrozenChain:
        """Return what was dumped."""
        keys, counts, contexts, firsts = (
            np.asarray(state[name]) for name in ("keys", "counts", "contexts", "firsts")
        )
        return cls((keys, counts), (contexts, firsts), int(state["transitions"]))


def _joined(high: Integers, low: Integers) -> NDArray[np.uint64]:
    joined: NDArray[np.uint64] = (high << 32 | low).view(np.uint64)
    return joined
