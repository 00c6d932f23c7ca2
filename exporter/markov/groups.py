"""Equal keys brought together, so that what belongs together lies in a row."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Places = NDArray[np.intp]


class Groups:
    """Entries by their keys, those of one key in the order in which they came.

    Parameters
    ----------
    keys
        [n], whole numbers.

    Attributes
    ----------
    order
        int[n], the entries, key by key from the lowest on.
    first, end
        int[groups], where in `order` each key begins, and where the next one does.
    """

    def __init__(self, keys: NDArray[Any]) -> None:
        self._keys = keys
        self.order: Places = np.argsort(keys, kind="stable")
        ordered = keys[self.order]
        begins = np.ones(len(keys), dtype=bool)
        begins[1:] = ordered[1:] != ordered[:-1]
        self.first: Places = np.flatnonzero(begins)
        self.end: Places = np.append(self.first[1:], len(keys))[: len(self.first)]

    @property
    def keys(self) -> NDArray[Any]:
        """[groups], the key of each."""
        return self._keys[self.order[self.first]]

    @property
    def sizes(self) -> Places:
        """int[groups], entries of each."""
        return self.end - self.first

    @cached_property
    def number(self) -> Places:
        """int[n], the group of each entry of `order`."""
        return np.repeat(np.arange(len(self.first)), self.sizes)

    @property
    def last(self) -> Places:
        """int[groups], the last entry of each."""
        return self.order[self.end - 1]
