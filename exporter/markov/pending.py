"""Lines that wait for those that follow them on their host."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.evidence import AROUND, around, insertion
from exporter.markov.groups import Groups

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Table = NDArray[np.float64]


class Column(IntEnum):
    """What is known of a line; a table is float64[n, len(Column)].

    `POSITION` counts the lines of the source. `SURPRISAL`, `SKIPPING` and `PROCESS` are nats, of
    the line after the one before, after the one before that, and in its process; NaN where they
    were not asked for. `SEEN` is how often the line was there before. `GAP` is the evidence in nats
    that `GAP_STATE` is missing in front of the line, behind the one at `GAP_AT`, which is
    `GAP_BEFORE`: without it the surprisal is `GAP_SURPRISAL`, the probability of a way by it
    `GAP_PROBABILITY`. `AROUND` is the mean surprisal of the lines around, once it is known.
    """

    POSITION = 0
    HOST = 1
    TIME = 2
    BEFORE = 3
    STATE = 4
    SEEN = 5
    SURPRISAL = 6
    SKIPPING = 7
    PROCESS = 8
    GAP = 9
    GAP_AT = 10
    GAP_STATE = 11
    GAP_BEFORE = 12
    GAP_SURPRISAL = 13
    GAP_PROBABILITY = 14
    AROUND = 15
    DONE = 16


class Pending:
    """The last lines of each host.

    Waiting ends with the :data:`AROUND` th line after, or when the source logged many others.
    """

    def __init__(self) -> None:
        # From the longest silent host to the last one heard of.
        self._last: OrderedDict[int, Table] = OrderedDict()

    def add(self, lines: Table) -> tuple[Table, Floats, Floats]:
        """Take in lines, in their order; return those for which that was the last one to wait for.

        Returns
        -------
        table
            float64[m, len(Column) + 1], in order of their positions; the last column is the state
            that followed.
        inserted, missing
            float64[m], evidence in nats that the line is one too many, or that one is missing.
        """
        hosts = np.unique(lines[:, Column.HOST].astype(np.int64)).tolist()
        kept = [self._last.pop(host) for host in hosts if host in self._last]
        table = np.concatenate([*kept, lines])
        groups = Groups(table[:, Column.HOST])
        table = table[groups.order]
        first, last = groups.first[groups.number], groups.end[groups.number] - 1
        ready = (table[:, Column.DONE] == 0) & (last - np.arange(len(table)) >= AROUND)
        found = _evidence(table, first, last, np.flatnonzero(ready))
        table[ready, Column.DONE] = 1
        # In order of their last lines.
        for group in np.argsort(table[groups.end - 1, Column.POSITION]).tolist():
            begin, end = int(groups.first[group]), int(groups.end[group])
            host = int(table[begin, Column.HOST])
            self._last[host] = table[max(begin, end - 2 * AROUND) : end].copy()
        return found

    def flush(self, position: float = np.inf) -> tuple[Table, Floats, Floats]:
        """Return the lines of hosts that were silent since `position`, as :meth:`add` does."""
        tables = []
        while self._last:
            table = next(iter(self._last.values()))
            if table[-1, Column.POSITION] >= position:
                break
            tables.append(self._last.popitem(last=False)[1])
        if not tables:
            empty = np.empty(0)
            return np.empty((0, len(Column) + 1)), empty, empty
        table = np.concatenate(tables)
        sizes = np.array([len(one) for one in tables])
        ends = np.cumsum(sizes) - 1
        group = np.repeat(np.arange(len(sizes)), sizes)
        rows = np.flatnonzero(table[:, Column.DONE] == 0)
        return _evidence(table, (ends - sizes + 1)[group], ends[group], rows)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "sizes": [len(table) for table in self._last.values()],
            "lines": np.concatenate([np.empty((0, len(Column))), *self._last.values()]),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        lines = np.asarray(state["lines"]).reshape(-1, len(Column)).copy()
        tables = np.split(lines, np.cumsum(np.array(state["sizes"], dtype=np.intp)))[:-1]
        self._last = OrderedDict((int(table[0, Column.HOST]), table) for table in tables)


def _evidence(
    table: Table, first: NDArray[np.intp], last: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[Table, Floats, Floats]:
    """Return some rows of a table of some hosts' lines, what followed them, and the evidence."""
    usual = around(table[:, Column.SURPRISAL], first, last)
    # A gap is behind the line before.
    at_gap = usual[np.maximum(rows - 1, first[rows])]
    usual = usual[rows]
    after = np.minimum(rows + 1, last[rows])
    alone = after == rows
    surprisal = table[rows, Column.SURPRISAL]
    following = np.where(alone, 0.0, table[after, Column.SURPRISAL])
    skipping = np.where(alone, 0.0, table[after, Column.SKIPPING])
    # Where it was not asked for, the line is no candidate: nothing speaks for leaving it out.
    skipping = np.where(np.isnan(skipping), following, skipping)
    inserted = insertion(surprisal, following, skipping, table[rows, Column.PROCESS], usual)
    missing = np.where(table[rows, Column.GAP] > 0, table[rows, Column.GAP] - at_gap, -np.inf)
    followed = np.where(alone, -1.0, table[after, Column.STATE])
    found = np.column_stack([table[rows], followed])
    found[:, Column.AROUND] = usual
    order = np.argsort(found[:, Column.POSITION], kind="stable")
    return found[order], inserted[order], missing[order]
