"""ADWIN: a window over a stream of numbers that drops its past when the mean has changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from exporter.records import Floats

BLOCK = 128
"""Values that are added at once, by default."""
_PER_ROW = 5
_LEAST_BLOCKS = 4


_Part = tuple[float, float, float]


class Adwin:
    """Adaptive window (Bifet and Gavalda 2007, "Learning from time-changing data").

    Values are kept as sums of 128, 256, 512, … of them, at most five of each size, so that memory
    is logarithmic in the length of the window. After every 128th value the window is split at each
    of the borders between them. The means of two parts of n0 and n1 values may differ by
    sqrt(2/h v ln(2/d)) + 2/(3 h) ln(2/d), with h = 1 / (1/n0 + 1/n1), v the variance of the window
    and d = delta / ln(n). If they differ by more, the older part is dropped: a change.

    Blocks are counted from the first value, so that batches make no difference. All borders are
    tested at once, where river's takes one after the other.

    Parameters
    ----------
    delta
        Bound on the probability of a false change for each test.
    scale
        Width of the range of the values, 1 for shares and probabilities.
    block
        Values that are added at once, and after which the window is tested.
    """

    def __init__(self, delta: float = 0.002, scale: float = 1.0, block: int = BLOCK) -> None:
        self._block = block
        self._delta = delta
        self._scale = scale
        self.changes = 0
        """Changes found so far."""
        self.seen = 0
        """Values seen so far."""
        self.changed_at = 0
        """Values seen when the last change was found."""
        self._pending = np.empty(0)
        # Oldest and largest first: number of values, mean, squared deviations from it.
        self._parts: list[_Part] = []

    @property
    def n(self) -> int:
        """Values in the window."""
        return int(sum(part[0] for part in self._parts)) + len(self._pending)

    @property
    def mean(self) -> float | None:
        """Mean of the finished blocks of the window; ``None`` before the first one."""
        return _pool(self._parts)[1] if self._parts else None

    def add(self, values: Floats) -> None:
        """Add values in order of their arrival; float64[n], finite."""
        finished = self.seen - len(self._pending)
        values = np.concatenate((self._pending, values))
        whole = len(values) - len(values) % self._block
        blocks = values[:whole].reshape(-1, self._block)
        means = blocks.mean(axis=1)
        deviations = ((blocks - means[:, None]) ** 2).sum(axis=1)
        for mean, deviation in zip(means.tolist(), deviations.tolist(), strict=True):
            finished += self._block
            self._append((float(self._block), mean, deviation))
            if self._shrink():
                self.changes += 1
                self.changed_at = finished
        self._pending = values[whole:].copy()
        self.seen = finished + len(self._pending)

    def dump(self) -> dict[str, Any]:
        """Return the state."""
        return {
            "changes": self.changes,
            "seen": self.seen,
            "changed_at": self.changed_at,
            "pending": self._pending,
            "parts": np.array(self._parts, dtype=np.float64).reshape(-1, 3),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self.changes = int(state["changes"])
        self.seen = int(state["seen"])
        self.changed_at = int(state["changed_at"])
        self._pending = np.array(state["pending"], dtype=np.float64)
        rows = np.array(state["parts"], dtype=np.float64).reshape(-1, 3)
        self._parts = [(n, mean, deviations) for n, mean, deviations in rows.tolist()]

    def _append(self, part: _Part) -> None:
        parts = self._parts
        parts.append(part)
        end = len(parts)
        while end > _PER_ROW and parts[end - _PER_ROW - 1][0] == parts[end - 1][0]:
            # The two oldest of six of one size become one of the next size.
            first = end - _PER_ROW - 1
            parts[first : first + 2] = [_pool(parts[first : first + 2])]
            end = first + 1

    def _shrink(self) -> bool:
        """Drop the older parts as long as the means differ; return whether any were."""
        shrunk = False
        while len(self._parts) >= _LEAST_BLOCKS:
            cut = self._cut()
            if cut == 0:
                break
            del self._parts[:cut]
            shrunk = True
        return shrunk

    def _cut(self) -> int:
        """Return how many parts lie before the border with the clearest change, 0 if none has."""
        parts = self._parts
        total, center, deviations = _pool(parts)
        chance = math.log(2 * math.log(total) / self._delta)
        spread, width = 2 * deviations / total * chance, self._scale * 2 / 3 * chance
        clearest, cut = 0.0, 0
        older = moved = 0.0
        # A few dozen numbers: in numpy the calls alone take longer.
        for border, (number, mean, _) in enumerate(parts[:-1], 1):
            older += number
            moved += number * (mean - center)
            inverse = total / (older * (total - older))
            difference = abs(moved) * inverse
            if difference * difference <= spread * inverse:
                continue
            excess = difference - math.sqrt(spread * inverse) - width * inverse
            if excess > clearest:
                clearest, cut = excess, border
        return cut


def _pool(parts: list[_Part]) -> _Part:
    total = summed = deviations = 0.0
    for number, mean, squares in parts:
        total += number
        summed += number * mean
        deviations += squares
    center = summed / total
    for number, mean, _ in parts:
        deviations += number * (mean - center) ** 2
    return total, center, deviations
