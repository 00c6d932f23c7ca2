"""All files of one source: found, followed through rotation and truncation, read in turns."""

from __future__ import annotations

import errno
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.tailing.discovery import discover, in_words
from exporter.tailing.folders import Folders
from exporter.tailing.followed import FileKey, FollowedFile, Position
from exporter.tailing.lines import NONE, Lines
from exporter.tailing.pieces import Piece
from exporter.tailing.streams import Streams

logger = logging.getLogger(__name__)

READ_BYTES = 1 << 20
_REMEMBERED = 1000


@dataclass(slots=True)
class TailCounters:
    """What happened to the files of a source since it was first configured."""

    rotations: int = 0
    truncations: int = 0
    abandoned_bytes: int = 0
    open_errors: Counter[str] = field(default_factory=Counter)


class Tail:
    """Follows the files that the paths of one source name.

    Parameters
    ----------
    patterns
        Paths and globs.
    start
        Where a file that is there at the first look, and in no checkpoint, is read from:
        ``beginning`` or ``end``. Files that appear later are read from their beginning.
    rotate_wait
        Seconds for which a file whose path points elsewhere is still read, for a writer that has
        not switched yet. Its last line then counts even without a line end.
    streams
        Standard input and FIFOs among the paths; absent: as `patterns` name them.
    headers
        Whether each piece is to come with the first line of its file.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        start: str,
        rotate_wait: float,
        streams: Streams | None = None,
        *,
        headers: bool = False,
    ) -> None:
        self.patterns = tuple(patterns)
        self._headers = headers
        self._start = start
        self._rotate_wait = rotate_wait
        self._files: dict[FileKey, FollowedFile] = {}
        self._resumable: dict[FileKey, Position] = {}
        self._most_files = _REMEMBERED
        self._failing: dict[str, str] = {}
        self._first_look = True
        self.streams = Streams(patterns) if streams is None else streams
        """Standard input and FIFOs."""
        self.folders: Folders = {}
        """Where a change can change what the next look finds, or a file."""
        self.counters = TailCounters()
        self.changed = True
        """Whether what is stored of the files changed; whoever stores it clears it."""

    @property
    def files(self) -> Mapping[FileKey, FollowedFile]:
        """The files that are open."""
        return self._files

    @property
    def unread(self) -> int:
        """Bytes that were not read yet, over all files."""
        return self.streams.unread + sum(file.unread for file in self._files.values())

    @property
    def up(self) -> bool:
        """Whether there is a file to read and none that fails."""
        return (bool(self._files) or self.streams.up) and not self._failing

    def notice(self, paths: Collection[str]) -> None:
        """Take note of files that were written to."""

    def look(self, now: float) -> None:
        """Find new files, follow renamed ones, and give up those that are gone."""
        discovered = discover(self.patterns)
        self.folders = discovered.folders
        errors = discovered.errors | self.streams.look(discovered.fifos)
        for path, reason in errors.items():
            self._failed(path, reason)
        known_paths = {file.path for file in self._files.values()}
        for key, file in self._files.items():
            found = discovered.files.get(key)
            if found is not None:
                file.path, file.left_at = found.path, None
            elif file.left_at is None:
                file.left_at = now
        # Plain files first: a .gz file is compared with them.
        paths = {key: found.path for key, found in discovered.files.items()}
        for key, path in sorted(paths.items(), key=lambda item: _compressed(item[1])):
            if key not in self._files and self._open(key, path) and path in known_paths:
                self.counters.rotations += 1
        named = errors.keys() | set(paths.values())
        self._failing = {path: why for path, why in self._failing.items() if path in named}
        self._first_look = False

    def _open(self, key: FileKey, path: str) -> bool:
        try:
            file = FollowedFile(path)
        except OSError as error:
            self._failed(path, _name(error))
            return False
        try:
            # The path may have come to name another file since it was looked up. That one must not
            # go on at this one's position; the next look finds both.
            begun = file.key == key and self._begin(key, file)
        except OSError as error:
            self._failed(path, _name(error))
            begun = False
        if not begun:
            file.close()
            return False
        self._failing.pop(path, None)
        self._files[key] = file
        self._most_files = max(self._most_files, len(self._files))
        self.changed = True
        return True

    def _begin(self, key: FileKey, file: FollowedFile) -> bool:
        """Go to where reading begins; ``False`` if it can't begin yet."""
        position = self._resumable.get(key)
        if position is not None:
            # Under another path it is a new file, which got the inode of one that was removed.
            if not file.resume(position) and position.path == file.path:
                self.counters.truncations += 1
            del self._resumable[key]
            return True
        if self._resume_remounted(key, file):
            return True
        if file.compressed:
            beginning = file.beginning()
            if beginning is None:
                # Whether it was read before, in its plain form, can't be told yet.
                self._failed(file.path, "EBADMSG")
                return False
            if self._open_plain(beginning):
                # It is read to its end from there; what is left when that is gone, from here.
                return False
            if self._resume_compressed(file, beginning):
                return True
        if self._first_look and self._start == "end":
            file.seek_end()
        return True

    def _resume_remounted(self, key: FileKey, file: FollowedFile) -> bool:
        """Go on in a file that is on a device of another number now; ``False`` if it is not.

        btrfs, overlayfs, NFS and device mappers get theirs when they are mounted, so that a
        restart of the machine can change it.
        """
        for stored, position in self._resumable.items():
            known = stored[1] == key[1] and position.path == file.path and position.head.length
            if known and file.resume(position):
                del self._resumable[stored]
                return True
        return False

    def _open_plain(self, beginning: bytes) -> bool:
        """Return whether a plain file with this beginning is open."""
        return bool(beginning) and any(
            not file.compressed and file.beginning() == beginning for file in self._files.values()
        )

    def _resume_compressed(self, file: FollowedFile, beginning: bytes) -> bool:
        """Go on where the plain form of a rotated .gz file was left; ``False`` if unknown."""
        for position in self._resumable.values():
            alike = position.head.length and position.head.begins(beginning)
            if alike and file.resume(position):
                logger.info(
                    "%s is %s compressed; going on at byte %d",
                    file.path, position.path, position.offset,
                )  # fmt: skip
                return True
        return False

    def _failed(self, path: str, reason: str) -> None:
        """Count and tell a failure, once until it is over or becomes another one."""
        if self._failing.get(path) != reason:
            self.changed = True
            self.counters.open_errors[reason] += 1
            logger.warning("%s: can't be read: %s", path, in_words(reason))
        self._failing[path] = reason

    def read(  # noqa: C901
        self,
        now: float,
        limit: int = READ_BYTES,
        enough: Callable[[], bool] = lambda: False,
    ) -> Iterator[Piece]:
        """Read up to `limit` bytes of each file in turn, and close those that are done with.

        Once `enough` says so after a piece, the other files wait for the next turn, which begins
        with them.
        """
        for piece in self.streams.read(limit):
            self.changed = True
            yield piece
        for key, file in list(self._files.items()):
            self._files[key] = self._files.pop(key)
            dropped, first_line = file.too_long, file.next_line
            try:
                if file.replaced():
                    first_line = file.next_line
                    self._truncated(file)
                number, lines = file.read(limit)
            except OSError as error:
                self._failed(file.path, _name(error))
                continue
            if file.left_at is None and file.broken:
                self._failed(file.path, "EBADMSG")
            elif file.left_at is None:
                self._failing.pop(file.path, None)
            if number == 0 and self._done(file, now):
                lines = file.flush()
                self._retire(key, file)
            elif number == 0 and file.finished:
                lines = file.flush()
            if number or lines or file.too_long > dropped:
                self.changed = True
                yield self._piece(file, first_line, lines, file.too_long - dropped)
                if enough():
                    return

    def _truncated(self, file: FollowedFile) -> None:
        self.changed = True
        self.counters.truncations += 1
        logger.info("%s was truncated or replaced; reading from its beginning", file.path)

    def _done(self, file: FollowedFile, now: float) -> bool:
        return file.left_at is not None and now - file.left_at >= self._rotate_wait

    def _retire(self, key: FileKey, file: FollowedFile) -> None:
        position = file.position(key)
        file.close()
        del self._files[key]
        self.changed = True
        # Its position is kept: the file may come back, or come back compressed.
        self._resumable[key] = position
        # All of them may go at once, as their folder is unmounted, and come back.
        while len(self._resumable) > self._most_files:
            del self._resumable[next(iter(self._resumable))]

    def flush(self) -> Iterator[Piece]:
        """Return the last lines of all files, as if nobody wrote to them any more."""
        yield from self.streams.flush()
        for file in self._files.values():
            dropped, first_line = file.too_long, file.next_line
            lines = file.flush()
            if lines or file.too_long > dropped:
                yield self._piece(file, first_line, lines, file.too_long - dropped)

    def _piece(
        self, file: FollowedFile, first_line: int | None, lines: Lines, too_long: int
    ) -> Piece:
        header = None
        if self._headers and lines:
            header = file.header(lines if first_line == 1 and not too_long else NONE)
        return Piece(file.path, first_line, lines, too_long, header)

    def close(self) -> None:
        """Close all files."""
        self.streams.close()
        for file in self._files.values():
            file.close()
        self._files.clear()

    def dump(self) -> dict[str, Any]:
        """Return positions and counters for storage."""
        positions = [file.position(key) for key, file in self._files.items()]
        positions += self._resumable.values()
        return {
            "positions": [position.dump() for position in positions],
            "looked": not self._first_look,
            "rotations": self.counters.rotations,
            "truncations": self.counters.truncations,
            "abandoned_bytes": self.counters.abandoned_bytes,
            "open_errors": dict(self.counters.open_errors),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, before the first look.

        Files that are not in the checkpoint appeared while the exporter was down: they are read
        from their beginning, like files that appear while it runs.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the state does not fit; nothing is changed then.
        """
        positions = [Position.load(stored) for stored in state["positions"]]
        counters = TailCounters(
            state["rotations"],
            state["truncations"],
            state["abandoned_bytes"],
            Counter(state["open_errors"]),
        )
        self._first_look = not state["looked"]
        self._resumable = {position.key: position for position in positions}
        self._most_files = max(_REMEMBERED, len(positions))
        self.counters = counters


def _compressed(path: str) -> bool:
    return path.endswith(".gz")


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")
