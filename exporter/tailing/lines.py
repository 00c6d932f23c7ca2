"""Bytes to complete lines."""

from __future__ import annotations

MAX_LINE_BYTES = 1 << 20


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

    def feed(self, data: bytes) -> list[bytes]:
        """Take in bytes and return the lines that they complete."""
        if self._dropping:
            end = data.find(b"\n")
            if end < 0:
                return []
            self._dropping = False
            self.too_long += 1
            data = data[end + 1 :]
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()
        if len(self._partial) > self._max_bytes:
            self._partial = self._partial.lstrip(b"\0")
        if len(self._partial) > self._max_bytes:
            self._partial = b""
            self._dropping = True
        return self._kept(lines)

    def flush(self) -> list[bytes]:
        """Return the last line of a stream that has ended without a line end."""
        partial, self._partial = self._partial, b""
        if self._dropping:
            self._dropping = False
            self.too_long += 1
            return []
        return self._kept([partial]) if partial.strip(b"\0\r") else []

    def _kept(self, lines: list[bytes]) -> list[bytes]:
        if lines and max(map(len, lines)) > self._max_bytes:
            kept = [line for line in lines if len(line.lstrip(b"\0")) <= self._max_bytes]
            self.too_long += len(lines) - len(kept)
            lines = kept
        return [line.strip(b"\0").removesuffix(b"\r") for line in lines]
