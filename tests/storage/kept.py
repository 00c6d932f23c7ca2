"""Rows that a test changes by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exporter.storage.database import Database, Stored
from exporter.storage.ledger import Changes, Ledger
from exporter.storage.nesting import nested
from exporter.storage.rows import Rows


class Kept(Rows):
    """Rows with versions, which count how often they are read."""

    def __init__(self, **values: Any) -> None:
        self.values: dict[str, Any] = {}
        self._versions: dict[str, int] = {}
        self.read: list[str] = []
        self.set(**values)

    def set(self, **values: Any) -> Kept:
        """Put rows."""
        for key, value in values.items():
            self.values[key] = value
            self._versions[key] = self._versions.get(key, 0) + 1
        return self

    def drop(self, key: str) -> Kept:
        """Remove a row."""
        del self.values[key], self._versions[key]
        return self

    def versions(self) -> Mapping[str, int]:
        """Return how often each row was put."""
        return self._versions

    def value(self, key: str) -> Any:
        """Return a row, and note that it was read."""
        self.read.append(key)
        return self.values[key]


def apply(stored: Stored, staged: Mapping[str, Changes]) -> None:
    """Do to maps what a commit does to a database."""
    for part, changes in staged.items():
        rows = stored.setdefault(part, {})
        if changes.anew:
            rows.clear()
        for path in changes.removed:
            del rows[path]
        rows |= changes.written


def plain(value: Any) -> Any:
    """Return a state with maps in place of rows."""
    if isinstance(value, Rows):
        return {key: plain(each) for key, each in value.plain().items()}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def put(database: Database, **states: Any) -> None:
    """Commit states as an exporter does that knows nothing of what is there."""
    ledger = Ledger()
    ledger.forget(states)
    database.commit(ledger.stage(states))


def restored(stored: Stored) -> dict[str, Any]:
    """Return the states whose rows these are."""
    return {part: nested(rows) for part, rows in stored.items()}


@contextmanager
def opened(directory: Path) -> Iterator[Database]:
    """Open the database of a directory, and close it."""
    database = Database(directory / "modeltail.db")
    try:
        yield database
    finally:
        database.close()
