"""A uniform sample of a stream of numbers whose length nobody knows."""

from __future__ import annotations

import numpy as np

from exporter.records import Floats

_SEED = 20180101


class Reservoir:
    """Keeps all numbers up to a capacity, then a uniform sample of that size.

    Algorithm R (Vitter 1985, "Random sampling with a reservoir") with a fixed seed: the same
    stream gives the same sample, however it is cut into batches.

    Parameters
    ----------
    capacity
        Numbers kept.
    head
        How many of the first numbers are kept in their order as well.
    """

    def __init__(self, capacity: int, head: int = 0) -> None:
        self.capacity = capacity
        self._head_size = min(head, capacity)
        self._head: Floats | None = None
        self.seen = 0
        """Numbers offered so far."""
        self._values: Floats = np.empty(min(capacity, 1024))
        self._random = np.random.default_rng(_SEED)

    @property
    def values(self) -> Floats:
        """float64[min(seen, capacity)], in no particular order once `seen` exceeds `capacity`."""
        return self._values[: min(self.seen, self.capacity)]

    @property
    def head(self) -> Floats:
        """float64[<= head], the first numbers in the order in which they came."""
        return self._values[: min(self.seen, self._head_size)] if self._head is None else self._head

    def add(self, values: Floats) -> None:
        """Offer float64[n]."""
        filling = values[: max(0, self.capacity - self.seen)]
        self._append(filling)
        rest = values[len(filling) :]
        if rest.size:
            if self._head is None:
                self._head = self._values[: self._head_size].copy()
            # The number at position i (from 0) replaces a random one with chance capacity/(i+1).
            positions = self.seen + np.arange(1, len(rest) + 1)
            slots = (self._random.random(len(rest)) * positions).astype(np.int64)
            kept = slots < self.capacity
            # Of several numbers for one slot the last one stays, as in the sequential algorithm.
            self._values[slots[kept]] = rest[kept]
            self.seen += len(rest)

    def _append(self, values: Floats) -> None:
        end = self.seen + len(values)
        if end > len(self._values):
            grown = np.empty(min(self.capacity, max(end, 2 * len(self._values))))
            grown[: self.seen] = self._values[: self.seen]
            self._values = grown
        self._values[self.seen : end] = values
        self.seen = end
