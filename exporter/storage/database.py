"""The checkpoint: offsets and all monitor state, in one transaction of an SQLite database.

What a crash leaves behind is always the state after some commit: offsets and counts that belong
together. What was read after it is read again into the restored state, so that every line counts
once. The log is written ahead (WAL); ``synchronous=NORMAL`` may lose the last commits when the
power fails, which only means that more is read again.

Rows that are first written together lie side by side in the file, and those that change together
were mostly first written together: a commit touches few pages.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from exporter.storage.ledger import Changes

SCHEMA_VERSION = 3
_LOG_BYTES = 16 << 20
"""To what the log is cut back after a commit that made it longer."""

_SCHEMA = """
CREATE TABLE state (
    part TEXT NOT NULL, path TEXT NOT NULL, value BLOB NOT NULL, crc32 INTEGER NOT NULL,
    PRIMARY KEY (part, path)
)
"""
# What is read row by row, when it is needed, and not at the start.
_ARCHIVE_SCHEMA = """
CREATE TABLE archive (
    part TEXT NOT NULL, path TEXT NOT NULL, value BLOB NOT NULL, crc32 INTEGER NOT NULL,
    PRIMARY KEY (part, path)
)
"""
# In version 1 a part was one row.
_FROM_VERSION_1 = """
INSERT INTO state SELECT part, '', value, checksum(part, '', value) FROM state_1 ORDER BY rowid
"""
_WRITE = """
INSERT INTO state (part, path, value, crc32) VALUES (?, ?, ?, ?)
ON CONFLICT (part, path) DO UPDATE SET value = excluded.value, crc32 = excluded.crc32
"""
_ALL = "SELECT part, path, value, crc32 FROM state ORDER BY rowid"
_READ_ARCHIVED = "SELECT value, crc32 FROM archive WHERE part = ? AND path = ?"
_ARCHIVE = "INSERT OR REPLACE INTO archive (part, path, value, crc32) VALUES (?, ?, ?, ?)"

Stored = dict[str, dict[str, bytes]]
"""Encoded rows by part and path."""


class UnusableError(Exception):
    """The file is damaged, no database of ours, or of a newer version."""


def checksum(part: str, path: str, value: bytes) -> int:
    """Return the checksum of a row, its name included."""
    return zlib.crc32(value, zlib.crc32(f"{part}\0{path}\0".encode()))


class Database:
    """One database file, open for this process alone.

    Parameters
    ----------
    path
        Created if it is not there; one of an earlier version is brought to this one.

    Raises
    ------
    UnusableError
        If its content can't be used.
    sqlite3.Error
        If it can't be opened or written for a reason that says nothing about its content: a full
        disk, a file system that is read-only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _create_private(path)
        with _telling_apart():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
                status = path.stat()
            except BaseException:
                self._connection.close()
                raise
        self._key = status.st_dev, status.st_ino

    def _prepare(self) -> None:
        connection = self._connection
        connection.create_function("checksum", 3, checksum, deterministic=True)
        # Ours alone, hence without the -shm file: there is room for it on no full disk.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # A page that each commit writes is moved from the log to its place once in many commits.
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // 4096}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if not 0 <= version <= SCHEMA_VERSION:
            raise UnusableError(f"written by another version (schema {version})")
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise UnusableError("damaged")
        if version < SCHEMA_VERSION:
            self._migrate(version)

    def _migrate(self, version: int) -> None:
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            if version == 1:
                connection.execute("ALTER TABLE state RENAME TO state_1")
            if version <= 1:
                connection.execute(_SCHEMA)
            if version == 1:
                connection.execute(_FROM_VERSION_1)
                connection.execute("DROP TABLE state_1")
            connection.execute(_ARCHIVE_SCHEMA)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @property
    def replaced(self) -> bool:
        """Whether the path does not lead to the open file any more."""
        try:
            status = self._path.stat()
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._key

    def read(self) -> Stored:
        """Return all rows, in the order in which they were first written.

        Raises
        ------
        UnusableError
            If a row is not what was written.
        sqlite3.OperationalError
            If it can't be read at the moment.
        """
        return _rows(self._connection)

    def archived(self) -> dict[str, list[str]]:
        """Return the paths of all rows in the archive, by part."""
        paths: defaultdict[str, list[str]] = defaultdict(list)
        with _telling_apart():
            for part, path in self._connection.execute("SELECT part, path FROM archive"):
                paths[part].append(path)
        return dict(paths)

    def read_archived(self, part: str, path: str) -> bytes:
        """Return one row of the archive; also in another thread than the one that commits.

        Raises
        ------
        UnusableError
            If it is not there, or not what was written.
        sqlite3.Error
            If it can't be read at the moment.
        """
        with (
            _telling_apart(),
            contextlib.closing(self._connection.execute(_READ_ARCHIVED, (part, path))) as found,
        ):
            row = found.fetchone()
            if row is None:
                raise UnusableError(f"{part}{path} is not there")
            value: bytes = row[0]
            if checksum(part, path, value) != row[1]:
                raise UnusableError(f"damaged: {part}{path} is not what was written")
        return value

    def adopt_archive(self, other: Database) -> None:
        """Take over the archive of another database.

        Raises
        ------
        sqlite3.Error
            If that fails; this database is then as before.
        """
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = other._connection.execute("SELECT part, path, value, crc32 FROM archive")
            connection.executemany(_ARCHIVE, rows)

    def commit(self, staged: Mapping[str, Changes]) -> int:
        """Write changes of parts in one transaction, and return how many bytes of state they are.

        Raises
        ------
        sqlite3.Error
            If it can't be written; the database is then as before.
        """
        written = sorted(
            _checked({part: changes.written for part, changes in staged.items()}), key=_neighbours
        )
        archived = _checked({part: changes.archived for part, changes in staged.items()})
        removed = [(part, path) for part, changes in staged.items() for path in changes.removed]
        discarded = [(part, path) for part, changes in staged.items() for path in changes.discarded]
        anew = [(part,) for part, changes in staged.items() if changes.anew]
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM state WHERE part = ?", anew)
            connection.executemany("DELETE FROM state WHERE part = ? AND path = ?", removed)
            connection.executemany(_WRITE, written)
            connection.executemany("DELETE FROM archive WHERE part = ? AND path = ?", discarded)
            connection.executemany(_ARCHIVE, archived)
        return sum(len(value) for _, _, value, _ in (*written, *archived))

    def try_to_write(self) -> None:
        """Write a page without changing anything.

        Raises
        ------
        sqlite3.Error
            If that fails.
        """
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def copy(self, path: Path, now: float) -> None:
        """Write a copy, verify it, and put it at `path` with the modification time `now`.

        It is for going on in the files where the state is lost: it holds no archive.

        Raises
        ------
        sqlite3.Error, OSError
            If it can't be written; what is at `path` stays.
        UnusableError
            If the copy is not as it should be.
        """
        unfinished = path.with_name(path.name + ".tmp")
        try:
            _remove(unfinished)
            self._write_state_to(unfinished)
            verify(unfinished)
            with unfinished.open("rb") as file:
                os.utime(file.fileno(), (now, now))
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync_directory(path.parent)
        finally:
            _remove(unfinished)

    def _write_state_to(self, path: Path) -> None:
        _create_private(path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("BEGIN")
            copy.execute(_SCHEMA)
            copy.execute(_ARCHIVE_SCHEMA)
            copy.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            with contextlib.closing(self._connection.execute(_ALL)) as rows:
                copy.executemany(_WRITE, rows)
            copy.execute("COMMIT")

    def close(self) -> None:
        """Close the file; what is committed is in it."""
        self._connection.close()


def _create_private(path: Path) -> None:
    """Create a file that only its owner may read: what is stored quotes the beginning of logs."""
    with contextlib.suppress(OSError):
        # What stands in the way, SQLite tells in its own words.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def verify(path: Path) -> Stored:
    """Return the rows of a copy, which is not changed.

    Raises
    ------
    UnusableError
        If it is damaged, of another version, or no database.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != SCHEMA_VERSION:
                raise UnusableError(f"written by another version (schema {version})")
            if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise UnusableError("damaged")
            return _rows(connection)
    except (sqlite3.Error, ValueError) as error:
        raise UnusableError(str(error)) from error


def _rows(connection: sqlite3.Connection) -> Stored:
    stored: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    with _telling_apart():
        for part, path, value, expected in connection.execute(_ALL):
            if checksum(part, path, value) != expected:
                raise UnusableError(f"damaged: {part}{path} is not what was written")
            stored[part][path] = value
    return dict(stored)


@contextlib.contextmanager
def _telling_apart() -> Iterator[None]:
    """Raise UnusableError for errors that come from what a file holds."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # A table is missing, say. Python has no code for text that is no UTF-8.
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR:
            raise UnusableError(str(error)) from error
        raise
    except (sqlite3.DatabaseError, TypeError, ValueError) as error:
        # Text may be no UTF-8, even in SQLite's own message.
        raise UnusableError(str(error)) from error


def _checked(rows: Mapping[str, Mapping[str, bytes]]) -> list[tuple[str, str, bytes, int]]:
    """Return rows by part and path with their checksums."""
    return [
        (part, path, value, checksum(part, path, value))
        for part, values in rows.items()
        for path, value in values.items()
    ]


def _neighbours(row: tuple[str, str, bytes, int]) -> list[str]:
    """Return a key by which rows that will change together lie side by side.

    Those are the ones whose paths end alike: the same sub-window of a window, whatever is counted.
    """
    part, path, _, _ = row
    return [*reversed(path.split("/")), part]


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
