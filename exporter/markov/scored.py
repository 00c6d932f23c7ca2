"""Scores of lines, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from exporter.markov.pending import Column, Table

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Kind(IntEnum):
    """What is wrong with a line, if anything is."""

    UNEXPECTED = 0
    MISSING = 1
    NOVEL = 2
    BURST = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """Lines that were scored.

    Attributes
    ----------
    position
        int64[n], which line of the source it is, from 0. For a missing one: behind which line.
    host
        int64[n], a number of the detector's hosts.
    time
        float64[n], Unix seconds.
    score
        float64[n], evidence in nats that something is wrong.
    kind
        int64[n], of :class:`Kind`.
    before, state, after
        int64[n], the templates of the line before, of the line, and of what followed; for a
        missing one of the two lines between which it is missing, and in `state` of itself. -1
        where there is none.
    surprisal, usual
        float64[n], nats, of the line after the one before; and, of a missing one, of going from
        one to the other by way of it.
    """

    position: Integers
    host: Integers
    time: Floats
    score: Floats
    kind: Integers
    before: Integers
    state: Integers
    after: Integers
    surprisal: Floats
    usual: Floats

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Scored:
        """Return some of them."""
        return Scored(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Scored]) -> Scored:
        """Return several as one."""
        parts = parts or [scored(np.empty((0, len(Column) + 1)), np.empty(0), np.empty(0))]
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def scored(table: Table, inserted: Floats, missing: Floats) -> Scored:
    """Return the scores of lines that wait no longer.

    Parameters
    ----------
    table, inserted, missing
        As :meth:`exporter.markov.pending.Pending.add` returns them.
    """
    gap = missing > inserted
    whole = np.nan_to_num(table, nan=-1.0).astype(np.int64).T
    novel = whole[Column.SEEN] == 0
    kind = np.where(gap, Kind.MISSING, np.where(novel, Kind.NOVEL, Kind.UNEXPECTED))
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.where(gap, -np.log(table[:, Column.GAP_PROBABILITY]), 0.0)
    return Scored(
        position=np.where(gap, whole[Column.GAP_AT], whole[Column.POSITION]),
        host=whole[Column.HOST],
        time=table[:, Column.TIME],
        score=np.where(gap, missing, inserted),
        kind=kind.astype(np.int64),
        before=np.where(gap, whole[Column.GAP_BEFORE], whole[Column.BEFORE]),
        state=np.where(gap, whole[Column.GAP_STATE], whole[Column.STATE]),
        after=np.where(gap, whole[Column.STATE], whole[-1]),
        surprisal=np.where(gap, table[:, Column.GAP_SURPRISAL], table[:, Column.SURPRISAL]),
        usual=usual,
    )
