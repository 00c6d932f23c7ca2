"""Ground truth that was logged apart, at hand as the predictions are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exporter import hashing
from exporter.records import Categorical, Codes, Floats, RecordBatch

_Columns = tuple[hashing.Hashes, Codes, Floats]


class LabelTable:
    """Labels by request id; the first one of an id counts.

    It takes 20 bytes for each label, and knows ids by 64-bit hashes.
    """

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._parts: list[_Columns] = []
        self._table: _Columns | None = None

    def __len__(self) -> int:
        return len(self._sorted()[0])

    def add(self, batch: RecordBatch) -> None:
        """Remember the classes and numbers of a batch that are ground truth of a request."""
        rows = np.flatnonzero(
            batch.identified & ((batch.label.codes >= 0) | ~np.isnan(batch.label_value))
        )
        if not rows.size:
            return
        self._table = None
        known = [self._names.setdefault(name, len(self._names)) for name in batch.label.values]
        codes = np.array([*known, -1], dtype=np.int32)[batch.label.codes[rows]]
        self._parts.append((_keys(batch, rows), codes, batch.label_value[rows]))

    def fill(self, batch: RecordBatch) -> tuple[RecordBatch, int]:
        """Return a batch with the labels that its predictions lack, and how many these are."""
        rows = np.flatnonzero(batch.attempt & batch.identified & ~batch.truth)
        keys, codes, numbers = self._sorted()
        if not rows.size or not len(keys):
            return batch, 0
        wanted = _keys(batch, rows)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = keys[at] == wanted
        rows, at = rows[found], at[found]
        names = list(dict.fromkeys((*batch.label.values, *self._names)))
        position = {name: code for code, name in enumerate(names)}
        translated = np.array([*(position[name] for name in self._names), -1], dtype=np.int32)
        label, value = batch.label.codes.copy(), batch.label_value.copy()
        label[rows], value[rows] = translated[codes[at]], numbers[at]
        filled = replace(batch, label=Categorical(label, tuple(names)), label_value=value)
        return filled, len(rows)

    def _sorted(self) -> _Columns:
        """Return the labels in the order of their keys, each key once."""
        if self._table is None:
            empty = (np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0))
            parts = self._parts or [empty]
            keys, codes, numbers = (np.concatenate(each) for each in zip(*parts, strict=True))
            # The first one of equal keys, which is the one read first.
            keys, first = np.unique(keys, return_index=True)
            self._table = keys, codes[first], numbers[first]
            self._parts = [self._table]
        return self._table


def _keys(batch: RecordBatch, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> hashing.Hashes:
    ids = batch.request_id or ()
    return hashing.of_texts([ids[row] or "" for row in rows.tolist()])
