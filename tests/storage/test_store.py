from __future__ import annotations

import logging
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.errors import UsageError
from exporter.storage.ledger import Ledger
from exporter.storage.store import Loaded, Store, UnavailableError
from tests.storage.disks import read_only, small_disk
from tests.storage.kept import Kept, opened, put, restored


@contextmanager
def started(directory: Path, stamp: str = "then") -> Iterator[Store]:
    """Open a store and close it."""
    store = Store(directory, stamp)
    try:
        yield store
    finally:
        store.close()


def write(store: Store, **states) -> int:
    """Commit states whatever is there."""
    ledger = Ledger()
    ledger.forget(states)
    return store.commit(ledger.stage(states))


def stored(directory: Path) -> dict:
    """Return what a directory's database holds."""
    with opened(directory) as database:
        return restored(database.read())


def test_state_comes_back(tmp_path):
    """With the rows as they are stored, for the ledger."""
    directory = tmp_path / "not" / "there"
    with started(directory) as store:
        assert (store.available, store.load(), store.failures) == (True, Loaded(), 0)
        write(store, a=Kept(n=1))
    with started(directory) as store:
        loaded = store.load()
        assert (loaded.parts, loaded.positions_only) == ({"a": {"n": 1}}, False)
        assert set(loaded.rows["a"]) == {"", "/n"}
        assert store.load() == Loaded()


def test_a_directory_belongs_to_one_process(tmp_path):
    """A second one is told so, and the first goes on."""
    with started(tmp_path) as store:
        script = (
            "import sys; from pathlib import Path; from exporter.storage.store import Store\n"
            "Store(Path(sys.argv[1]), 'now')"
        )
        second = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert second.returncode == 1
        assert f"{tmp_path}: another process uses this storage directory" in second.stderr
        with pytest.raises(UsageError, match="another process"):
            Store(tmp_path, "now")
        write(store, a=1)
    assert stored(tmp_path) == {"a": 1}


def test_a_path_that_is_a_file_is_a_usage_error(tmp_path):
    """Nothing is overwritten."""
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "storage"):
        with pytest.raises(UsageError, match="can't be used for storage"):
            Store(path, "now")
    assert (tmp_path / "file").read_text() == "mine"


def damage(path: Path, how: str) -> None:
    """Make a database one that can't be used."""
    if how == "garbage":
        path.write_bytes(b"no database at all" * 100)
    elif how == "newer":
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    else:
        content = path.read_bytes()
        path.write_bytes(content.replace(b"xxx", b"xyx", 1))


@pytest.mark.parametrize("how", ["garbage", "newer", "flipped bit"])
def test_a_database_that_can_not_be_used_is_put_aside(tmp_path, how, caplog):
    """It is kept under another name, counted and told, and everything starts afresh."""
    with started(tmp_path) as store:
        write(store, a=b"x" * 300)
    damage(tmp_path / "modeltail.db", how)
    before = (tmp_path / "modeltail.db").read_bytes()
    with started(tmp_path, "20261122T101500") as store:
        assert (store.failures, store.load(), store.available) == (1, Loaded(), True)
        write(store, a=1)
    assert (tmp_path / "modeltail.db.20261122T101500").read_bytes() == before
    assert "it is kept as modeltail.db.20261122T101500" in caplog.text
    assert "files are read anew" in caplog.text
    assert stored(tmp_path) == {"a": 1}


def test_whatever_byte_is_damaged_the_state_is_the_right_one_or_none(tmp_path, caplog):
    """Never another one, and a start never fails."""
    whole = {"a": {"n": 2, "rows": {"x": 1, "y": b"y" * 300}}, "b": {"z": [1.5, "u"]}}
    directory = tmp_path / "storage"
    with started(directory) as store:
        write(store, a={"n": 2, "rows": Kept(x=1, y=b"y" * 300)}, b=Kept(z=[1.5, "u"]))
    path = directory / "modeltail.db"
    content = path.read_bytes()
    used = [place for place, byte in enumerate(content) if byte]
    chance = random.Random(1)
    caplog.set_level(logging.CRITICAL)
    refused = 0
    for place in chance.sample(used, 200):
        damaged = bytearray(content)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with started(directory) as store:
            assert store.load().parts == ({} if store.failures else whole), place
            refused += store.failures
    assert refused > 100


def test_the_copy_says_where_the_files_were_read_to(tmp_path, caplog):
    """Its counts are worth nothing; that is for the caller to heed."""
    with started(tmp_path) as store:
        write(store, a=Kept(n=1))
        store.copy(now=1000.0)
        assert store.copied_at() == 1000.0
        write(store, a=Kept(n=2))
    damage(tmp_path / "modeltail.db", "garbage")
    with started(tmp_path) as store:
        loaded = store.load()
        assert loaded == Loaded({"a": {"n": 1}}, {}, positions_only=True)
        assert store.failures == 1
    assert "files are read on from the last copy" in caplog.text
    assert (tmp_path / "modeltail.db.copy").exists()


def test_a_copy_that_can_not_be_used_either_is_put_aside_too(tmp_path):
    """It may be of the newer version that wrote the database."""
    with started(tmp_path) as store:
        write(store, a=1)
        store.copy(now=1000.0)
    damage(tmp_path / "modeltail.db", "newer")
    damage(tmp_path / "modeltail.db.copy", "newer")
    with started(tmp_path) as store:
        assert store.load() == Loaded()
        store.copy(now=2000.0)
    assert (tmp_path / "modeltail.db.then").exists()
    assert (tmp_path / "modeltail.db.then.copy").exists()


def test_nothing_is_put_aside_over_something(tmp_path):
    """Two in the same second get two names."""
    for _ in range(3):
        (tmp_path / "modeltail.db").write_bytes(b"garbage" * 1000)
        with started(tmp_path):
            pass
    names = {path.name for path in tmp_path.iterdir()}
    assert {"modeltail.db.then", "modeltail.db.then.2", "modeltail.db.then.3"} <= names


def test_a_read_only_file_system_costs_durability_only(tmp_path, caplog):
    """State is read from it, and written when it can be."""
    directory = tmp_path / "storage"
    with started(directory) as store:
        write(store, a=1)
        shutil.copytree(directory, tmp_path / "as killed")
    with read_only(tmp_path / "as killed"), started(tmp_path / "as killed") as store:
        assert (store.available, store.failures) == (False, 1)
        assert store.load() == Loaded({"a": 1})
        for _ in range(2):
            with pytest.raises(UnavailableError):
                store.reopen()
        with pytest.raises(UnavailableError):
            write(store, a=2)
    assert caplog.text.count("nothing is stored until it can") == 1
    with started(tmp_path / "as killed") as store:
        assert store.load().parts == {"a": 1}


def test_a_directory_that_is_locked_can_not_be_read_either(tmp_path):
    """Where it is read-only as well: two exporters would count every line twice."""
    directory = tmp_path / "storage"
    with started(directory), read_only(directory), pytest.raises(UsageError, match="another"):
        Store(directory, "now")


def test_a_directory_that_can_not_be_made_is_tried_again(tmp_path):
    """Until somebody mends it."""
    parent = tmp_path / "parent"
    parent.mkdir()
    with read_only(parent):
        store = Store(parent / "storage", "now")
        assert not store.available
        with pytest.raises(UnavailableError):
            store.reopen()
    store.reopen()
    assert store.available
    write(store, a=1)
    store.close()
    assert stored(parent / "storage") == {"a": 1}


def test_a_directory_in_the_place_of_the_database_is_tried_again(tmp_path):
    """It is not put aside: it was put there by somebody."""
    (tmp_path / "modeltail.db").mkdir()
    with started(tmp_path) as store:
        assert not store.available
        with pytest.raises(UnavailableError):
            store.reopen()
        (tmp_path / "modeltail.db").rmdir()
        store.reopen()
        write(store, a=1)
    assert stored(tmp_path) == {"a": 1}


def test_a_database_that_could_not_be_read_at_the_start_is_put_aside_later(tmp_path, monkeypatch):
    """What was counted since does not go on from it."""
    with started(tmp_path) as store:
        write(store, a="precious")
    copyfile = shutil.copyfile

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    with read_only(tmp_path):
        monkeypatch.setattr(shutil, "copyfile", refused)
        store = Store(tmp_path, "then")
        monkeypatch.setattr(shutil, "copyfile", copyfile)
        assert (store.available, store.load()) == (False, Loaded())
    store.reopen()
    write(store, a="new")
    store.close()
    assert stored(tmp_path) == {"a": "new"}
    (tmp_path / "aside").mkdir()
    (tmp_path / "modeltail.db.then").rename(tmp_path / "aside" / "modeltail.db")
    assert stored(tmp_path / "aside") == {"a": "precious"}


def test_no_space_at_the_first_start(tmp_path):
    """Nothing can be created; later it can."""
    directory = tmp_path / "small"
    with small_disk(directory) as disk:
        disk.fill()
        with started(directory) as store:
            assert (store.available, store.failures) == (False, 1)
            with pytest.raises(UnavailableError):
                store.reopen()
            disk.free()
            store.reopen()
            write(store, a=1)
        assert stored(directory) == {"a": 1}


def test_a_database_that_was_removed_is_opened_anew(tmp_path):
    """It would take commits that nobody finds again."""
    with started(tmp_path) as store:
        write(store, a=1)
        (tmp_path / "modeltail.db").unlink()
        with pytest.raises(UnavailableError, match="was removed or replaced"):
            write(store, a=2)
        assert not store.available
        (tmp_path / "modeltail.db-wal").unlink(missing_ok=True)
        store.reopen()
        write(store, a=3)
    assert stored(tmp_path) == {"a": 3}


def test_a_database_that_somebody_put_there_is_put_aside(tmp_path):
    """What was counted does not go on from it."""
    (tmp_path / "other").mkdir()
    with opened(tmp_path / "other") as database:
        put(database, a="other")
    with started(tmp_path) as store:
        write(store, a=1)
        (tmp_path / "other" / "modeltail.db").rename(tmp_path / "modeltail.db")
        with pytest.raises(UnavailableError, match="was removed or replaced"):
            write(store, a=2)
        store.reopen()
        write(store, a=3)
    assert stored(tmp_path) == {"a": 3}
    assert (tmp_path / "modeltail.db.then").exists()


def test_a_database_that_breaks_while_it_is_open_is_opened_anew(tmp_path):
    """Damage that SQLite comes across is put aside; what is counted is written in full."""
    with started(tmp_path) as store:
        # More than SQLite keeps in memory.
        write(store, a=Kept(**{f"row {number}": "x" * 5000 for number in range(2000)}))
    with started(tmp_path) as store:
        with (tmp_path / "modeltail.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 9_000_000)
        with pytest.raises(UnavailableError):
            write(store, a=1)
        assert not store.available
        store.reopen()
        write(store, a=2)
    assert (tmp_path / "modeltail.db.then").exists()
    assert stored(tmp_path) == {"a": 2}


def test_a_copy_that_fails_is_told(tmp_path):
    """The database goes on."""
    with started(tmp_path) as store:
        write(store, a=1)
        (tmp_path / "modeltail.db.copy").mkdir()
        with pytest.raises(UnavailableError, match=r"modeltail\.db\.copy"):
            store.copy(now=1.0)
        write(store, a=2)
    assert stored(tmp_path) == {"a": 2}


@pytest.fixture(autouse=True)
def _told(caplog):
    caplog.set_level(logging.INFO)


def test_state_can_be_read_again(tmp_path):
    """By who goes on with it in the same process, as it was committed last."""
    with started(tmp_path) as store:
        store.load()
        write(store, a=Kept(n=1))
        write(store, a=Kept(n=2))
        store.reread()
        loaded = store.load()
        assert (loaded.parts, loaded.positions_only) == ({"a": {"n": 2}}, False)
        assert set(loaded.rows["a"]) == {"", "/n"}
        assert store.available
        store.close()
        with pytest.raises(UnavailableError, match="is not open"):
            store.reread()
