"""How often each state followed each other: sparse counts, and the matrix that they estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_STATE_BITS = 31
MAX_STATES = 1 << _STATE_BITS
MIN_MERGE = 1 << 16


def pack(previous: Integers, following: Integers) -> Integers:
    """Return one number for each transition between states that are not negative."""
    return previous << _STATE_BITS | following


class TransitionCounts:
    """Counts that grow with every batch.

    Also kept is when each transition was first seen, counted in transitions, since that answers
    afterwards how much of the second half of the log a model of the first half had not seen: all
    occurrences of the transitions that first appear in the second half.
    """

    def __init__(self) -> None:
        self.total = 0
        """Transitions counted."""
        empty = np.empty(0, dtype=np.int64)
        self._merged = (empty, empty, empty)
        self._pending: list[tuple[Integers, Integers, Integers]] = []
        self._pending_size = 0

    def add(self, previous: Integers, following: Integers) -> None:
        """Count transitions in their order; those from or to a negative state are none."""
        known = (previous >= 0) & (following >= 0)
        packed = pack(previous[known], following[known])
        pairs, first, counts = np.unique(packed, return_index=True, return_counts=True)
        self._pending.append((pairs, counts, first + self.total))
        self._pending_size += len(pairs)
        self.total += len(packed)
        # Merging only when as much is new as is old keeps the cost of a batch proportional to it.
        if self._pending_size > max(len(self._merged[0]), MIN_MERGE):
            self._merge()

    def _merge(self) -> tuple[Integers, Integers, Integers]:
        if self._pending:
            parts = [self._merged, *self._pending]
            packed, counts, first = (np.concatenate(part) for part in zip(*parts, strict=True))
            pairs, inverse = np.unique(packed, return_inverse=True)
            summed = np.zeros(len(pairs), dtype=np.int64)
            np.add.at(summed, inverse, counts)
            earliest = np.full(len(pairs), self.total, dtype=np.int64)
            np.minimum.at(earliest, inverse, first)
            self._merged = (pairs, summed, earliest)
            self._pending, self._pending_size = [], 0
        return self._merged

    def matrix(self, states: int) -> TransitionMatrix:
        """Return the matrix over `states` states."""
        pairs, counts, _ = self._merge()
        return TransitionMatrix(pairs, counts, states)

    def second_half(self) -> tuple[int, int]:
        """Return the transitions of the second half, and how many the first half had not."""
        _, counts, first = self._merge()
        half = self.total - self.total // 2
        return self.total - half, int(counts[first >= half].sum())


class TransitionMatrix:
    """Maximum-likelihood transition probabilities (Teodorescu 2009, as in the paper).

    n_i is how often state i occurs in X_1 .. X_{n-1} and P_ij = n_ij / n_i. A state that occurs
    only as the last of a chain gets P_ii = 1.

    Parameters
    ----------
    pairs
        int64[k], ascending, as :func:`pack` numbers transitions.
    counts
        int64[k], positive.
    states
        How many states there are.

    Raises
    ------
    ValueError
        If the arrays do not fit these descriptions.
    """

    def __init__(self, pairs: Integers, counts: Integers, states: int) -> None:
        previous, following = pairs >> _STATE_BITS, pairs & (MAX_STATES - 1)
        if pairs.shape != counts.shape or (counts <= 0).any() or (np.diff(pairs) <= 0).any():
            raise ValueError("transitions must ascend and have positive counts")
        if len(pairs) and (previous.min() < 0 or max(previous.max(), following.max()) >= states):
            raise ValueError(f"transitions name states outside 0 .. {states - 1}")
        self.pairs = pairs
        self.counts = counts
        self.states = states
        self.row_totals = np.zeros(states, dtype=np.int64)
        """int64[states], n_i."""
        np.add.at(self.row_totals, previous, counts)

    @property
    def total(self) -> int:
        """Transitions seen."""
        return int(self.counts.sum())

    def probability(self, previous: Integers, following: Integers) -> Floats:
        """Return float64[n], P(following | previous); 0 where either state is negative."""
        probability = np.zeros(len(previous))
        rows = np.flatnonzero((previous >= 0) & (following >= 0))
        if not rows.size:
            return probability
        before, after = previous[rows], following[rows]
        totals = self.row_totals[before]
        closed = totals == 0
        probability[rows[closed]] = before[closed] == after[closed]
        if len(self.pairs):
            packed = pack(before, after)
            place = np.minimum(np.searchsorted(self.pairs, packed), len(self.pairs) - 1)
            seen = self.pairs[place] == packed
            probability[rows[seen]] = self.counts[place[seen]] / totals[seen]
        return probability

    def merged(
        self, other: TransitionMatrix, renumbering: Integers, states: int
    ) -> TransitionMatrix:
        """Return the matrix of the added counts.

        Parameters
        ----------
        renumbering
            int64[other.states], what the states of `other` are here.
        states
            How many states both have together.
        """
        theirs = pack(
            renumbering[other.pairs >> _STATE_BITS], renumbering[other.pairs & (MAX_STATES - 1)]
        )
        pairs, inverse = np.unique(np.concatenate([self.pairs, theirs]), return_inverse=True)
        counts = np.zeros(len(pairs), dtype=np.int64)
        np.add.at(counts, inverse, np.concatenate([self.counts, other.counts]))
        return TransitionMatrix(pairs, counts, states)
