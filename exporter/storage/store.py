"""The storage directory: belongs to one process, and may be unusable for a while."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.errors import UsageError
from exporter.storage.archive import archives, nested_parts
from exporter.storage.database import Database, Stored, UnusableError, verify
from exporter.storage.ledger import Changes

logger = logging.getLogger(__name__)

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT}
"""After these errors the open file is as good as before."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class UnavailableError(Exception):
    """The directory or the database can't be used at the moment."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start finds.

    Attributes
    ----------
    parts
        Nested state by part.
    rows, archived
        The same as it is stored, and the archive's paths; empty if the file that is written to
        holds something else.
    positions_only
        Whether `parts` is of an older copy: where files were read to is worth something, counts
        are not.
    """

    parts: dict[str, Any] = field(default_factory=dict)
    rows: Stored = field(default_factory=dict)
    archived: dict[str, list[str]] = field(default_factory=dict)
    positions_only: bool = False


class Store:
    """The state of one exporter in one directory.

    Where the directory or the database can't be opened, the store is not `available`, and
    :meth:`reopen` tries again.

    Parameters
    ----------
    directory
        Created if it is not there; belongs to one process.
    stamp
        Text to name a database by that is put aside because it can't be used.

    Raises
    ------
    UsageError
        If there is something else in the directory's place, or another process uses it.
    """

    def __init__(self, directory: Path, stamp: str) -> None:
        self.path = directory / "modeltail.db"
        self.copy_path = directory / "modeltail.db.copy"
        self._stamp = stamp
        self._lock: int | None = None
        self._database: Database | None = None
        self._former: Database | None = None
        """One that can't be written to any more; what it holds may still be read."""
        self._known = False
        """Whether the state of this process goes on from what the file holds."""
        self.failures = 0
        """What went wrong at the start, and databases that were put aside since."""
        try:
            self._loaded = self._start()
        except BaseException:
            self._unlock()
            raise

    @property
    def available(self) -> bool:
        """Whether the database is open."""
        return self._database is not None

    def load(self) -> Loaded:
        """Return what was stored when the store was opened."""
        loaded, self._loaded = self._loaded, Loaded()
        return loaded

    def _start(self) -> Loaded:
        try:
            self._acquire()
        except BlockingIOError as error:
            raise UsageError(
                f"{self.path.parent}: another process uses this storage directory"
            ) from error
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(
                f"{self.path.parent}: can't be used for storage: {error.strerror}"
            ) from error
        except OSError as error:
            return self._start_without(error)
        try:
            database = Database(self.path)
            try:
                rows, archived = database.read(), database.archived()
                found = archives(archived, self.read_archived)
                loaded = Loaded(nested_parts(rows, found), rows, archived)
            except BaseException:
                database.close()
                raise
        except UnusableError as error:
            self.failures += 1
            return self._start_from_copy(error)
        except (sqlite3.Error, OSError) as error:
            return self._start_without(error)
        self._database, self._known = database, True
        return loaded

    def _start_from_copy(self, error: UnusableError) -> Loaded:
        """Begin anew, and go on in the files where the copy had come to."""
        try:
            loaded = Loaded(nested_parts(verify(self.copy_path), {}), positions_only=True)
        except UnusableError:
            loaded = Loaded()
        try:
            self._set_aside(error, with_copy=not loaded.parts)
            self._database = Database(self.path)
        except (sqlite3.Error, OSError) as another:
            self._unavailable(another)
        else:
            self._known = True
        logger.error(
            "all counters start at 0; files are read %s",
            "on from the last copy of the checkpoint" if loaded.parts else "anew",
        )
        return loaded

    def _start_without(self, error: OSError | sqlite3.Error) -> Loaded:
        """Go on from what can be read, where nothing can be written."""
        self._unavailable(error)
        try:
            with tempfile.TemporaryDirectory() as elsewhere:
                for suffix in ("", "-wal"):
                    file = self.path.with_name(self.path.name + suffix)
                    if file.exists():
                        shutil.copyfile(file, Path(elsewhere) / file.name)
                if not (Path(elsewhere) / self.path.name).exists():
                    return Loaded()
                database = Database(Path(elsewhere) / self.path.name)
                try:
                    # The file is gone in a moment, hence all of the archive is read.
                    found = {
                        part: {path: rows.plain() for path, rows in each.items()}
                        for part, each in archives(
                            database.archived(), database.read_archived
                        ).items()
                    }
                    loaded = Loaded(nested_parts(database.read(), found))
                finally:
                    database.close()
        except (sqlite3.Error, OSError, UnusableError) as another:
            logger.error("%s can't be read (%s); all counters start at 0", self.path, another)  # noqa: TRY400
            return Loaded()
        self._known = True
        return loaded

    def _unavailable(self, error: Exception) -> None:
        self.failures += 1
        logger.error(
            "%s can't be used for storage (%s); nothing is stored until it can",
            self.path.parent, error,
        )  # fmt: skip

    def _acquire(self) -> None:
        if self._lock is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        path = self.path.with_name("modeltail.lock")
        flags = os.O_CREAT | os.O_RDWR
        try:
            lock = os.open(path, flags | os.O_CLOEXEC, 0o600)
        except OSError:
            # Where nothing can be written, another process may hold it all the same.
            if not path.exists():
                raise
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def reopen(self) -> None:
        """Try to open the database; what it holds is to be replaced then.

        A database whose content was not read at the start is put aside.

        Raises
        ------
        UnavailableError
            If it still can't be opened and written to.
        """
        try:
            self._acquire()
            if not self._gone_on_with():
                self._open_anew()
        except (sqlite3.Error, OSError, UnusableError) as error:
            raise UnavailableError(f"{self.path.parent}: {error}") from error
        self._known = True
        logger.info("%s can be used for storage again", self.path)

    def _gone_on_with(self) -> bool:
        """Return whether the file that was in use can be written to again."""
        former = self._former
        if former is None or former.replaced:
            return False
        former.try_to_write()
        self._database, self._former = former, None
        return True

    def _open_anew(self) -> None:
        if not self._known and self.path.exists() and self.path.stat().st_size:
            self._set_aside("it could not be read when the exporter started")
        try:
            database = Database(self.path)
        except UnusableError as error:
            self._set_aside(error)
            database = Database(self.path)
        try:
            database.try_to_write()
            if self._former is not None:
                database.adopt_archive(self._former)
        except BaseException:
            database.close()
            raise
        self._close_former()
        self._database = database

    def reread(self) -> None:
        """Have :meth:`load` return what is stored now, for who goes on with it in this process.

        Raises
        ------
        UnavailableError
            If it can't be read; nothing is changed then.
        """
        if self._database is None:
            raise UnavailableError(f"{self.path} is not open")
        try:
            rows, archived = self._database.read(), self._database.archived()
            parts = nested_parts(rows, archives(archived, self.read_archived))
        except (sqlite3.Error, OSError, UnusableError) as error:
            raise UnavailableError(f"{self.path}: {error}") from error
        self._loaded = Loaded(parts, rows, archived)

    def archived(self) -> dict[str, list[str]]:
        """Return the paths of all rows in the archive by part.

        Raises
        ------
        UnavailableError
            If they can't be read.
        """
        try:
            return {} if self._database is None else self._database.archived()
        except (sqlite3.Error, UnusableError) as error:
            raise UnavailableError(f"{self.path}: {error}") from error

    def read_archived(self, part: str, path: str) -> bytes:
        """Return a row of the archive; also in another thread than the one that commits.

        Raises
        ------
        UnusableError, sqlite3.Error
            If it can't be read.
        """
        database = self._database or self._former
        if database is None:
            raise UnusableError(f"{self.path} is not open")
        return database.read_archived(part, path)

    def commit(self, staged: Mapping[str, Changes]) -> int:
        """Write changes in one transaction, and return how many bytes of state they are.

        Raises
        ------
        UnavailableError
            If they can't be written; the database is then as before, and may have to be reopened.
        """
        if self._database is None:
            raise UnavailableError(f"{self.path} is not open")
        if self._database.replaced:
            self._known = False
            self._drop()
            raise UnavailableError(f"{self.path} was removed or replaced")
        try:
            return self._database.commit(staged)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_FULL) & 0xFF
            if code not in _FULL:
                self._drop()
            if code in _DAMAGED:
                self._close_former()
            raise UnavailableError(f"{self.path}: {error}") from error

    def copied_at(self) -> float | None:
        """Return the time of the last copy; ``None`` if there is none."""
        try:
            return self.copy_path.stat().st_mtime
        except OSError:
            return None

    def copy(self, now: float) -> None:
        """Replace the copy, at the time `now`, by one that was verified.

        Raises
        ------
        UnavailableError
            If that fails; the one before stays.
        """
        if self._database is None:
            raise UnavailableError(f"{self.path} is not open")
        try:
            self._database.copy(self.copy_path, now)
        except (sqlite3.Error, OSError, UnusableError) as error:
            raise UnavailableError(f"{self.copy_path}: {error}") from error

    def _set_aside(self, why: object, *, with_copy: bool = False) -> None:
        if self.path.is_dir():
            raise IsADirectoryError(None, f"{self.path} is a directory")
        stamp, number = self._stamp, 1
        while self.path.with_name(f"{self.path.name}.{stamp}").exists():
            number += 1
            stamp = f"{self._stamp}.{number}"
        logger.error(
            "%s can't be used (%s); it is kept as %s.%s",
            self.path, why, self.path.name, stamp,
        )  # fmt: skip
        for suffix in ("", "-wal", "-shm", *([".copy"] if with_copy else [])):
            old = self.path.with_name(self.path.name + suffix)
            if old.exists():
                old.rename(old.with_name(f"{self.path.name}.{stamp}{suffix}"))

    def _drop(self) -> None:
        """Write no more; what the file holds can still be read."""
        self._close_former()
        self._former, self._database = self._database, None

    def _close_former(self) -> None:
        if self._former is not None:
            self._former.close()
            self._former = None

    def close(self) -> None:
        """Close the database and let another process use the directory."""
        self._drop()
        self._close_former()
        self._unlock()
