"""Which line is missing between two that are seldom neighbours.

If `a` is often followed by some `m` and that by `b`, and `b` seldom comes right after `a`, a line
is missing rather than in the wrong place. The evidence is ln max_m P(m | a) P(b | m) - ln P(b | a).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from heapq import nlargest
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.storage.rows import Rows

Integers = NDArray[np.int64]

MOST_LIKELY = 64
"""Lines after `a` that are considered."""


class Gaps(Rows):
    """What usually comes after what.

    Parameters
    ----------
    capacity
        How many different transitions are kept; beyond that those from states that were not seen
        for longest are forgotten.
    """

    def __init__(self, capacity: int = 1 << 18) -> None:
        self._capacity = capacity
        self._after: OrderedDict[int, dict[int, int]] = OrderedDict()
        self._total: dict[int, int] = {}
        self._likely: dict[int, list[tuple[int, int]]] = {}
        # What was asked since the last transition was learned.
        self._between: dict[tuple[int, int], tuple[int, float]] = {}
        self._size = 0
        self._changes = 0
        self._versions: dict[str, int] = {}

    def learn(self, before: Integers, after: Integers) -> None:
        """Count transitions, int64[n] each."""
        if not len(before):
            return
        self._between.clear()
        self._changes += 1
        pairs, counts = np.unique(np.stack([before, after]), axis=1, return_counts=True)
        for a, b, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
            followers = self._after.setdefault(a, {})
            self._size += b not in followers
            followers[b] = followers.get(b, 0) + count
            self._total[a] = self._total.get(a, 0) + count
            self._likely.pop(a, None)
            self._after.move_to_end(a)
            self._versions[str(a)] = self._changes
        while self._size > self._capacity:
            a, followers = self._after.popitem(last=False)
            self._size -= len(followers)
            del self._total[a], self._versions[str(a)]
            self._likely.pop(a, None)

    def merge(self, other: Gaps, states: Integers) -> None:
        """Add the counts of another one, whose states have other numbers here, int64[]."""
        steps = [
            (int(states[a]), int(states[b]), count)
            for a, followers in other._after.items()
            for b, count in followers.items()
        ]
        before, after, counts = np.array(steps, dtype=np.int64).reshape(-1, 3).T
        self.learn(np.repeat(before, counts), np.repeat(after, counts))

    def missing(self, before: int, after: int, surprisal: float) -> tuple[float, int, float]:
        """Return the evidence that a line is missing.

        Parameters
        ----------
        before, after
            Two states in a row.
        surprisal
            -ln P(after | before).

        Returns
        -------
        evidence
            In nats; 0 if there is none.
        state
            The line that comes between, -1 for none.
        probability
            Of going from one to the other by way of it.
        """
        known = self._between.get((before, after))
        if known is None:
            known = self._between[before, after] = self._likeliest(before, after)
        state, share = known
        return (max(surprisal + log(share), 0.0) if share else 0.0), state, share

    def _likeliest(self, before: int, after: int) -> tuple[int, float]:
        best, state = 0.0, -1
        for middle, count in self._most_likely(before):
            if middle in (before, after):
                continue
            there = self._after.get(middle)
            reached = there.get(after, 0) if there else 0
            if reached:
                share = count * reached / (self._total[middle] + len(there or ()))
                if share > best:
                    best, state = share, middle
        if state < 0:
            return -1, 0.0
        return state, best / (self._total[before] + len(self._after[before]))

    def _most_likely(self, state: int) -> list[tuple[int, int]]:
        likely = self._likely.get(state)
        if likely is None:
            followers = self._after.get(state, {})
            likely = nlargest(MOST_LIKELY, followers.items(), key=lambda item: (item[1], -item[0]))
            self._likely[state] = likely
        return likely

    def versions(self) -> Mapping[str, int]:
        """Return for each state the number of the change that was its last one."""
        return self._versions

    def value(self, key: str) -> dict[str, Any]:
        """Return what came after a state, and when that changed last."""
        followers = self._after[int(key)]
        return {
            "changed": self._versions[key],
            "states": np.array(list(followers), dtype=np.int32),
            "counts": np.array(list(followers.values()), dtype=np.int64),
        }

    def dump(self) -> dict[str, Any]:
        """Return the state for storage, a row for each state."""
        return {"after": self}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        rows = sorted(state["after"].items(), key=lambda row: (row[1]["changed"], int(row[0])))
        self._after = OrderedDict(
            (int(a), dict(zip(row["states"].tolist(), row["counts"].tolist(), strict=True)))
            for a, row in rows
        )
        self._total = {a: sum(followers.values()) for a, followers in self._after.items()}
        self._size = sum(map(len, self._after.values()))
        self._changes = max((row["changed"] for _, row in rows), default=0)
        self._versions = {a: int(row["changed"]) for a, row in rows}
        self._likely = {}
        self._between = {}
