"""Waiting until there may be something to read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
GATHER_SECONDS = 0.1


class Waker(Protocol):
    """Something to wait on between two reads."""

    def wait(self, seconds: float) -> None:
        """Return when something may have changed, after `seconds` at the latest."""

    def watch(self, folders: Mapping[str, bool]) -> None:
        """Watch exactly these folders, with their subfolders where the value is true."""

    def close(self) -> None:
        """Stop watching."""


class PollingWaker:
    """Returns at fixed intervals: for file systems that report no changes (NFS, FUSE)."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait for the polling interval."""
        self._stopped.wait(min(seconds, POLL_SECONDS))

    def watch(self, folders: Mapping[str, bool]) -> None:
        """Do nothing: every file is looked at anyway."""

    def wake(self) -> None:
        """End the wait at hand and all later ones."""
        self._stopped.set()

    def close(self) -> None:
        """Stop waiting."""
        self.wake()


class NotifyingWaker(FileSystemEventHandler):
    """Waits for the operating system to report a change; polls where it can't.

    Changes are gathered for a tenth of a second: a file that is written to a thousand times in a
    second is not read a thousand times.

    A folder that can't be watched (too many watches, no permission) turns on polling for good:
    reading late is better than not reading.
    """

    def __init__(self) -> None:
        self._changed = threading.Event()
        self._woken = threading.Event()
        self._observer: BaseObserver | None = None
        self._watches: dict[tuple[str, bool], ObservedWatch] = {}
        self._polling = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Wake the waiting thread (called by watchdog's thread)."""
        # Our own reads are reported too; they change nothing.
        if event.event_type not in ("opened", "closed_no_write"):
            self._changed.set()

    def wake(self) -> None:
        """End the wait at hand."""
        self._woken.set()
        self._changed.set()

    def wait(self, seconds: float) -> None:
        """Wait for a change."""
        if self._changed.wait(min(seconds, POLL_SECONDS) if self._polling else seconds):
            self._woken.wait(min(seconds, GATHER_SECONDS))
        self._changed.clear()
        self._woken.clear()

    def watch(self, folders: Mapping[str, bool]) -> None:
        """Watch exactly these folders."""
        wanted = set(folders.items())
        if self._polling or wanted == set(self._watches):
            return
        try:
            if self._observer is None:
                self._observer = Observer()
                self._observer.start()
            for gone in set(self._watches) - wanted:
                self._observer.unschedule(self._watches.pop(gone))
            for folder, recursive in wanted - set(self._watches):
                self._watches[folder, recursive] = self._observer.schedule(
                    self, folder, recursive=recursive
                )
        except OSError as error:
            self._polling = True
            logger.warning(
                "can't watch %s (%s); looking every %.2f s instead",
                ", ".join(sorted(folders)),
                error.strerror,
                POLL_SECONDS,
            )

    def close(self) -> None:
        """Stop watching."""
        self.wake()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
