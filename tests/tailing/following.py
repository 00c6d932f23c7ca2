"""A tail whose clock the test moves, with what it has read so far."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporter.storage import encoding
from exporter.tailing.tail import Tail

ROTATE_WAIT = 5.0


class Following:
    """Follows the files of a folder; each poll takes a second of its own clock."""

    def __init__(
        self,
        *patterns: Path | str,
        start: str = "beginning",
        state: Mapping[str, Any] | None = None,
        pinned_bytes: int = 10 << 30,
    ) -> None:
        self._patterns = [str(pattern) for pattern in patterns]
        self._start = start
        self._pinned_bytes = pinned_bytes
        self.tail = Tail(self._patterns, start, ROTATE_WAIT, pinned_bytes=pinned_bytes)
        if state is not None:
            self.tail.load(state)
        self.now = 1000.0
        self.too_long = 0

    def poll(self, seconds: float = 1.0, limit: int = 1 << 20) -> list[str]:
        """Look each second, read all there is, and return the new lines."""
        lines: list[str] = []
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 1.0, end)
            self.tail.look(self.now)
            lines += self.read(limit)
        return lines

    def read(self, limit: int = 1 << 20) -> list[str]:
        """Read all there is without looking for other files, and return the new lines."""
        self.tail.notice({file.path for file in self.tail.files.values()})
        lines: list[str] = []
        while pieces := list(self.tail.read(self.now, limit)):
            lines += [line.decode() for piece in pieces for line in piece.lines]
            self.too_long += sum(piece.too_long for piece in pieces)
        return lines

    def wait_out(self) -> list[str]:
        """Poll until a file that rotated is given up."""
        return self.poll() + self.poll(ROTATE_WAIT + 1)

    def stored(self) -> dict[str, Any]:
        """Return the state as it comes back from storage."""
        state: dict[str, Any] = encoding.decode(encoding.encode(self.tail.dump()))
        return state

    def restarted(self) -> Following:
        """Return what another process makes of the stored state; this one is gone."""
        state = self.stored()
        self.tail.close()
        return Following(
            *self._patterns, start=self._start, state=state, pinned_bytes=self._pinned_bytes
        )


def only(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of the only row."""
    (row,) = rows.values()
    return dict(row)


def append(path: Path, text: str) -> None:
    """Append text, byte for byte."""
    with path.open("a", newline="") as file:
        file.write(text)


def numbered(first: int, last: int) -> list[str]:
    """Return the lines `first` to `last`, both included."""
    return [f"line {number}" for number in range(first, last + 1)]


def lines(first: int, last: int) -> str:
    """Return the text of the lines `first` to `last`, both included."""
    return "".join(f"{line}\n" for line in numbered(first, last))


def compress(path: Path) -> Path:
    """Do as gzip(1): replace a file by its compressed form."""
    compressed = path.with_name(f"{path.name}.gz")
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return compressed
