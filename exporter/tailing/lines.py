"""Bytes to complete lines."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

MAX_LINE_BYTES = 1 << 20
_LINE_END = 10


class Lines(Sequence[bytes]):
    r"""Lines of a file in one piece of memory, cut apart only for who asks for single ones.

    Parameters
    ----------
    data
        The lines without their ends, with ``\n`` between them.
    count
        How many they are, if known: none and one empty line look alike.
    """

    __slots__ = ("_breaks", "_count", "_single", "data")

    def __init__(self, data: bytes, count: int | None = None) -> None:
        self.data = data
        self._breaks: NDArray[np.intp] | None = None
        self._count = len(self.breaks) + 1 if count is None else count
        self._single: list[bytes] | None = None

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Self:
        r"""Return lines, none of which holds a ``\n``, as one piece."""
        if isinstance(lines, cls):
            return lines
        single = list(lines)
        return cls(b"\n".join(single), len(single))

    @property
    def breaks(self) -> NDArray[np.intp]:
        r"""int[n - 1], where in `data` there is a ``\n``."""
        if self._breaks is None:
            self._breaks = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) == _LINE_END)
        return self._breaks

    @property
    def single(self) -> list[bytes]:
        """The lines one by one."""
        if self._single is None:
            self._single = self.data.split(b"\n") if self._count else []
        return self._single

    def invalid_utf8(self) -> int:
        """Return how many of them are no valid UTF-8."""
        if self.data.isascii() or _is_utf8(self.data):
            return 0
        # A sequence that a line end cuts apart is valid in neither line, nor in both together.
        return sum(not _is_utf8(line) for line in self.single)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.single)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Lines: ...

    def __getitem__(self, index: int | slice) -> bytes | Lines:
        if isinstance(index, slice):
            return Lines.of(self.single[index])
        return self.single[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.single == list(other)

    __hash__ = None  # type: ignore[assignment]  # Equal to lists, which have none.

    def __repr__(self) -> str:
        return f"Lines({self.data!r}, {self._count})"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


NONE = Lines(b"", 0)


class Dropping(IntEnum):
    """Why what comes up to the next line end is no line."""

    NO = 0
    TOO_LONG = 1
    BEGUN_BEFORE = 2
    """Reading started in the middle of it; it is not counted either."""


class LineAssembler:
    r"""Cuts a stream of bytes into lines and keeps what has no line end yet.

    Line ends (``\n``, ``\r\n``) are removed, as is the byte order mark of UTF-8 in front of the
    first line. NUL bytes around a line are removed too: a file that was truncated under a writer
    without O_APPEND begins with a run of them. A line longer than `max_bytes`, NUL bytes in front
    of it aside, is dropped and counted, and reading goes on at the next line end.

    Parameters
    ----------
    max_bytes
        The longest line that is kept.
    """

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._partial = b""
        self._first = True
        self.dropping = Dropping.NO
        """Why the line at hand is being dropped."""
        self.too_long = 0
        """Lines dropped for their length."""

    @property
    def pending(self) -> int:
        """Bytes taken in that belong to no complete line yet; a restart reads them again.

        The beginning of a line that is being dropped is not kept, hence not counted.
        """
        return len(self._partial)

    @property
    def blank(self) -> bool:
        """Whether the line at hand consists of NUL bytes so far, or has not begun."""
        return not self._partial.strip(b"\0")

    def restart(self) -> None:
        """Forget the line at hand: what comes next is the beginning of a stream."""
        self.resume(Dropping.NO, first=True)

    def resume(self, dropping: Dropping, *, first: bool) -> None:
        """Forget the line at hand, and go on elsewhere.

        Parameters
        ----------
        dropping
            Whether that is inside a line that is to be dropped.
        first
            Whether it is the beginning of the stream.
        """
        self._partial = b""
        self._first = first
        self.dropping = dropping

    def feed(self, data: bytes) -> Lines:
        """Take in bytes and return the lines that they complete."""
        if self.dropping:
            end = data.find(b"\n")
            if end < 0:
                return NONE
            self._dropped()
            data = data[end + 1 :]
        end = data.rfind(b"\n")
        if end < 0:
            complete = None
            self._partial += data
        else:
            complete = b"".join((self._partial, memoryview(data)[:end]))
            self._partial = data[end + 1 :]
        if len(self._partial) > self._max_bytes:
            self._partial = self._partial.lstrip(b"\0")
        if len(self._partial) > self._max_bytes:
            self._partial = b""
            self.dropping = Dropping.TOO_LONG
        return NONE if complete is None else self._kept(complete)

    def flush(self) -> Lines:
        """Return the last line of a stream that has ended without a line end."""
        partial, self._partial = self._partial, b""
        if self.dropping:
            self._dropped()
            return NONE
        if self._first:
            partial = partial.removeprefix(BOM_UTF8)
        return self._kept(partial) if partial.strip(b"\0\r") else NONE

    def _dropped(self) -> None:
        self.too_long += self.dropping is Dropping.TOO_LONG
        self.dropping = Dropping.NO
        self._first = False

    def _kept(self, data: bytes) -> Lines:
        """Return one or more lines cleaned, those that are too long left out."""
        if self._first:
            self._first = False
            data = data.removeprefix(BOM_UTF8)
        if not (b"\0" in data or b"\r" in data or self._any_too_long(data)):
            return Lines(data)
        lines = data.split(b"\n")
        kept = [line for line in lines if len(line.lstrip(b"\0")) <= self._max_bytes]
        self.too_long += len(lines) - len(kept)
        return Lines.of([line.strip(b"\0").removesuffix(b"\r") for line in kept])

    def _any_too_long(self, data: bytes) -> bool:
        begin = 0
        while len(data) - begin > self._max_bytes:
            end = data.rfind(b"\n", begin, begin + self._max_bytes + 1)
            if end < 0:
                return True
            begin = end + 1
        return False
