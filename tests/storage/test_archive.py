"""Rows that are read from storage when their owner wants one."""

from __future__ import annotations

import sqlite3

import pytest

from exporter.storage.checkpoint import Checkpoint
from exporter.storage.rows import Archive, ArchivedRows, LostError, Rows
from exporter.storage.store import Store
from exporter.storage.worker import InThisThread
from tests.storage.disks import read_only, small_disk
from tests.storage.kept import Kept


class Shelf(Archive):
    """Rows that are in memory until they are stored."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.in_memory: dict[str, str] = {}
        self.read = None

    def put(self, **values: str) -> None:
        """Add rows."""
        self.names |= values.keys()
        self.in_memory |= values

    def existing(self):
        """Return all keys."""
        return self.names

    def fresh(self):
        """Return keys of what is in memory."""
        return list(self.in_memory)

    def value(self, key):
        """Return a row, wherever it is."""
        return self.in_memory[key] if key in self.in_memory else self.read(key)

    def stored(self, keys, read):
        """Forget what is stored."""
        self.read = read
        for key in keys:
            self.in_memory.pop(key, None)


class Owner:
    """Has a shelf, and a number beside it."""

    def __init__(self) -> None:
        self.number = 0
        self.shelf = Shelf()
        self.changed = False

    def put(self, **values: str) -> None:
        """Put rows on the shelf."""
        self.shelf.put(**values)
        self.changed = True

    def dump(self):
        """Return the state."""
        return {"number": self.number, "shelf": self.shelf}

    def load(self, state):
        """Restore it."""
        self.shelf = Shelf()
        rows = state["shelf"]
        if isinstance(rows, ArchivedRows):
            self.shelf.names, self.shelf.read = set(rows.keys), rows.read
        else:
            self.shelf.put(**rows)

    def values(self):
        """Return all rows."""
        return {key: self.shelf.value(key) for key in sorted(self.shelf.names)}


def begun(directory):
    """Return a checkpoint of one owner, and that owner."""
    owner = Owner()
    store = Store(directory, "then")
    return Checkpoint({}, {"o": owner}, store, InThisThread(), lambda: 0.0), owner


def commit(checkpoint, now=0.0):
    """Store what changed."""
    checkpoint.commit(now, lambda _: None)
    return checkpoint.ready()


def in_archive(directory):
    """Return how many rows there are in a database's archive."""
    with sqlite3.connect(directory / "modeltail.db") as connection:
        count = connection.execute("SELECT count(*) FROM archive").fetchone()[0]
    connection.close()
    return count


def test_stored_rows_are_read_from_storage(tmp_path):
    """Also after a restart, which reads none of them by itself."""
    checkpoint, owner = begun(tmp_path)
    owner.put(a="1", b="2")
    commit(checkpoint)
    assert owner.shelf.in_memory == {}
    assert owner.values() == {"a": "1", "b": "2"}
    checkpoint.close()
    checkpoint, owner = begun(tmp_path)
    assert owner.shelf.in_memory == {}
    assert owner.values() == {"a": "1", "b": "2"}
    checkpoint.close()


def test_rows_that_are_gone_leave_storage(tmp_path):
    """Also those that an owner did not ask for after a restart."""
    checkpoint, owner = begun(tmp_path)
    owner.put(a="1", b="2")
    commit(checkpoint)
    owner.shelf.names.discard("a")
    owner.changed = True
    commit(checkpoint)
    checkpoint.close()
    assert in_archive(tmp_path) == 1
    checkpoint, owner = begun(tmp_path)
    owner.shelf, owner.changed = Shelf(), True
    commit(checkpoint)
    checkpoint.close()
    assert in_archive(tmp_path) == 0


def test_a_commit_that_fails_leaves_rows_in_memory(tmp_path):
    """Until one succeeds; what is stored can be read all the while."""
    with small_disk(tmp_path / "storage") as disk:
        checkpoint, owner = begun(tmp_path / "storage")
        owner.put(a="1")
        commit(checkpoint)
        disk.fill()
        owner.put(b="2" * 50_000)
        commit(checkpoint)
        assert owner.shelf.in_memory.keys() == {"b"}
        assert owner.values() == {"a": "1", "b": "2" * 50_000}
        disk.free()
        commit(checkpoint, 100.0)
        assert owner.shelf.in_memory == {}
        checkpoint.close()
        checkpoint, owner = begun(tmp_path / "storage")
        assert owner.values() == {"a": "1", "b": "2" * 50_000}
        checkpoint.close()


def test_the_archive_moves_to_the_file_that_replaces_a_removed_one(tmp_path):
    """What was read from the removed file is read from the new one."""
    checkpoint, owner = begun(tmp_path)
    owner.put(a="1", b="2")
    commit(checkpoint)
    for suffix in ("", "-wal"):
        (tmp_path / f"modeltail.db{suffix}").unlink(missing_ok=True)
    owner.put(c="3")
    commit(checkpoint)
    assert owner.values() == {"a": "1", "b": "2", "c": "3"}
    for now in (100.0, 200.0, 300.0):
        commit(checkpoint, now)
    assert owner.shelf.in_memory == {}
    assert owner.values() == {"a": "1", "b": "2", "c": "3"}
    checkpoint.close()
    checkpoint, owner = begun(tmp_path)
    assert owner.values() == {"a": "1", "b": "2", "c": "3"}
    checkpoint.close()


def test_a_start_where_nothing_can_be_written_reads_everything(tmp_path):
    """The rows are written again when that is possible."""
    checkpoint, owner = begun(tmp_path / "storage")
    owner.put(a="1", b="2")
    commit(checkpoint)
    checkpoint.close()
    with read_only(tmp_path / "storage"):
        checkpoint, owner = begun(tmp_path / "storage")
        assert owner.shelf.in_memory == {"a": "1", "b": "2"}
        owner.shelf.names.discard("a")
        del owner.shelf.in_memory["a"]
    for now in (100.0, 200.0, 300.0):
        owner.changed = True
        commit(checkpoint, now)
    assert owner.shelf.in_memory == {}
    assert owner.values() == {"b": "2"}
    checkpoint.close()
    assert in_archive(tmp_path / "storage") == 1


def test_the_hourly_copy_has_no_archive(tmp_path):
    """It is for reading on in the files; what waited is lost with the counts."""
    checkpoint, owner = begun(tmp_path)
    owner.put(a="x" * 100_000)
    commit(checkpoint, 4000.0)
    assert (tmp_path / "modeltail.db.copy").stat().st_size < 50_000
    checkpoint.close()


@pytest.mark.parametrize("damage", ["another value", "text"])
def test_a_damaged_row_is_lost(tmp_path, damage):
    """It is told from one that is as it was written; others can be read."""
    checkpoint, owner = begun(tmp_path)
    owner.put(a="1", b="2")
    commit(checkpoint)
    checkpoint.close()
    with sqlite3.connect(tmp_path / "modeltail.db") as connection:
        value = {"another value": "x'a139'", "text": "'a9'"}[damage]
        connection.execute(f"UPDATE archive SET value = {value} WHERE path LIKE '%/a'")
    connection.close()
    checkpoint, owner = begun(tmp_path)
    with pytest.raises(LostError, match=r"damaged|bytes-like"):
        owner.shelf.value("a")
    assert owner.shelf.value("b") == "2"
    checkpoint.close()


def test_a_closed_store_has_no_rows(tmp_path):
    """That is an error of the kind that owners expect."""
    checkpoint, owner = begun(tmp_path)
    owner.put(a="1")
    commit(checkpoint)
    checkpoint.close()
    with pytest.raises(LostError, match="is not open"):
        owner.shelf.value("a")


def test_rows_hold_no_archive(tmp_path):
    """A row that is not looked at, as it did not change, would lose its own."""
    checkpoint, owner = begun(tmp_path)
    kept: Rows = Kept(a={"shelf": Shelf()})
    owner.shelf, owner.changed = kept, True
    checkpoint.commit(0.0, lambda _: None)
    assert checkpoint._stats.failures == 1
    checkpoint.close()
