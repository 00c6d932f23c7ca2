"""Standard input and FIFOs: what is read of them is gone, hence read at most once.

They have no offset to go back to. Lines that were read and not yet committed are lost with the
process, like those that a writer can't hand over while the exporter is down.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import select
import sys
import termios
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress

from exporter.tailing.followed import printable
from exporter.tailing.identity import FileKey, key_of
from exporter.tailing.lines import LineAssembler, Lines
from exporter.tailing.patterns import STDIN
from exporter.tailing.pieces import Piece

logger = logging.getLogger(__name__)

STDIN_NAME = "<stdin>"
PIPE_BYTES = 1 << 20
"""What a pipe is asked to hold: the more it does, the less its writer waits for us."""


class Stream:
    """A descriptor that is read without waiting, from now to its end.

    Parameters
    ----------
    name
        What it is called in messages and labels.
    descriptor
        Open for reading.
    path
        Of a FIFO; it goes on with the next writer when one has closed it. ``None`` for standard
        input, which ends when its writer closes it.
    wait
        Whether to wait for bytes until the end, even of a FIFO.
    """

    def __init__(self, name: str, descriptor: int, path: str | None, *, wait: bool) -> None:
        self.name = name
        self.descriptor = descriptor
        self.ended = False
        """Whether nothing can follow."""
        self.unread = 0
        """Bytes that the last turn left behind."""
        self._path = path
        self._wait = wait
        self._lines = LineAssembler()
        self._read = 0
        self._next_line = 1
        self._header: bytes | None = None
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        if sys.platform == "linux":
            # More than the system allows, or no pipe: then it stays as it is.
            with suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    @property
    def offset(self) -> int:
        """Bytes whose lines were counted."""
        return self._read - self._lines.pending

    @property
    def size(self) -> int:
        """Bytes read, and left behind."""
        return self._read + self.unread

    def _waiting(self) -> int:
        with suppress(OSError):
            waiting = fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4))
            return int.from_bytes(waiting, sys.byteorder)
        return 0

    def read(self, limit: int) -> Piece | None:
        """Read up to `limit` bytes; ``None`` if there are none now."""
        blocks: list[bytes] = []
        while limit > 0 and (self._wait or self._poll.poll(0)):
            try:
                block = os.read(self.descriptor, limit)
            except BlockingIOError:
                # Another reader was faster.
                break
            except OSError as error:
                logger.warning("%s: can't be read: %s", self.name, error.strerror)
                block = b""
                self.ended = True
            if not block:
                self.ended = self.ended or self._wait or not self._reopen()
                break
            blocks.append(block)
            limit -= len(block)
            if self._wait:
                break
        if not blocks:
            self.unread = 0
            return None
        # What has come since is no arrears: there is always some of that.
        self.unread = 0 if limit else self._waiting()
        data = b"".join(blocks)
        self._read += len(data)
        return self._counted(lambda: self._lines.feed(data))

    def flush(self) -> Piece | None:
        """Return the last line of a stream that has ended without a line end."""
        piece = self._counted(self._lines.flush)
        return piece if piece.lines or piece.too_long else None

    def _counted(self, produce: Callable[[], Lines]) -> Piece:
        dropped = self._lines.too_long
        lines = produce()
        too_long = self._lines.too_long - dropped
        if self._next_line == 1 and lines and not too_long:
            self._header = lines[0]
        piece = Piece(self.name, self._next_line, lines, too_long, self._header)
        self._next_line += len(lines) + piece.too_long
        return piece

    def _reopen(self) -> bool:
        """Wait for the next writer of a FIFO; ``False`` if it is none, or was replaced.

        The end of the file is reported again and again to a descriptor that has seen a writer go.
        """
        if self._path is None:
            return False
        try:
            descriptor = open_fifo(self._path, wait=False)
        except OSError:
            return False
        try:
            same = os.path.samestat(os.fstat(descriptor), os.fstat(self.descriptor))
            if same:
                os.dup2(descriptor, self.descriptor, inheritable=False)
        finally:
            os.close(descriptor)
        return same


def open_fifo(path: str, *, wait: bool) -> int:
    """Return a descriptor for reading; `wait` for a writer to open it.

    Raises
    ------
    OSError
        As open(2).
    """
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if wait else os.O_NONBLOCK))


class Streams:
    """The streams among the paths of one source.

    Parameters
    ----------
    patterns
        The paths; ``-`` is standard input.
    wait
        Whether to read each to its end, and wait for it.
    stdin
        Descriptor of standard input.
    """

    def __init__(self, patterns: Collection[str], *, wait: bool = False, stdin: int = 0) -> None:
        self._wait = wait
        self._stdin = stdin
        self._stdin_due = STDIN in patterns
        self._open: dict[FileKey | None, Stream] = {}
        self._finished = False

    @property
    def up(self) -> bool:
        """Whether there is one to read, or one was read to the end that was waited for."""
        return bool(self._open) or self._finished

    @property
    def descriptors(self) -> list[int]:
        """What can be waited for."""
        return [stream.descriptor for stream in self._open.values()]

    @property
    def unread(self) -> int:
        """Bytes that the last turn left behind."""
        return sum(stream.unread for stream in self._open.values())

    @property
    def positions(self) -> dict[str, tuple[int, int]]:
        """Bytes counted and known of, by name of an open stream."""
        return {stream.name: (stream.offset, stream.size) for stream in self._open.values()}

    def look(self, fifos: Mapping[FileKey, str]) -> dict[str, str]:
        """Open streams that are new; return the names of error numbers by path.

        A FIFO that is no longer there is read on for as long as somebody writes to it.
        """
        errors: dict[str, str] = {}
        if self._stdin_due:
            try:
                self._open_stdin()
            except OSError as error:
                errors[STDIN_NAME] = _name(error)
        for key, path in fifos.items():
            if key not in self._open:
                try:
                    self._open_fifo(key, path)
                except OSError as error:
                    errors[path] = _name(error)
        return errors

    def _open_stdin(self) -> None:
        if sys.__stdin__ is None:
            # It was closed at the start; its number may stand for another file by now.
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self._open[None] = Stream(STDIN_NAME, self._stdin, None, wait=self._wait)
        self._stdin_due = False

    def _open_fifo(self, key: FileKey, path: str) -> None:
        descriptor = open_fifo(path, wait=self._wait)
        if key_of(os.fstat(descriptor)) == key:
            self._open[key] = Stream(printable(path), descriptor, path, wait=self._wait)
        else:
            # It was replaced since it was looked up; the next look finds the new one.
            os.close(descriptor)

    def take_over(self, former: Streams, fifos: Collection[FileKey]) -> None:
        """Read on what another one has open, of standard input and these FIFOs, if it is asked for.

        What was read of them, and does not end with a line end yet, could not be read again.
        """
        for key in list(former._open):
            if self._stdin_due if key is None else key in fifos:
                self._open[key] = former._open.pop(key)
        self._stdin_due &= None not in self._open

    def read(self, limit: int) -> Iterator[Piece]:
        """Read up to `limit` bytes of each stream, and let go of those that have ended."""
        for key, stream in list(self._open.items()):
            piece = stream.read(limit)
            if piece is not None:
                yield piece
            if stream.ended:
                logger.info("%s has ended", stream.name)
                self._finished = self._wait
                last = stream.flush()
                self._close(key)
                if last is not None:
                    yield last

    def flush(self) -> Iterator[Piece]:
        """Return the last lines of all streams, as if nobody wrote to them any more."""
        for stream in self._open.values():
            piece = stream.flush()
            if piece is not None:
                yield piece

    def close(self) -> None:
        """Close all FIFOs."""
        for key in list(self._open):
            self._close(key)

    def _close(self, key: FileKey | None) -> None:
        stream = self._open.pop(key)
        # Standard input is not ours to close.
        if key is not None:
            os.close(stream.descriptor)


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")
