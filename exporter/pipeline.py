"""The one ingest loop: the single writer of all state.

It reads a turn of every source, and at most a second apart takes an immutable snapshot, and hands
it with what changed of offsets and monitor state to the checkpoint: that is committed in one
transaction, and then the snapshot is published, while ingestion goes on. Scrapes read the last
snapshot; they never wait for ingestion. What is exposed is durable: no counter shows a value that a
crash can take back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.group import Snapshots
from exporter.monitors.isolation import Isolation
from exporter.source import Source, SourceView
from exporter.storage.checkpoint import (
    Checkpoint,
    CheckpointStats,
    group_parts,
    source_parts,
)
from exporter.storage.restoring import Owner, Reader, copied, restore
from exporter.storage.store import Store
from exporter.storage.worker import InThisThread, Worker
from exporter.tailing import folders
from exporter.tailing.looks import LookSchedule
from exporter.tailing.watching import GATHER_SHARE, Waker

PUBLISH_SECONDS = 1.0
EXPIRE_SECONDS = 60.0
JUMP_SECONDS = 1.0
MANY_LINES = 1000
BUSY_SECONDS = 0.02
"""How soon to ask again whether the last commit is over."""

Clock = Callable[[], float]


class Group(Protocol):
    """Monitors that are stored and exposed together."""

    changed: bool
    """Whether something is to be stored since it was last set to ``False``."""

    def snapshot(self) -> Snapshots:
        """Return immutable copies."""

    def expire(self, now: float) -> None:
        """Drop what is idle."""

    def clock_set(self, jump: float) -> None:
        """Take in that the clock was set by some seconds."""

    def dump(self) -> Any:
        """Return the state for storage."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore it."""


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
    store
        Where state is kept; ``None`` to keep nothing.
    publish
        Takes a snapshot.
    clock
        Unix seconds.
    monotonic
        Seconds that go by evenly when the clock is set; absent: as `clock`.
    resident_bytes
        Memory in use; compared with `memory_limit`.
    publish_interval
        Longest time between two snapshots, in seconds.
    worker
        Runs the commits; closed by the pipeline.
    """

    def __init__(
        self,
        sources: Sequence[Source[Any]],
        groups: Mapping[str, Group],
        isolation: Isolation,
        budget: SeriesBudget,
        store: Store | None,
        publish: Callable[[Snapshot], None],
        clock: Clock,
        windows_end: Mapping[str, Callable[[], float | None]] | None = None,
        memory_limit: int | None = None,
        resident_bytes: Callable[[], int] = lambda: 0,
        publish_interval: float = PUBLISH_SECONDS,
        worker: Worker | None = None,
        monotonic: Clock | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._groups = dict(groups)
        self._isolation = isolation
        self._budget = budget
        self._publish = publish
        self._clock = clock
        self._windows_end = windows_end or {}
        self._memory_limit = memory_limit
        self._resident_bytes = resident_bytes
        self._publish_interval = publish_interval
        self._expired_at = clock()
        self._monotonic = monotonic or clock
        self._ahead = self._expired_at - self._monotonic()
        self._checkpoint = None
        if store is not None:
            self._checkpoint = Checkpoint(
                {source.name: source for source in self._sources},
                self._groups,
                store,
                worker or InThisThread(),
                clock,
            )

    def look(self) -> None:
        """Find new files, and give up old ones."""
        elapsed = self._monotonic()
        for source in self._sources:
            source.look(elapsed)

    def read(self, enough: Callable[[], bool] = lambda: False) -> bool:
        """Read a turn of every source, up to `enough`; return whether there was anything."""
        now, elapsed = self._clock(), self._monotonic()
        self._heed_clock(now - elapsed)
        busy = False
        for source in self._sources:
            busy |= source.read(now, enough, elapsed)
        return busy

    def _heed_clock(self, ahead: float) -> None:
        """Tell the monitors if the clock was set: no time has gone by in which they were idle."""
        jump = ahead - self._ahead
        if abs(jump) >= JUMP_SECONDS:
            self._ahead = ahead
            self._expired_at += jump
            for group in self._groups.values():
                group.clock_set(jump)

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

    def checkpoint_and_publish(self) -> bool:
        """Commit what changed, then show it; ``False`` if the last commit is still under way."""
        if self._checkpoint is None:
            self._publish(self._snapshot(self._prepared()))
            return True
        if not self._checkpoint.ready():
            return False
        now = self._prepared()
        self._checkpoint.commit(now, self._publisher(now))
        return True

    def finish(self) -> None:
        """Commit and publish what was read, and wait for it."""
        if self._checkpoint is None:
            self.checkpoint_and_publish()
        else:
            now = self._prepared()
            self._checkpoint.finish(now, self._publisher(now))

    def _prepared(self) -> float:
        """Do what is due before a snapshot, and return its time."""
        now = self._clock()
        self._budget.closed = (
            self._memory_limit is not None and self._resident_bytes() > self._memory_limit
        )
        if now - self._expired_at >= EXPIRE_SECONDS:
            self._expired_at = now
            for group in self._groups.values():
                group.expire(now)
        return now

    def _publisher(self, now: float) -> Callable[[CheckpointStats], None]:
        # Taken now; how storing it went is known later.
        snapshot = self._snapshot(now)
        return lambda stats: self._publish(replace(snapshot, checkpoint=stats))

    def _snapshot(self, now: float) -> Snapshot:
        return Snapshot(
            timestamp=now,
            groups=[
                (group.snapshot(), self._windows_end[name]() if name in self._windows_end else None)
                for name, group in self._groups.items()
            ],
            sources=[source.view(now) for source in self._sources],
            checkpoint=CheckpointStats(),
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
            if abs(now - published) >= self._publish_interval:
                done = self.checkpoint_and_publish()
                published = now if done else now + BUSY_SECONDS - self._publish_interval
            due = min(looks.next, published + self._publish_interval) - self._clock()
            # Whatever the clock is set to meanwhile, the next snapshot comes in time.
            due = min(max(0.0, due), self._publish_interval)
            if busy:
                # A turn that brought little has caught up: the next one waits until there is more.
                more = lines >= MANY_LINES or any(source.tail.unread for source in self._sources)
                due = 0.0 if more else min(due, GATHER_SHARE * self._publish_interval)
            changes = waker.wait(due, self._streams())
            looks.heed(changes)
            for source in self._sources:
                source.tail.notice(changes.paths)
        self.finish()

    def _due(self, begun: float) -> Callable[[], bool]:
        return lambda: abs(self._clock() - begun) >= self._publish_interval

    @property
    def _lines_read(self) -> int:
        return sum(source.lines_read for source in self._sources)

    def _streams(self) -> list[int]:
        return [stream for source in self._sources for stream in source.tail.streams.descriptors]

    @property
    def stored(self) -> bool:
        """Whether the last commit succeeded; ``True`` where nothing is to be stored."""
        return self._checkpoint is None or self._checkpoint.stored

    def take_over(self, former: Pipeline) -> None:
        """Go on where another pipeline left off, which has finished; it ends, its store stays open.

        Parameters
        ----------
        former
            Where there is a store, both have the same, and this pipeline was made after all that
            the former had was stored.

        Raises
        ------
        TypeError, ValueError
            If there is no store, and a state can't be copied; nothing is changed then.
        """
        if self._checkpoint is None or former._checkpoint is None:
            owners = {**former._source_parts, **former._group_parts}
            restore(self._source_parts, self._group_parts, copied(owners))
        else:
            self._checkpoint.go_on_from(former._checkpoint.stats)
        followed = {source.name: source for source in former._sources}
        for source in self._sources:
            if source.name in followed:
                source.take_over(followed.pop(source.name))
        for source in followed.values():
            source.tail.close()
        self._budget.refused.update(former._budget.refused)
        if former._checkpoint is not None:
            former._checkpoint.retire()

    @property
    def _source_parts(self) -> dict[str, Reader]:
        return source_parts({source.name: source for source in self._sources})

    @property
    def _group_parts(self) -> dict[str, Owner]:
        return group_parts(self._groups)

    def close(self) -> None:
        """Close files and storage."""
        for source in self._sources:
            source.tail.close()
        if self._checkpoint is not None:
            self._checkpoint.close()
