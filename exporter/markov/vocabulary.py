"""Numbers for the distinct messages, or tags, that a model knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from exporter.records import Categorical

UNKNOWN = -1


class Vocabulary:
    """States by their text, numbered from 0 in order of admission.

    Parameters
    ----------
    values
        Texts that are known from the start.
    capacity
        How many are admitted; ``None`` for no limit.
    """

    def __init__(self, values: Iterable[str] = (), capacity: int | None = None) -> None:
        self._numbers: dict[str, int] = {}
        self._capacity = capacity
        self.admit(values)

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def values(self) -> tuple[str, ...]:
        """The texts by number."""
        return tuple(self._numbers)

    def admit(self, values: Iterable[str]) -> None:
        """Give numbers to new values, as far as there is room."""
        for value in values:
            if self._capacity is None or len(self._numbers) < self._capacity:
                self._numbers.setdefault(value, len(self._numbers))

    def numbers(self, values: Sequence[str]) -> NDArray[np.int64]:
        """Return int64[n], the numbers of some texts; :data:`UNKNOWN` for others."""
        return np.fromiter(map(self._numbers.get, values, repeat(UNKNOWN)), np.int64, len(values))

    def encode(self, column: Categorical) -> NDArray[np.int64]:
        """Return int64[n], the number of each record's value; :data:`UNKNOWN` for others."""
        # The last place answers for records without a value, whose code is -1.
        return np.append(self.numbers(column.values), UNKNOWN)[column.codes]
