"""Logged embeddings as one matrix a batch."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.checks import Violations, all_absent
from exporter.parsing.fields import EMBEDDING

LARGEST = 1e15
"""A greater number would spoil the sum of all others for good."""
MAX_DIMENSION = 16_384

Embedding = NDArray[np.float32]


class Embeddings:
    """Turns lists of numbers into rows of a matrix; what is no such list is a violation.

    Parameters
    ----------
    dimension
        Numbers that an embedding has. Absent: as many as most of the first ones have.
    """

    def __init__(self, dimension: int | None = None) -> None:
        self.dimension = dimension

    def of(self, raw: Sequence[Any], found: Violations) -> Embedding | None:
        """Return float32[n, dimension], NaN in the rows of records without a usable embedding.

        ``None`` if no record has a usable one. An array of one row, as of a batch of one, stands
        for that row.

        Parameters
        ----------
        raw
            What was logged; ``None`` where there is nothing.
        found
            Other values are counted here as `type` (no list of numbers), `length` (not as many as
            `dimension`) or `range` (a number that is not finite, or greater than :data:`LARGEST`).
        """
        if all_absent(raw):
            return None
        at = [position for position, value in enumerate(raw) if value is not None]
        if self.dimension is None:
            self.dimension = _commonest([raw[position] for position in at])
        if self.dimension is None:
            found[EMBEDDING, "type"] += len(at)
            return None
        pack = struct.Struct(f"{self.dimension}d").pack
        try:
            # Packing tells a list of another length, or of other things, on the way.
            packed = b"".join([pack(*raw[position]) for position in at])
        except (struct.error, TypeError, OverflowError):
            at, packed = self._one_by_one(raw, at, pack, found)
        values = np.frombuffer(packed).reshape(len(at), self.dimension)
        usable = np.abs(values).max(axis=1, initial=0.0) <= LARGEST
        if not usable.all():
            found[EMBEDDING, "range"] += int((~usable).sum())
        if not usable.any():
            return None
        if len(at) == len(raw) and usable.all():
            return values.astype(np.float32)
        rows = np.full((len(raw), self.dimension), np.nan, dtype=np.float32)
        rows[np.array(at)[usable]] = values[usable]
        return rows

    def _one_by_one(
        self, raw: Sequence[Any], at: list[int], pack: Callable[..., bytes], found: Violations
    ) -> tuple[list[int], bytes]:
        good, packed = [], []
        for position in at:
            row = _flat(raw[position])
            if row is None:
                found[EMBEDDING, "type"] += 1
            elif len(row) != self.dimension:
                found[EMBEDDING, "length"] += 1
            else:
                try:
                    packed.append(pack(*row))
                except (struct.error, OverflowError):
                    found[EMBEDDING, "type"] += 1
                else:
                    good.append(position)
        return good, b"".join(packed)


def _flat(value: Any) -> Sequence[Any] | None:
    if not isinstance(value, list):
        return None
    if len(value) == 1 and isinstance(value[0], list):
        inner: list[Any] = value[0]
        return inner
    return value


def _commonest(values: Sequence[Any]) -> int | None:
    rows = (_flat(value) for value in values)
    lengths = Counter(len(row) for row in rows if row and type(row[0]) in (int, float))
    for length, _ in lengths.most_common():
        if length <= MAX_DIMENSION:
            return length
    return None
