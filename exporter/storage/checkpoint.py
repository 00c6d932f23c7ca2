"""Commits: when, of what, and what to do when they fail.

The ingest thread encodes what changed; a worker writes it in one transaction, and then shows the
snapshot that was taken with it. One commit is under way at a time: whoever wants the next one
reads on until then.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exporter.storage.archive import tell_stored
from exporter.storage.ledger import Changes, Ledger
from exporter.storage.restoring import Owner, Reader, restore, restore_positions
from exporter.storage.store import Loaded, Store, UnavailableError
from exporter.storage.worker import Worker

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 60.0
COPY_SECONDS = 3600.0

_FAILURES = (UnavailableError, sqlite3.Error, OSError)


@dataclass(slots=True)
class CheckpointStats:
    """How storing went.

    Attributes
    ----------
    timestamp
        Unix seconds of the last state that is stored.
    duration
        Seconds that it took to encode and write the last one that had changed.
    written_bytes
        Encoded state that was written.
    failures
        Commits that failed, and state that could not be opened or read.
    copied_at
        Unix seconds of the last verified copy; 0 before.
    """

    timestamp: float = 0.0
    duration: float = 0.0
    written_bytes: int = 0
    failures: int = 0
    copied_at: float = 0.0


def source_parts(sources: Mapping[str, Reader]) -> dict[str, Reader]:
    """Return sources by the part of storage that is theirs."""
    return {f"source/{name}": source for name, source in sources.items()}


def group_parts(groups: Mapping[str, Owner]) -> dict[str, Owner]:
    """Return groups of monitors by the part of storage that is theirs."""
    return {f"monitors/{name}": group for name, group in groups.items()}


class Checkpoint:
    """Restores owners, and stores what changed of them.

    Parameters
    ----------
    sources, groups
        Owners by name: those that read files, and those that count what they read.
    store
        Where to.
    worker
        Runs the commits.
    clock
        Unix seconds.
    """

    def __init__(
        self,
        sources: Mapping[str, Reader],
        groups: Mapping[str, Owner],
        store: Store,
        worker: Worker,
        clock: Callable[[], float],
    ) -> None:
        self._sources = source_parts(sources)
        self._groups = group_parts(groups)
        self._owners: dict[str, Owner] = {**self._sources, **self._groups}
        self._store = store
        self._worker = worker
        self._clock = clock
        self._ledger = Ledger()
        self._stats = CheckpointStats()
        self._failing = not store.available
        self._failed_at = clock()
        self._retry_seconds = FIRST_RETRY_SECONDS if store.available else LAST_RETRY_SECONDS
        self._under_way: dict[str, Changes] = {}
        self._stored = False
        self._reopened = False
        self._archived: dict[str, list[str]] = {}
        # A start has better things to do than to copy.
        self._copy_tried_at = clock()
        self._restore(store.load())
        self._stats.failures += store.failures
        self._stats.copied_at = self._copy_tried_at = store.copied_at() or 0.0

    def _restore(self, loaded: Loaded) -> None:
        if loaded.positions_only:
            self._stats.failures += restore_positions(self._sources, loaded.parts)
        else:
            self._stats.failures += restore(self._sources, self._groups, loaded.parts)
        if self._store.available and loaded.rows:
            # What has another form now is brought to it before there is anything to read: later
            # it would hold up ingestion.
            self._ledger.adopt(loaded.rows, loaded.archived)
            self._mark(self._owners, changed=True)
            self.commit(self._clock(), lambda _: None)
            self._worker.wait()
            self._settle()

    def ready(self) -> bool:
        """Return whether no commit is under way; raise what the last one was not made for."""
        if not self._worker.ready():
            return False
        self._settle()
        return True

    def _settle(self) -> None:
        """Learn in the owners' thread what became of the last commit."""
        if self._stored:
            self._ledger.settle(self._under_way)
            tell_stored(self._under_way, self._store.read_archived)
        else:
            self._mark(self._under_way, changed=True)
        self._under_way = {}
        if self._reopened:
            self._reopened = False
            self._ledger.forget(self._owners, self._archived)
            self._mark(self._owners, changed=True)

    def _mark(self, parts: Mapping[str, Any], *, changed: bool) -> None:
        for part in parts:
            self._owners[part].changed = changed

    def commit(
        self, now: float, publish: Callable[[CheckpointStats], None], *, insist: bool = False
    ) -> None:
        """Store what changed, and then publish; only when ready.

        Parameters
        ----------
        now
            Unix seconds at which what is to be published was taken.
        publish
            Called with how storing went, also where it failed: showing figures that a crash may
            take back is better than showing none. Maybe in the worker's thread.
        insist
            Try also shortly after a failure.
        """
        resting = self._failing and abs(now - self._failed_at) < self._retry_seconds
        if resting and not insist:
            publish(replace(self._stats))
        elif not self._store.available:
            self._worker.run(lambda: self._reopen(now, publish))
        else:
            self._commit(now, publish)

    def _commit(self, now: float, publish: Callable[[CheckpointStats], None]) -> None:
        changed = {part: owner for part, owner in self._owners.items() if owner.changed}
        try:
            staged = self._ledger.stage({part: owner.dump() for part, owner in changed.items()})
        except Exception as error:  # noqa: BLE001
            # The fault of a monitor, or of what it was given to count.
            self._failed(now, error, fault=True)
            publish(replace(self._stats))
            return
        self._mark(changed, changed=False)
        self._under_way = staged
        self._stored = False
        if any(staged.values()) or self._copy_due(now):
            self._worker.run(lambda: self._write(staged, now, publish))
        else:
            self._succeeded(now)
            publish(replace(self._stats))

    def _write(
        self, staged: Mapping[str, Changes], now: float, publish: Callable[[CheckpointStats], None]
    ) -> None:
        try:
            if any(staged.values()):
                self._stats.written_bytes += self._store.commit(staged)
                self._stats.duration = max(0.0, self._clock() - now)
        except _FAILURES as error:
            self._failed(now, error)
        else:
            self._succeeded(now)
        publish(replace(self._stats))
        if self._stored and self._copy_due(now):
            self._copy(now)

    def _copy_due(self, now: float) -> bool:
        return abs(now - self._copy_tried_at) >= COPY_SECONDS

    def _copy(self, now: float) -> None:
        # After a failure the next try is in an hour as well: it may be a lack of space.
        self._copy_tried_at = now
        try:
            self._store.copy(now)
        except UnavailableError as error:
            self._stats.failures += 1
            logger.error("the copy of the checkpoint can't be written: %s", error)  # noqa: TRY400
        else:
            self._stats.copied_at = now

    def _reopen(self, now: float, publish: Callable[[CheckpointStats], None]) -> None:
        try:
            self._store.reopen()
            self._archived = self._store.archived()
        except UnavailableError as error:
            self._failed(now, error)
        else:
            # At the next turn all is written.
            self._reopened = True
            self._failed_at = float("-inf")
        publish(replace(self._stats))

    def _succeeded(self, now: float) -> None:
        self._stored = True
        self._failing = False
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._stats.timestamp = now

    def _failed(self, now: float, error: Exception, *, fault: bool = False) -> None:
        level = logging.DEBUG if self._failing else logging.ERROR
        logger.log(level, "the checkpoint can't be written: %s", error, exc_info=fault)
        if self._failing:
            self._retry_seconds = min(2 * self._retry_seconds, LAST_RETRY_SECONDS)
        self._failing = True
        self._failed_at = now
        self._stats.failures += 1

    def finish(self, now: float, publish: Callable[[CheckpointStats], None]) -> None:
        """Store what changed and publish, and wait for it; try once where storing fails."""
        self._worker.wait()
        self._settle()
        if not self._store.available:
            self._worker.run(lambda: self._reopen(now, lambda _: None))
            self._worker.wait()
            self._settle()
        self.commit(now, publish, insist=True)
        self._worker.wait()
        self._settle()

    @property
    def stored(self) -> bool:
        """Whether the last commit succeeded; only when ready."""
        return self._store.available and not self._failing

    @property
    def stats(self) -> CheckpointStats:
        """How storing went so far."""
        return replace(self._stats)

    def go_on_from(self, former: CheckpointStats) -> None:
        """Count on from what the checkpoint before this one had counted."""
        self._stats.written_bytes += former.written_bytes
        self._stats.failures += former.failures
        self._stats.timestamp = self._stats.timestamp or former.timestamp
        self._stats.duration = self._stats.duration or former.duration

    def retire(self) -> None:
        """Wait for the commit under way; the store stays open."""
        self._worker.close()

    def close(self) -> None:
        """Wait for the commit under way, and close the store."""
        self.retire()
        self._store.close()
