"""Waiting for Linux to report what changes (inotify)."""

from __future__ import annotations

import errno
import logging
import math
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from inotify_simple import Event, INotify, flags

from exporter.tailing import mounts
from exporter.tailing.folders import Folders, Interest
from exporter.tailing.watching import POLL_SECONDS, Changes, PollingWaker

logger = logging.getLogger(__name__)

_NAMES = (
    flags.CREATE
    | flags.DELETE
    | flags.MOVED_FROM
    | flags.MOVED_TO
    | flags.ATTRIB
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
)
_EXHAUSTED = (errno.ENOSPC, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class NotifyingWaker(PollingWaker):
    """Waits for the operating system to report a change; polls where it can't.

    Only folders are watched, so that ten thousand files in one of them cost one watch. Changes are
    gathered for a moment: a file that is written to a thousand times in a second is not read a
    thousand times.

    What is polled as well: folders that may not be watched, and those on file systems that report
    no change that another machine makes (NFS). Where watches run out, all is polled for good:
    reading late is better than not reading.

    Parameters
    ----------
    gather
        Seconds for which changes are gathered after the first one.
    clock
        Seconds from an unknown moment on, which never fall.
    file_system
        The type of the file system that a folder is on.

    Raises
    ------
    OSError
        If the system gives out no inotify instance.
    """

    def __init__(
        self,
        gather: float,
        clock: Callable[[], float],
        file_system: Callable[[str], str] = mounts.file_system,
    ) -> None:
        self._inotify = INotify(nonblocking=True)
        super().__init__()
        self._gather = gather
        self._clock = clock
        self._file_system = file_system
        self._folders: Folders = {}
        self._watches: dict[int, set[str]] = {}
        self._masks: dict[int, int] = {}
        self._refused: dict[str, str] = {}
        self._silent: set[int] = set()
        self._kinds: dict[int, str] = {}
        self._exhausted = False
        self._new = False
        self.overflows = 0
        """Times that more happened than the system remembers."""

    @property
    def polls(self) -> bool:
        """Whether files are watched of which not every change is reported."""
        return self._exhausted or bool(self._refused) or bool(self._silent)

    def wait(self, seconds: float, streams: Collection[int] = ()) -> Changes:
        """Wait for a change that matters."""
        changes = Changes(everything=self.polls, names=self._new)
        deadline = self._clock() + (0.0 if self._new else seconds)
        self._new = False
        if self.polls:
            deadline = min(deadline, self._clock() + POLL_SECONDS)
        while True:
            left = max(0.0, deadline - self._clock())
            ready = self._poll(left, (self._inotify.fileno(), *streams))
            woken = self._woken in ready
            if ready and not woken:
                left = max(0.0, deadline - self._clock())
                woken = self._woken in self._poll(min(left, self._gather))
            seen = self._read()
            changes |= seen
            if seen or woken or not ready.isdisjoint(streams) or self._clock() >= deadline:
                return changes

    def watch(self, folders: Folders) -> None:
        """Watch exactly these folders."""
        if self._exhausted:
            return
        self._folders = folders
        before, self._watches = self._watches, {}
        self._masks = {}
        refused, self._refused = self._refused, {}
        for folder, interest in folders.items():
            # Each time anew: another folder may have come to have this path.
            if not self._add(folder, interest):
                self._exhausted = True
                return
        for folder in self._refused.keys() - refused.keys():
            self._tell(folder, self._refused[folder])
        self._silent &= self._watches.keys()
        for watch in self._watches.keys() - before.keys():
            # What happened between the look that found the folder and now was not reported.
            self._new = True
            self._check(watch)
        for watch in before.keys() - self._watches.keys():
            # The system has removed it already where the folder is gone.
            with suppress(OSError):
                self._inotify.rm_watch(watch)

    def _add(self, folder: str, interest: Interest) -> bool:
        """Watch a folder; ``False`` if the system has no watch left."""
        watched = bool(interest.contents or interest.aliases)
        mask = _NAMES | flags.MODIFY if watched else _NAMES
        try:
            watch = self._inotify.add_watch(folder or ".", mask)
            others = self._masks.get(watch, 0)
            if others & ~mask:
                # The same folder under another path; the last mask is the one that counts.
                self._inotify.add_watch(folder or ".", mask | others)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                logger.warning(
                    "can't watch %s (%s); looking every %.2f s instead. The limit is "
                    "fs.inotify.max_user_watches",
                    folder, error.strerror, POLL_SECONDS,
                )  # fmt: skip
                return False
            if watched and error.errno not in _GONE:
                self._refused[folder] = f"can't be watched: {error.strerror}"
            return True
        self._masks[watch] = mask | others
        self._watches.setdefault(watch, set()).add(folder)
        return True

    def _check(self, watch: int) -> None:
        """Poll a folder too whose file system does not report all changes."""
        for folder in self._watches[watch]:
            if self._folders[folder].contents:
                kind = self._kind(folder or ".")
                if mounts.silent(kind):
                    self._silent.add(watch)
                    self._tell(folder, f"{kind} does not report what other machines change")
                return

    def _kind(self, folder: str) -> str:
        try:
            device = Path(folder).stat().st_dev
        except OSError:
            return ""
        if device not in self._kinds:
            self._kinds[device] = self._file_system(folder)
        return self._kinds[device]

    def _tell(self, folder: str, why: str) -> None:
        logger.warning("%s %s; looking every %.2f s as well", folder, why, POLL_SECONDS)

    def _read(self) -> Changes:
        """Return what was reported."""
        paths: set[str] = set()
        names = everything = False
        # The same thing is told again and again where several files are written to in turns.
        for event in set(self._inotify.read(timeout=0)):
            if event.mask & flags.Q_OVERFLOW:
                everything = names = True
                self._overflowed()
            elif event.mask & flags.MODIFY:
                paths.update(self._written(event))
            elif not names:
                names = self._matters(event)
        return Changes(frozenset(paths), everything, names)

    def _written(self, event: Event) -> set[str]:
        return {
            path
            for folder in self._watches.get(event.wd, ())
            if self._folders[folder].matters(event.name)
            for path in self._folders[folder].paths(folder, event.name)
        }

    def _matters(self, event: Event) -> bool:
        """Return whether a look may find something else than the last one."""
        folders = self._watches.get(event.wd, ())
        if not event.name:
            # The folder itself. A watch that we removed ends with such an event too.
            return bool(folders)
        is_folder = bool(event.mask & flags.ISDIR)
        return any(
            self._folders[folder].matters(event.name, is_folder=is_folder) for folder in folders
        )

    def _overflowed(self) -> None:
        self.overflows += 1
        # The more often it happens, the less often it is told.
        if math.log2(self.overflows).is_integer():
            logger.warning(
                "more changes than fs.inotify.max_queued_events allows; looking at all files "
                "(%d times so far)",
                self.overflows,
            )

    def close(self) -> None:
        """Stop watching."""
        self._inotify.close()
        super().close()
