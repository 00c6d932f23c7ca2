"""What comes after what: how probable a line is, and which one is missing in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import BackoffChain, Learned, Lines
from exporter.markov.gaps import Gaps
from exporter.markov.pending import Column, Table

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SUSPECT = 4.0
"""Surprisal, nats, from which on a line may be missing in front."""


class LearnedOrder:
    """The order of lines, on hosts or in processes.

    Parameters
    ----------
    transitions
        How many different ones are kept, a quarter of them to tell what is missing.
    """

    def __init__(self, transitions: int) -> None:
        self.chain = BackoffChain(transitions)
        self._gaps = Gaps(transitions // 4)
        # Transitions of the epoch so far, int64[2, n] each, which the gaps learn at its end.
        self._steps: list[Integers] = []

    @property
    def forgotten(self) -> int:
        """Counts that there was no more room for."""
        return self.chain.forgotten

    def learn(self, before: Lines, lines: Lines) -> Learned:
        """Score transitions one after the other, and learn each."""
        self._steps.append(np.stack([before.state, lines.state]))
        return self.chain.learn(before, lines)

    def mark_gaps(
        self, before: Integers, after: Integers, surprisal: Floats, place: Integers, table: Table
    ) -> None:
        """Note where a line is missing; two gaps at the same place speak for each other.

        Parameters
        ----------
        before, after, surprisal
            [n], transitions and -ln of their probabilities.
        place
            int64[n], positions of the lines before; negative where there is none.
        table
            float64[n, len(Column)], the lines after, in which gaps are noted.
        """
        for row in np.flatnonzero(surprisal >= SUSPECT).tolist():
            pair = int(before[row]), int(after[row])
            evidence, state, share = self._gaps.missing(*pair, float(surprisal[row]))
            if evidence <= 0:
                continue
            line = table[row]
            at = place[row] if place[row] >= 0 else line[Column.POSITION]
            both = evidence + (line[Column.GAP] if line[Column.GAP_AT] == at else 0.0)
            if both > line[Column.GAP]:
                line[Column.GAP] = both
                line[Column.GAP_AT] = at
                line[Column.GAP_STATE] = state
                line[Column.GAP_BEFORE] = pair[0]
                line[Column.GAP_SURPRISAL] = surprisal[row]
                line[Column.GAP_PROBABILITY] = share

    def end_epoch(self) -> None:
        """Learn what comes between what, and forget the oldest of what there is no room for."""
        self._gaps.learn(*self._pending())
        self._steps.clear()
        self.chain.trim()

    def _pending(self) -> Integers:
        return np.concatenate([np.empty((2, 0), dtype=np.int64), *self._steps], axis=1)

    def merge(
        self, other: LearnedOrder, states: Integers, tags: Integers, tag_of: Integers
    ) -> None:
        """Add what another one has learned; as :meth:`BackoffChain.merge`."""
        self.chain.merge(other.chain, states, tags, tag_of)
        self._gaps.merge(other._gaps, states)
        self._steps.append(states[other._pending()])

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "chain": self.chain.dump(),
            "gaps": self._gaps.dump(),
            "steps": self._pending(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self.chain.load(state["chain"])
        self._gaps.load(state["gaps"])
        self._steps = [np.asarray(state["steps"]).reshape(2, -1)]
