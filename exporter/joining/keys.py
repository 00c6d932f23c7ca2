"""Request ids as 64-bit keys, and where each key is.

Two of 10 million ids share a key with a probability of 3e-6 (birthday bound). The hash has no seed:
a key means the same after a restart. BLAKE2b comes with Python and, unlike a faster hash that is
not cryptographic, leaves a client that chooses its own ids no way to make them collide.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Places = NDArray[np.int64]


def keys_of(ids: Sequence[str]) -> Keys:
    """Return uint64[n], the keys of request ids."""
    digests = [blake2b(each.encode("utf-8", "surrogatepass"), digest_size=8) for each in ids]
    return np.frombuffer(b"".join(each.digest() for each in digests), dtype="<u8")


class KeyIndex:
    """Finds the place of keys: a few sorted arrays, small ones merged into larger ones.

    Places only grow; those below :attr:`first` are gone and are forgotten as arrays are merged.
    """

    def __init__(self) -> None:
        self._levels: list[tuple[Keys, Places]] = []
        self.first = 0

    def add(self, keys: Keys, places: Places) -> None:
        """Add uint64[n] keys, each of them once and none that is found already."""
        if not len(keys):
            return
        self._levels.append(_in_order(keys, places))
        while len(self._levels) > 1 and len(self._levels[-2][0]) < 2 * len(self._levels[-1][0]):
            newer, older = self._levels.pop(), self._levels.pop()
            keys, places = (np.concatenate(pair) for pair in zip(older, newer, strict=True))
            alive = places >= self.first
            self._levels.append(_in_order(keys[alive], places[alive]))

    def find(self, keys: Keys) -> Places:
        """Return int64[n], the place of each key, -1 where there is none."""
        found = np.full(len(keys), -1, dtype=np.int64)
        if not len(keys):
            return found
        for known, places in self._levels:
            if not len(known):
                continue
            at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            hit = (known[at] == keys) & (places[at] >= self.first)
            found[hit] = places[at[hit]]
        return found


def _in_order(keys: Keys, places: Places) -> tuple[Keys, Places]:
    order = np.argsort(keys)
    return keys[order], places[order]
