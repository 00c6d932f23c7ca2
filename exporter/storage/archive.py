"""Rows that stay in storage until their owner wants one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from exporter.storage.database import Stored, UnusableError
from exporter.storage.encoding import decode
from exporter.storage.ledger import Changes
from exporter.storage.nesting import child, nested
from exporter.storage.rows import ArchivedRows, LostError

ReadRow = Callable[[str, str], bytes]
"""Returns the encoded row of a part and a path."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Reads the rows of one archive by their keys."""

    row: ReadRow
    part: str
    path: str

    def __call__(self, key: str) -> Any:
        try:
            return decode(self.row(self.part, child(self.path, key)))
        except (UnusableError, sqlite3.Error, msgspec.DecodeError, ValueError) as error:
            raise LostError(str(error)) from error


def archives(
    archived: Mapping[str, Sequence[str]], row: ReadRow
) -> dict[str, dict[str, ArchivedRows]]:
    """Return by part and path each archive that has rows at these paths."""
    keys: dict[tuple[str, str], list[str]] = {}
    for part, paths in archived.items():
        for path in paths:
            archive, _, key = path.rpartition("/")
            keys.setdefault((part, archive), []).append(key)
    found: dict[str, dict[str, ArchivedRows]] = {}
    for (part, path), each in keys.items():
        found.setdefault(part, {})[path] = ArchivedRows(tuple(each), _Read(row, part, path))
    return found


def nested_parts(rows: Stored, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the state of each part.

    Parameters
    ----------
    rows
        As they are stored.
    found
        What stands in place of archives, by part and path.

    Raises
    ------
    UnusableError
        If they make no state.
    """
    parts = {}
    for part, encoded in rows.items():
        try:
            parts[part] = nested(encoded, found.get(part, {}))
        except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
            raise UnusableError(f"the state of {part} can't be read: {error!r}") from error
    return parts


def tell_stored(staged: Mapping[str, Changes], row: ReadRow) -> None:
    """Tell the owners of archives that what a commit was to write of them is in storage."""
    for part, changes in staged.items():
        for path, (archive, keys) in changes.archives.items():
            if keys:
                archive.stored(keys, _Read(row, part, path))
