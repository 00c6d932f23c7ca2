"""The one ingest loop: the single writer of all state.

It reads a turn of every source, and at most a second apart commits offsets and monitor state in
one transaction and then publishes an immutable snapshot. Scrapes read the last snapshot; they
never wait for ingestion. What is exposed is durable: no counter shows a value that a crash can
take back.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.group import Snapshots
from exporter.monitors.isolation import Isolation
from exporter.source import Source, SourceView
from exporter.storage.database import Database
from exporter.tailing import folders
from exporter.tailing.looks import LookSchedule
from exporter.tailing.watching import GATHER_SECONDS, Waker

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 1.0
EXPIRE_SECONDS = 60.0
MANY_LINES = 1000

Clock = Callable[[], float]


class Group(Protocol):
    """Monitors that are stored and exposed together."""

    def snapshot(self) -> Snapshots:
        """Return immutable copies."""

    def expire(self, now: float) -> None:
        """Drop what is idle."""

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore it."""


@dataclass(slots=True)
class CheckpointStats:
    """How storing went."""

    timestamp: float = 0.0
    duration: float = 0.0
    written_bytes: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a scrape reads, immutable.

    Attributes
    ----------
    timestamp
        Unix seconds at which it was taken.
    groups
        Monitors with copies of their state, and the time their windows end at; ``None`` for the
        time of the scrape.
    """

    timestamp: float
    groups: Sequence[tuple[Snapshots, float | None]]
    sources: Sequence[SourceView]
    checkpoint: CheckpointStats
    monitor_errors: Mapping[str, int]
    series_refused: Mapping[str, int]


class Pipeline:
    """Joins sources, monitors, storage and exposition.

    Parameters
    ----------
    sources
        What is read, in order.
    groups
        Monitors by name.
    windows_end
        For each group the function that tells where its windows end; ``None`` as it runs live.
    isolation
        Runs the monitors.
    budget
        Grants new series.
    database
        The checkpoint; ``None`` to keep nothing.
    publish
        Takes a snapshot.
    clock
        Unix seconds.
    resident_bytes
        Memory in use; compared with `memory_limit`.
    """

    def __init__(
        self,
        sources: Sequence[Source[Any]],
        groups: Mapping[str, Group],
        isolation: Isolation,
        budget: SeriesBudget,
        database: Database | None,
        publish: Callable[[Snapshot], None],
        clock: Clock,
        windows_end: Mapping[str, Callable[[], float | None]] | None = None,
        memory_limit: int | None = None,
        resident_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        self._sources = tuple(sources)
        self._groups = dict(groups)
        self._isolation = isolation
        self._budget = budget
        self._database = database
        self._publish = publish
        self._clock = clock
        self._windows_end = windows_end or {}
        self._memory_limit = memory_limit
        self._resident_bytes = resident_bytes
        self._checkpoint = CheckpointStats()
        self._commit_failing = False
        self._expired_at = clock()
        if database is not None:
            self._checkpoint.failures = database.put_aside
            self._load(database)

    def _load(self, database: Database) -> None:
        parts = database.load()
        self._checkpoint.failures += database.undecodable
        fresh = [(source, source.dump()) for source in self._sources]
        fits = all(self._restore(f"source/{s.name}", s, parts) for s in self._sources)
        if not fits or database.undecodable:
            # Lines that are read again must not be added to counts that hold them already.
            logger.error("stored state can't be used; all sources and counters start at 0")
            for source, state in fresh:
                source.load(state)
            return
        for name, group in self._groups.items():
            self._restore(f"monitors/{name}", group, parts)

    def _restore(self, part: str, owner: Any, parts: Mapping[str, Any]) -> bool:
        try:
            if part in parts:
                owner.load(parts[part])
        except (KeyError, TypeError, ValueError, AttributeError):
            self._checkpoint.failures += 1
            logger.exception("the stored state of %s does not fit; it starts at 0", part)
            return False
        return True

    def look(self) -> None:
        """Find new files, and give up old ones."""
        now = self._clock()
        for source in self._sources:
            source.look(now)

    def read(self, enough: Callable[[], bool] = lambda: False) -> bool:
        """Read a turn of every source, up to `enough`; return whether there was anything."""
        now = self._clock()
        busy = False
        for source in self._sources:
            busy |= source.read(now, enough)
        return busy

    def drain(self, advance: Callable[[int], None] = lambda _: None) -> None:
        """Read every source once to its end, the last line without a line end included.

        Parameters
        ----------
        advance
            Told after each turn how many lines it had.
        """
        self.look()
        done = 0
        while self.read():
            read = self._lines_read
            advance(read - done)
            done = read
        for source in self._sources:
            source.flush(self._clock())

    def checkpoint_and_publish(self) -> None:
        """Commit what changed, then show it."""
        now = self._clock()
        self._budget.closed = (
            self._memory_limit is not None and self._resident_bytes() > self._memory_limit
        )
        if now - self._expired_at >= EXPIRE_SECONDS:
            self._expired_at = now
            for group in self._groups.values():
                group.expire(now)
        if self._database is not None:
            self._commit(self._database, now)
        self._publish(self._snapshot(now))

    def _commit(self, database: Database, now: float) -> None:
        changed = [source for source in self._sources if source.changed]
        try:
            parts: dict[str, Any] = {f"source/{source.name}": source.dump() for source in changed}
            if changed:
                parts |= {f"monitors/{name}": group.dump() for name, group in self._groups.items()}
                self._checkpoint.written_bytes += database.commit(parts)
        except Exception as error:
            # Showing figures that a crash may take back is better than showing none, whether the
            # disk is full or a monitor has a state that can't be stored.
            level = logging.DEBUG if self._commit_failing else logging.ERROR
            told = not isinstance(error, sqlite3.Error | OSError)
            logger.log(level, "the checkpoint can't be written: %s", error, exc_info=told)
            self._commit_failing = True
            self._checkpoint.failures += 1
            return
        self._commit_failing = False
        self._checkpoint.timestamp = now
        self._checkpoint.duration = max(0.0, self._clock() - now)
        for source in changed:
            source.changed = False

    def _snapshot(self, now: float) -> Snapshot:
        stats = self._checkpoint
        return Snapshot(
            timestamp=now,
            groups=[
                (group.snapshot(), self._windows_end[name]() if name in self._windows_end else None)
                for name, group in self._groups.items()
            ],
            sources=[source.view(now) for source in self._sources],
            checkpoint=CheckpointStats(
                stats.timestamp, stats.duration, stats.written_bytes, stats.failures
            ),
            monitor_errors=Counter(self._isolation.errors),
            series_refused=Counter(self._budget.refused),
        )

    def run(self, waker: Waker, stopped: Callable[[], bool]) -> None:
        """Read until stopped; then commit and publish once more."""
        looks = LookSchedule()
        published = float("-inf")
        while not stopped():
            now = self._clock()
            if looks.due(now):
                self.look()
                waker.watch(folders.merge(source.tail.folders for source in self._sources))
                looks.looked(now, self._clock())
            # A turn ends when the next snapshot is due, however many files there are to read.
            lines = self._lines_read
            busy = self.read(self._due(now))
            lines = self._lines_read - lines
            now = self._clock()
            if abs(now - published) >= PUBLISH_SECONDS:
                published = now
                self.checkpoint_and_publish()
            due = min(looks.next, published + PUBLISH_SECONDS) - self._clock()
            # Whatever the clock is set to meanwhile, the next snapshot comes in time.
            due = min(max(0.0, due), PUBLISH_SECONDS)
            if busy:
                # A turn that brought little has caught up: the next one waits until there is more.
                more = lines >= MANY_LINES or any(source.tail.unread for source in self._sources)
                due = 0.0 if more else min(due, GATHER_SECONDS)
            changes = waker.wait(due, self._streams())
            looks.heed(changes)
            for source in self._sources:
                source.tail.notice(changes.paths)
        self.checkpoint_and_publish()

    def _due(self, begun: float) -> Callable[[], bool]:
        return lambda: abs(self._clock() - begun) >= PUBLISH_SECONDS

    @property
    def _lines_read(self) -> int:
        return sum(source.lines_read for source in self._sources)

    def _streams(self) -> list[int]:
        return [stream for source in self._sources for stream in source.tail.streams.descriptors]

    def close(self) -> None:
        """Close files and storage."""
        for source in self._sources:
            source.tail.close()
        if self._database is not None:
            self._database.close()
