"""How far files were read, as the checkpoint keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from exporter.storage.rows import Rows
from exporter.tailing.identity import FileKey, Head, Marker
from exporter.tailing.lines import Dropping


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was read.

    Attributes
    ----------
    path
        Where it was last seen; for people, the key is what counts.
    offset
        Where the first line that was not counted begins, in decompressed bytes.
    head
        Fingerprint of the beginning, up to that offset.
    line
        1-based number of that line; ``None`` where reading began at the end of the file.
    dropping
        Whether that offset lies inside a line that is being dropped.
    marker
        Fingerprint of what is before the offset; ``None`` where an older version did not store it.
    size
        Bytes on disk when it was last seen.
    modified_ns
        Time of its last change then.
    rotated
        Whether it is a rotated file: its last line counts without a line end.
    left
        Whether nothing that is matched led to it any more.
    finished
        Whether it was read to its end, and let go.
    copied_from
        Of a file of which nothing was read yet: another one of which it holds the beginning, and
        its size when that was found.
    beginning
        The bytes of which `head` is the fingerprint, where they are known.
    recent
        Bytes before the offset, more than `marker` covers, as long as they are known.
    """

    path: str
    key: FileKey
    offset: int
    head: Head
    line: int | None
    dropping: Dropping
    marker: Marker | None = None
    size: int = 0
    modified_ns: int = 0
    rotated: bool = False
    left: bool = False
    finished: bool = False
    copied_from: tuple[FileKey, int] | None = None
    beginning: bytes = field(default=b"", repr=False, compare=False)
    recent: bytes = field(default=b"", repr=False, compare=False)

    @property
    def compressed(self) -> bool:
        """Whether it is a .gz file, whose size on disk says nothing about offsets."""
        return self.path.endswith(".gz")

    @property
    def unread(self) -> int:
        """Bytes that were known to be there, and whose lines were not counted."""
        return 0 if self.compressed else max(0, self.size - self.offset)

    def done_with(self) -> Position:
        """Return the position with what is unread accounted for, and the file let go."""
        size = self.size if self.compressed else self.offset
        return replace(self, size=size, finished=True, recent=b"")

    def dump(self) -> dict[str, Any]:
        """Return the position for storage, without its beginning, which hardly ever changes."""
        marker = self.marker
        copied = self.copied_from
        return {
            "path": self.path,
            "key": list(self.key),
            "offset": self.offset,
            "head": [self.head.length, self.head.digest],
            "line": self.line,
            "dropping": int(self.dropping),
            "marker": None if marker is None else [marker.length, marker.digest],
            "size": self.size,
            "modified_ns": self.modified_ns,
            "rotated": self.rotated,
            "left": self.left,
            "finished": self.finished,
            "copied_from": None if copied is None else [list(copied[0]), copied[1]],
        }

    @classmethod
    def load(cls, state: Mapping[str, Any], beginning: bytes = b"") -> Position:
        """Restore what :meth:`dump` returned, or what versions without marker and size did."""
        length, digest = state["head"]
        device, inode = state["key"]
        marker = state.get("marker")
        copied = state.get("copied_from")
        return cls(
            path=state["path"],
            key=(device, inode),
            offset=state["offset"],
            head=Head(length, digest),
            line=state["line"],
            dropping=Dropping(state["dropping"]),
            marker=None if marker is None else Marker(*marker),
            size=state.get("size", state["offset"]),
            modified_ns=state.get("modified_ns", 0),
            rotated=state.get("rotated", False),
            left=state.get("left", False),
            finished=state.get("finished", False),
            copied_from=None if copied is None else ((copied[0][0], copied[0][1]), copied[1]),
            beginning=beginning,
        )


def row_key(key: FileKey) -> str:
    """Return the identity of a file as text.

    >>> row_key((8, 1234))
    '8:1234'
    """
    return f"{key[0]}:{key[1]}"


class LazyRows(Rows):
    """Rows of the checkpoint that are made when they are stored; a commit writes what changed."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._values: dict[str, Callable[[], Any]] = {}
        self._numbers = count(1)

    def put(self, key: str, value: Callable[[], Any]) -> None:
        """Add a row, or note that it changed; `value` is called when it is stored."""
        self._versions[key] = next(self._numbers)
        self._values[key] = value

    def drop(self, key: str) -> None:
        """Remove a row, if it is there."""
        self._versions.pop(key, None)
        self._values.pop(key, None)

    def versions(self) -> Mapping[str, int]:
        """Return a number for each row that differs whenever its value does."""
        return self._versions

    def value(self, key: str) -> Any:
        """Return a row for storage."""
        return self._values[key]()


class PositionRows:
    """Positions as rows of the checkpoint.

    Attributes
    ----------
    positions
        By identity.
    beginnings
        First bytes of the files, by identity; they stop changing when there are 1,024.
    """

    def __init__(self) -> None:
        self.positions = LazyRows()
        self.beginnings = LazyRows()
        self._lengths: dict[str, tuple[int, int]] = {}

    def put(self, key: str, position: Callable[[], Position], state: tuple[int, int]) -> None:
        """Add a position, or note that it changed.

        Parameters
        ----------
        state
            Changes whenever the beginning does.
        """
        self.positions.put(key, lambda: position().dump())
        if self._lengths.get(key) != state:
            self._lengths[key] = state
            self.beginnings.put(key, lambda: position().beginning)

    def drop(self, key: str) -> None:
        """Remove a position, if it is there."""
        self.positions.drop(key)
        self.beginnings.drop(key)
        self._lengths.pop(key, None)


def load_positions(
    stored: Mapping[str, Any] | Sequence[Any], beginnings: Mapping[str, bytes]
) -> list[Position]:
    """Return stored positions; an older version kept them in a list."""
    if isinstance(stored, Mapping):
        return [Position.load(row, beginnings.get(key, b"")) for key, row in stored.items()]
    return [Position.load(row) for row in stored]
