"""Sources read once, and scraped at each interval of event time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from prometheus_client import Metric

from exporter.assembly import Assembled
from exporter.backfill.sample_table import SampleTable
from exporter.backfill.spool import AnyBatch, Spool
from exporter.errors import UsageError
from exporter.exposition.collector import merged
from exporter.monitors.group import families
from exporter.pipeline import EXPIRE_SECONDS
from exporter.placement import place
from exporter.windows import Window

MAX_SCRAPES = 1_000_000
"""A single record of 1970 would otherwise ask for 29 million, at one a minute."""

Advance = Callable[[int], None]


class Replay:
    """Reads, then counts.

    Parameters
    ----------
    parts
        Assembled for a replay, nothing read yet.
    windows
        The configured windows.
    interval
        Seconds from one scrape to the next; scrapes are at whole multiples of it.
    spool
        Keeps what was read; empty.
    """

    def __init__(
        self, parts: Assembled, windows: Sequence[Window], interval: float, spool: Spool
    ) -> None:
        self._parts = parts
        self._windows = tuple(windows)
        self._interval = interval
        self._spool = spool
        self._sinks: dict[str, Callable[[Any], None]] = {}

    def read(self, now: float, advance: Advance = lambda _: None) -> None:
        """Read every source to its end into the spool.

        Parameters
        ----------
        now
            Unix seconds, the time of reading.
        advance
            Told how many lines each turn had.
        """
        for source in self._parts.sources:
            self._sinks[source.name] = source.divert(partial(self._spool.put, source.name))
            source.look(now)
            done = 0
            while source.read(now):
                advance(source.lines_read - done)
                done = source.lines_read
            source.flush(now)
            source.tail.close()

    @property
    def scrapes(self) -> range:
        """The intervals at whose ends there is a scrape.

        Raises
        ------
        UsageError
            If there is no record, or the records are too far apart.
        """
        first, last = self._spool.first, self._spool.last
        if first is None or last is None:
            raise UsageError("no source holds a record: nothing to write")
        if last - first >= MAX_SCRAPES:
            begin, end = (np.datetime64(int(i * self._interval), "s") for i in (first, last))
            raise UsageError(
                f"records are of {begin}Z to {end}Z: more than {MAX_SCRAPES:,} intervals; "
                "choose a longer --interval, or correct the times"
            )
        return range(first, last + 1)

    def write(self, table: SampleTable, advance: Advance = lambda _: None) -> None:
        """Count interval by interval, and scrape at the end of each.

        Parameters
        ----------
        advance
            Told of each scrape.
        """
        expired_at = self.scrapes.start * self._interval
        for interval in self.scrapes:
            begin, end = interval * self._interval, (interval + 1) * self._interval
            for source, batch in self._spool.batches(interval):
                self._sinks[source](self._placed(batch, begin, end))
            if end - expired_at >= EXPIRE_SECONDS:
                expired_at = end
                for each in self._parts.groups.values():
                    each.expire(end)
            table.add(merged(self._families(end)), end, begin)
            advance(1)

    def _placed(self, batch: AnyBatch, begin: float, end: float) -> AnyBatch:
        """Return the batch as if it was read as it was written."""
        now = np.maximum(np.maximum.accumulate(batch.event_time), begin)
        placements = place(self._windows, batch.event_time, now)
        return replace(batch, received=end, placements=placements)

    def _families(self, now: float) -> Iterator[Metric]:
        for name in self._parts.windows_end:
            snapshots = self._parts.groups[name].snapshot()
            yield from families(snapshots, now, self._parts.isolation)
