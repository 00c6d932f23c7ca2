"""A column of lists: of ranked items, or of all classes that apply at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ListColumn:
    """Lists, one behind the other; no value occurs twice in one of them.

    Attributes
    ----------
    present
        bool[n], the record has a list; it may be an empty one.
    starts
        int64[n + 1], where the list of each record begins in `codes`, and where the last one ends.
    codes
        int32[starts[n]], indices into `values`, each list in its own order.
    values
        The distinct values of the batch.
    """

    present: Mask
    starts: NDArray[np.int64]
    codes: NDArray[np.int32]
    values: tuple[str, ...]

    @classmethod
    def absent(cls, count: int) -> ListColumn:
        """Return a column without any list."""
        starts = np.zeros(count + 1, dtype=np.int64)
        return cls(np.zeros(count, dtype=bool), starts, np.empty(0, dtype=np.int32), ())

    @classmethod
    def joined(cls, parts: Sequence[ListColumn]) -> ListColumn:
        """Return the lists of all columns, one column after the other."""
        values = dict.fromkeys(value for part in parts for value in part.values)
        position = {value: code for code, value in enumerate(values)}
        codes = [
            np.array([*map(position.__getitem__, part.values)], dtype=np.int32)[part.codes]
            for part in parts
        ]
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(
            np.concatenate([part.present for part in parts]),
            np.concatenate(([0], np.cumsum(lengths))),
            np.concatenate(codes),
            tuple(values),
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[n], how many values each list has."""
        return np.diff(self.starts)

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64[starts[n]], the record that each value belongs to."""
        return np.repeat(np.arange(len(self.present)), self.lengths)

    @property
    def ranks(self) -> NDArray[np.int64]:
        """int64[starts[n]], the place of each value in its list, from 1."""
        return np.arange(len(self.codes)) - np.repeat(self.starts[:-1], self.lengths) + 1

    def found_in(self, other: ListColumn) -> Mask:
        """Return bool[starts[n]], the value is in the other column's list of the same record."""
        position = {value: code for code, value in enumerate(self.values)}
        translated = np.array(
            [position.get(value, -1) for value in other.values] or [-1], dtype=np.int64
        )
        size = len(self.values)
        theirs = translated[other.codes]
        known = theirs >= 0
        return np.isin(self.rows * size + self.codes, (other.rows * size + theirs)[known])

    def take(self, rows: NDArray[np.intp]) -> ListColumn:
        """Select records; values that no longer occur stay in `values`."""
        lengths = self.lengths[rows]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        inside = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        codes = self.codes[np.repeat(self.starts[rows], lengths) + inside]
        return ListColumn(self.present[rows], starts, codes, self.values)

    def compact(self) -> ListColumn:
        """Return the same without the values that no list has."""
        used, codes = np.unique(self.codes, return_inverse=True)
        values = tuple(self.values[code] for code in used.tolist())
        return replace(self, codes=codes.astype(np.int32), values=values)

    def decode(self) -> list[list[str] | None]:
        """Return the column as lists (for tests and rare paths)."""
        return [
            [self.values[code] for code in self.codes[first:last].tolist()] if there else None
            for there, first, last in zip(
                self.present.tolist(), self.starts[:-1], self.starts[1:], strict=True
            )
        ]
