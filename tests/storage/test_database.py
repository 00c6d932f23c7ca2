from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exporter.storage.database import UnusableError, verify
from exporter.storage.encoding import encode
from exporter.storage.ledger import Ledger
from tests.storage.disks import small_disk
from tests.storage.kept import Kept, opened, put, restored

STATE = {"a": {"n": 2, "rows": {"x": 1, "y": [1.5, "x", b"y"]}}}


def stored(directory: Path) -> dict:
    """Return what a directory's database holds."""
    with opened(directory) as database:
        return restored(database.read())


def test_state_comes_back_after_closing(tmp_path):
    """Rows as the map they stand for; arrays as arrays."""
    with opened(tmp_path) as database:
        assert database.read() == {}
        put(database, a={"n": 2, "rows": Kept(x=1, y=[1.5, "x", b"y"])}, b=np.arange(3))
    found = stored(tmp_path)
    assert found.pop("b").tolist() == [0, 1, 2]
    assert found == STATE


def test_only_the_owner_may_read_it(tmp_path):
    """Nor the copy: the beginning of each log is in them. A file that is there keeps its mode."""
    with opened(tmp_path) as database:
        database.copy(tmp_path / "copy", 5.0)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("modeltail.db", "modeltail.db-wal", "copy"), 0o600)
    path = tmp_path / "modeltail.db"
    path.chmod(0o640)
    with opened(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_commit_writes_what_changed(tmp_path):
    """And says how much that was."""
    ledger, rows = Ledger(), Kept(x=b"x" * 100, y=b"y" * 100)
    with opened(tmp_path) as database:
        staged = ledger.stage({"a": rows})
        assert database.commit(staged) > 200
        ledger.settle(staged)
        rows.set(y=b"z" * 50).drop("x")
        assert 50 < database.commit(ledger.stage({"a": rows})) < 60
    assert stored(tmp_path) == {"a": {"y": b"z" * 50}}


def test_a_part_can_be_written_anew(tmp_path):
    """Whatever was there of it; other parts stay."""
    with opened(tmp_path) as database:
        put(database, a=Kept(x=1), b=1)
        put(database, a=Kept(y=1))
    assert stored(tmp_path) == {"a": {"y": 1}, "b": 1}


def test_what_is_no_database_can_not_be_used(tmp_path):
    """It is left as it is."""
    content = b"no database at all" * 100
    (tmp_path / "modeltail.db").write_bytes(content)
    with pytest.raises(UnusableError), opened(tmp_path):
        pass
    assert (tmp_path / "modeltail.db").read_bytes() == content


def test_a_damaged_page_is_noticed(tmp_path):
    """Also when the file still begins like a database."""
    with opened(tmp_path) as database:
        put(database, a=Kept(**{f"row {number}": "x" * 500 for number in range(200)}))
    with (tmp_path / "modeltail.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(UnusableError), opened(tmp_path):
        pass


def test_a_single_flipped_bit_is_noticed_wherever_it_is(tmp_path):
    """In a value too, where the database itself does not look: it would be counted."""
    with opened(tmp_path) as database:
        put(database, a=Kept(**{f"row {number}": "x" * 300 for number in range(20)}))
    path = tmp_path / "modeltail.db"
    whole = path.read_bytes()
    values = [place for place in range(len(whole)) if whole[place : place + 300] == b"x" * 300]
    assert len(values) == 20
    for place in values:
        path.write_bytes(whole[:place] + b"y" + whole[place + 1 :])
        with opened(tmp_path) as database, pytest.raises(UnusableError, match="damaged: a/row"):
            database.read()


def test_a_newer_schema_can_not_be_used(tmp_path):
    """It is left as it is."""
    with opened(tmp_path) as database:
        put(database, a=1)
    with sqlite3.connect(tmp_path / "modeltail.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UnusableError, match="another version"), opened(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "modeltail.db") as connection:
        assert connection.execute("SELECT part FROM state").fetchall() == [("a",)]
    connection.close()


def version_1(path: Path, **parts: bytes) -> None:
    """Write a database as it was before rows."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS state (part TEXT PRIMARY KEY, value BLOB NOT NULL)"
        )
        connection.execute("PRAGMA user_version = 1")
        connection.executemany("INSERT INTO state VALUES (?, ?)", parts.items())
    connection.close()


def test_version_1_is_brought_to_version_3(tmp_path):
    """Each part is one row at first; what it holds stays."""
    version_1(tmp_path / "modeltail.db", a=encode({"n": 1}), b=encode([1]))
    for _ in range(2):
        assert stored(tmp_path) == {"a": {"n": 1}, "b": [1]}
    with sqlite3.connect(tmp_path / "modeltail.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert tables.fetchall() == [("state",), ("archive",)]
    connection.close()


def test_a_full_disk_costs_the_commit_and_nothing_else(tmp_path):
    """What was there stays, and writing works again when there is space."""
    directory = tmp_path / "small"
    with small_disk(directory) as disk:
        with opened(directory) as database:
            put(database, a=1)
            disk.fill()
            for _ in range(2):
                with pytest.raises(sqlite3.Error):
                    put(database, a="x" * 400_000)
                assert restored(database.read()) == {"a": 1}
        with opened(directory) as database:
            assert restored(database.read()) == {"a": 1}
            with pytest.raises(sqlite3.Error):
                put(database, a="x" * 400_000)
            disk.free()
            put(database, a=2)
        assert stored(directory) == {"a": 2}


def test_a_copy_is_verified_and_holds_the_same(tmp_path):
    """It replaces the one before, and nothing unfinished is left."""
    copy = tmp_path / "modeltail.db.copy"
    with opened(tmp_path) as database:
        for number in (1, 2):
            put(database, a=Kept(x=number))
            database.copy(copy, now=1000.0 + number)
            assert restored(verify(copy)) == {"a": {"x": number}}
            assert copy.stat().st_mtime == 1000.0 + number
        put(database, a=Kept(x=3))
        assert restored(verify(copy)) == {"a": {"x": 2}}
    assert {path.name for path in tmp_path.iterdir()} == {"modeltail.db", "modeltail.db.copy"}


def test_a_copy_that_fails_leaves_the_one_before(tmp_path):
    """For lack of space, say."""
    directory = tmp_path / "small"
    with small_disk(directory, kibibytes=512) as disk, opened(directory) as database:
        copy = directory / "modeltail.db.copy"
        put(database, a=b"1" * 50_000)
        database.copy(copy, now=1000.0)
        put(database, a=b"2" * 60_000)
        disk.fill()
        with pytest.raises((sqlite3.Error, OSError)):
            database.copy(copy, now=2000.0)
        assert restored(verify(copy)) == {"a": b"1" * 50_000}
        assert not copy.with_name("modeltail.db.copy.tmp").exists()


@pytest.mark.parametrize("damage", ["none", "garbage", "newer", "flipped"])
def test_a_copy_that_can_not_be_used_says_so(tmp_path, damage):
    """And is not changed by being looked at."""
    copy = tmp_path / "copy"
    with opened(tmp_path) as database:
        put(database, a=b"x" * 300)
        database.copy(copy, now=0.0)
    if damage == "none":
        copy.unlink()
    elif damage == "garbage":
        copy.write_bytes(b"garbage" * 999)
    elif damage == "newer":
        with sqlite3.connect(copy) as connection:
            connection.execute("PRAGMA user_version = 4")
        connection.close()
    else:
        copy.write_bytes(copy.read_bytes().replace(b"xxx", b"xyx", 1))
    before = copy.read_bytes() if damage != "none" else None
    with pytest.raises(UnusableError):
        verify(copy)
    assert (copy.read_bytes() if copy.exists() else None) == before


def test_a_log_that_was_cut_short_goes_back_to_an_earlier_commit(tmp_path):
    """As when the power failed: what is there belongs together."""
    with opened(tmp_path) as database:
        for number in range(20):
            put(database, a={"n": number, "x": "x" * 5000}, b=number)
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"modeltail.db{suffix}", tmp_path / f"whole{suffix}")
    log = (tmp_path / "whole-wal").read_bytes()
    seen = set()
    for length in range(0, len(log), 1500):
        cut = tmp_path / str(length)
        cut.mkdir()
        shutil.copy(tmp_path / "whole", cut / "modeltail.db")
        (cut / "modeltail.db-wal").write_bytes(log[:length])
        state = stored(cut)
        assert (state["a"]["n"] if state else None) == (state["b"] if state else None)
        seen.add(state.get("b", -1))
    assert len(seen) > 10


WRITER = """
import itertools, sys
from pathlib import Path
from tests.storage.kept import Kept, opened, put, restored
with opened(Path(sys.argv[1])) as database:
    first = restored(database.read()).get("a", 0)
    for number in itertools.count(first + 1):
        text = "x" * (number * 7919 % 50_000)
        put(database, a=number, b=Kept(n=number), c=text)
        print(number, flush=True)
"""


def test_killed_in_the_middle_of_commits(tmp_path):
    """What is there belongs together, and holds at least what was reported as committed."""
    for delay in (1, 7, 23, 40):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(delay):
            reported = int(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().split()
        writer.stdout.close()
        writer.wait()
        reported = int(rest[-1]) if rest else reported
        state = stored(tmp_path)
        assert state["a"] == state["b"]["n"]
        assert state["a"] in (reported, reported + 1)
        assert len(state["c"]) == state["a"] * 7919 % 50_000


def test_whether_the_path_leads_to_the_open_file(tmp_path):
    """A database that somebody removed takes commits that nobody will find."""
    path = tmp_path / "modeltail.db"
    with opened(tmp_path) as database:
        assert not database.replaced
        path.rename(tmp_path / "elsewhere")
        assert database.replaced
        with opened(tmp_path):
            assert database.replaced
