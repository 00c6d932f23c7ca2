"""Numbers for names that a source may log without end: hosts and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.pages import Pages, in_order
from exporter.records import Categorical

OTHER = "other"


class Names:
    """Numbers in order of first appearance; one for all names that there is no more room for.

    Parameters
    ----------
    capacity
        How many names have a number of their own.
    reserved
        Names that have the first numbers, and that nothing is ever called.
    """

    def __init__(self, capacity: int, reserved: int = 0) -> None:
        self._capacity = capacity
        self._reserved = reserved
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._pages = Pages(self.__len__, self._names_of)
        self.refused = 0
        """Names that have no number of their own, counted each time one comes."""

    def __len__(self) -> int:
        return len(self._numbers)

    def encode(self, column: Categorical) -> NDArray[np.int64]:
        """Return int64[n], the numbers of a column; records without a value have the name ""."""
        codes = np.where(column.codes < 0, len(column.values), column.codes)
        used, first = np.unique(codes, return_index=True)
        table = np.zeros(len(column.values) + 1, dtype=np.int64)
        for code in used[np.argsort(first)].tolist():
            table[code] = self.number(column.values[code] if code < len(column.values) else "")
        return table[codes]

    def number(self, name: str) -> int:
        """Return the number of a name."""
        number = self._numbers.get(name)
        if number is None:
            if len(self._numbers) < self._capacity:
                number = self._reserved + len(self._numbers)
                self._numbers[name] = number
                self._names.append(name)
                self._pages.touch(np.array([len(self._names) - 1]))
            else:
                self.refused += 1
                number = self._reserved + self._capacity
        return number

    def all(self) -> list[str]:
        """Return the names that have a number of their own, in the order of these."""
        return list(self._names)

    def name(self, number: int) -> str:
        """Return the name of a number."""
        place = number - self._reserved
        return self._names[place] if 0 <= place < len(self._names) else OTHER

    def _names_of(self, part: slice) -> list[str]:
        return self._names[part]

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"pages": self._pages, "refused": self.refused}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self._names[:] = [name for page in in_order(state["pages"]) for name in page]
        self._numbers = {name: self._reserved + place for place, name in enumerate(self._names)}
        self.refused = int(state["refused"])
        self._pages.touch_all()
