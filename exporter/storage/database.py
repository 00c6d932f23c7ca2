"""The checkpoint: offsets and all monitor state, in one transaction of an SQLite database.

What a crash leaves behind is always the state after some commit: offsets and counts that belong
together. What was read after it is read again into the restored state, so that every line counts
once. The log is written ahead (WAL); ``synchronous=NORMAL`` may lose the last commits when the
power fails, which only means that more is read again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from exporter.errors import UsageError
from exporter.storage import encoding

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 1


class Database:
    """The state of one exporter in one directory.

    Parameters
    ----------
    directory
        Created if it is not there; belongs to one process.
    stamp
        Text to name a database by that is put aside because it can't be read.

    Raises
    ------
    UsageError
        If the directory can't be used, or another process uses it.
    """

    def __init__(self, directory: Path, stamp: str) -> None:
        self.path = directory / "modeltail.db"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(
                directory / "modeltail.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise UsageError(f"{directory}: can't be used for storage: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise UsageError(f"{directory}: another process uses this storage directory") from error
        self.put_aside = 0
        """Databases that could not be read and were put aside."""
        self.undecodable = 0
        """Parts that :meth:`load` found and could not decode."""
        try:
            self._connection = self._open_or_replace(stamp)
        except (sqlite3.Error, OSError) as error:
            os.close(self._lock)
            raise UsageError(f"{self.path}: can't be used for storage: {error}") from error

    def _open_or_replace(self, stamp: str) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.OperationalError:
            # A full disk or a read-only file system says nothing about the content.
            raise
        except (sqlite3.DatabaseError, ValueError) as error:
            self._set_aside(stamp, error)
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            # Ours alone, hence without the -shm file: there is room for it on no full disk.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise ValueError(f"written by another version (schema {version})")  # noqa: TRY301
            if version == 0:
                self._create(connection)
            if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise ValueError("damaged")  # noqa: TRY301
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _create(connection: sqlite3.Connection) -> None:
        with connection:
            connection.execute("BEGIN")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS state (part TEXT PRIMARY KEY, value BLOB NOT NULL)"
            )
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _set_aside(self, stamp: str, error: Exception) -> None:
        self.put_aside += 1
        logger.error(
            "%s can't be used (%s); it is kept as %s.%s and all counters start at 0",
            self.path, error, self.path.name, stamp,
        )  # fmt: skip
        for suffix in ("", "-wal", "-shm"):
            old = self.path.with_name(self.path.name + suffix)
            if old.exists():
                old.rename(old.with_name(f"{self.path.name}.{stamp}{suffix}"))

    def load(self) -> dict[str, Any]:
        """Return the stored parts; one that can't be decoded is left out, counted and logged."""
        parts: dict[str, Any] = {}
        try:
            rows = self._connection.execute("SELECT part, value FROM state").fetchall()
        except sqlite3.DatabaseError:
            self.undecodable += 1
            logger.exception("%s can't be read; all counters start at 0", self.path)
            return {}
        for part, value in rows:
            try:
                parts[part] = encoding.decode(value)
            except (msgspec.DecodeError, ValueError, TypeError):
                self.undecodable += 1
                logger.exception("%s: the state of %s can't be read", self.path, part)
        return parts

    def commit(self, parts: Mapping[str, Any]) -> int:
        """Replace parts in one transaction, and return how many bytes were written.

        Raises
        ------
        sqlite3.Error
            If it can't be written; the database is then as before.
        """
        rows = [(part, encoding.encode(state)) for part, state in parts.items()]
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO state (part, value) VALUES (?, ?) "
                "ON CONFLICT (part) DO UPDATE SET value = excluded.value",
                rows,
            )
        return sum(len(value) for _, value in rows)

    def close(self) -> None:
        """Close the database and let another process use the directory."""
        self._connection.close()
        os.close(self._lock)
