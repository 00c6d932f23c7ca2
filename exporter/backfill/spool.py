"""Records by the interval of event time that they belong to, kept in a file.

Sources, and files of one source, are read one after the other, yet what happened in the same minute
has to be counted together. So what was parsed goes to a file first, cut at the intervals; memory
holds only where each cut lies, some tens of bytes.
"""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from os import SEEK_END
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from exporter.records import Categorical, RecordBatch, SyslogBatch

AnyBatch = RecordBatch | SyslogBatch


class Spool:
    """Keeps batches, and gives them back interval by interval.

    Parameters
    ----------
    file
        Empty, open for reading and writing, and nobody else's.
    interval
        Seconds; interval i holds the event times in [i * interval, (i + 1) * interval).
    """

    def __init__(self, file: BinaryIO, interval: float) -> None:
        self._file = file
        self._interval = interval
        self._places: dict[int, list[tuple[str, int]]] = defaultdict(list)
        self._untimed: list[tuple[str, int]] = []

    def put(self, source: str, batch: AnyBatch) -> None:
        """Keep a batch whose `event_time` is set, that was read of `source`.

        What is counted by batch (invalid records, violated rules) goes to the last interval of the
        batch; of a batch without records, to the first interval of all.
        """
        of_row = np.floor(batch.event_time / self._interval).astype(np.int64)
        found = np.unique(of_row)
        for interval in found.tolist():
            rows = np.flatnonzero(of_row == interval)
            part = _rows(batch, rows)
            if interval == found[-1] and isinstance(batch, RecordBatch):
                # Taking rows leaves these with the whole.
                part = replace(part, invalid=batch.invalid, violations=batch.violations)
            self._places[interval].append((source, self._write(part)))
        if not len(found) and isinstance(batch, RecordBatch) and batch.invalid.total():
            self._untimed.append((source, self._write(replace(batch, placements=()))))

    def _write(self, batch: AnyBatch) -> int:
        place = self._file.seek(0, SEEK_END)
        pickle.dump(batch, self._file, pickle.HIGHEST_PROTOCOL)
        return place

    @property
    def first(self) -> int | None:
        """The first interval that holds a record; ``None`` if none does."""
        return min(self._places, default=None)

    @property
    def last(self) -> int | None:
        """The last interval that holds a record; ``None`` if none does."""
        return max(self._places, default=None)

    def batches(self, interval: int) -> Iterator[tuple[str, AnyBatch]]:
        """Yield the batches of an interval with their sources, in the order they were read in."""
        places = self._places.get(interval, [])
        if interval == self.first:
            places = [*self._untimed, *places]
        for source, place in places:
            self._file.seek(place)
            # Written above, to a file of our own.
            yield source, pickle.load(self._file)  # noqa: S301


def _rows(batch: AnyBatch, rows: NDArray[np.intp]) -> Any:
    """Return the records at ascending positions, without placements and counts by batch."""
    if isinstance(batch, RecordBatch):
        return replace(batch.take(rows), placements=(), invalid=Counter(), violations=Counter())
    process = batch.process[rows] if len(batch.process) else batch.process
    lines = [batch.lines[line] for line in batch.rows[rows].tolist()] if len(batch.rows) else []
    return replace(
        batch,
        timestamp=batch.timestamp[rows],
        host=_compact(batch.host, rows),
        tag=_compact(batch.tag, rows),
        message=_compact(batch.message, rows),
        variant=None if batch.variant is None else _compact(batch.variant, rows),
        process=process,
        lines=lines,
        rows=np.arange(len(lines)),
        event_time=batch.event_time[rows],
        placements=(),
    )


def _compact(column: Categorical, rows: NDArray[np.intp]) -> Categorical:
    """Return rows of a column with the values that occur in them alone."""
    return Categorical.encode(column.take(rows).decode())
