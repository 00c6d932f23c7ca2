"""Bytes to complete lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


NONE = Lines(b"", 0)


class LineAssembler:
    r"""Cuts a stream of bytes into lines and keeps what has no line end yet.

    Line ends (``\n``, ``\r\n``) are removed. NUL bytes around a line are removed too: a file that
    was truncated under a writer without O_APPEND begins with a run of them. A line longer than
    `max_bytes`, NUL bytes in front of it aside, is dropped and counted, and reading goes on at the
    next line end.

    Parameters
    ----------
    max_bytes
        The longest line that is kept.
    """

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._partial = b""
        self._dropping = False
        self.too_long = 0
        """Lines dropped for their length."""

    @property
    def pending(self) -> int:
        """Bytes taken in that belong to no complete line yet; a restart reads them again.

        The beginning of a line that is being dropped is not kept, hence not counted.
        """
        return len(self._partial)

    @property
    def dropping(self) -> bool:
        """Whether the line at hand is being dropped for its length."""
        return self._dropping

    def resume(self, *, dropping: bool) -> None:
        """Start in the middle of a line that was being dropped before a restart."""
        self._dropping = dropping

    def feed(self, data: bytes) -> Lines:
        """Take in bytes and return the lines that they complete."""
        if self._dropping:
            end = data.find(b"\n")
            if end < 0:
                return NONE
            self._dropping = False
            self.too_long += 1
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
            self._dropping = True
        return NONE if complete is None else self._kept(complete)

    def flush(self) -> Lines:
        """Return the last line of a stream that has ended without a line end."""
        partial, self._partial = self._partial, b""
        if self._dropping:
            self._dropping = False
            self.too_long += 1
            return NONE
        return self._kept(partial) if partial.strip(b"\0\r") else NONE

    def _kept(self, data: bytes) -> Lines:
        """Return one or more lines cleaned, those that are too long left out."""
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
