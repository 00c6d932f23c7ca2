"""Waiting until there may be something to read."""

from __future__ import annotations

import logging
import math
import os
import select
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from exporter.tailing.folders import Folders

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
GATHER_SHARE = 0.1
"""Of the publishing interval: what was written earlier is not shown earlier."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What may have changed while we waited.

    Attributes
    ----------
    paths
        Files that were written to.
    everything
        Whether files may have changed without being named.
    names
        Whether an entry appeared, moved, vanished or changed its permissions: a look is due.
    """

    paths: frozenset[str] = frozenset()
    everything: bool = False
    names: bool = False

    def __bool__(self) -> bool:
        return bool(self.paths) or self.everything or self.names

    def __or__(self, other: Changes) -> Changes:
        return Changes(
            self.paths | other.paths,
            self.everything or other.everything,
            self.names or other.names,
        )


class Waker(Protocol):
    """Something to wait on between two reads."""

    def wait(self, seconds: float, streams: Collection[int] = ()) -> Changes:
        """Return when something may have changed, after `seconds` at the latest.

        Parameters
        ----------
        streams
            Descriptors that end the wait as well, as soon as they can be read.
        """

    def watch(self, folders: Folders) -> None:
        """Watch exactly these folders, for what matters in them."""

    def wake(self) -> None:
        """End the wait at hand, or else the next one; from any thread."""

    def close(self) -> None:
        """Stop watching."""


class PollingWaker:
    """Returns at fixed intervals: for file systems that report no changes (NFS, FUSE)."""

    def __init__(self) -> None:
        # Not waited for with a lock: descriptors can be waited for together with it.
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)

    def wait(self, seconds: float, streams: Collection[int] = ()) -> Changes:
        """Wait for the polling interval."""
        self._poll(min(seconds, POLL_SECONDS), streams)
        return Changes(everything=True)

    def watch(self, folders: Folders) -> None:
        """Do nothing: every file is looked at anyway."""

    def wake(self) -> None:
        """End the wait at hand, or else the next one."""
        try:
            os.write(self._wake, b"\0")
        except BlockingIOError:
            # It is full of them.
            return

    def close(self) -> None:
        """Stop waiting."""
        os.close(self._woken)
        os.close(self._wake)

    def _poll(self, seconds: float, others: Collection[int] = ()) -> set[int]:
        """Wait for any descriptor; return those that are ready, that of :meth:`wake` included."""
        poll = select.poll()
        for descriptor in (self._woken, *others):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(math.ceil(max(0.0, seconds) * 1000))}
        if self._woken in ready:
            os.read(self._woken, 1 << 16)
        return ready


def make(how: str, gather: float) -> Waker:
    """Return a waker.

    Parameters
    ----------
    how
        ``auto``: told by the operating system where that is possible; or ``poll``.
    gather
        Seconds for which changes are gathered before they are acted upon.
    """
    if how == "auto" and sys.platform == "linux":
        # Imported here: there is no inotify elsewhere.
        from exporter.tailing.notifying import NotifyingWaker  # noqa: PLC0415

        try:
            return NotifyingWaker(gather, time.monotonic)
        except OSError as error:
            logger.warning(
                "changes can't be watched for (%s); looking every %.2f s instead. The limit is "
                "fs.inotify.max_user_instances",
                error.strerror, POLL_SECONDS,
            )  # fmt: skip
    return PollingWaker()
