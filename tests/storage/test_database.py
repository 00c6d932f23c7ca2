from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from exporter.errors import UsageError
from exporter.storage.database import Database
from exporter.storage.encoding import encode


@contextmanager
def opened(directory: Path, stamp: str = "then") -> Iterator[Database]:
    """Open and close a database."""
    database = Database(directory, stamp)
    try:
        yield database
    finally:
        database.close()


def mount(directory: Path) -> bool:
    """Mount a file system of 256 KiB; ``False`` where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(directory)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def fill(path: Path) -> None:
    """Write a file that takes all the space there is."""
    with path.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(b"x" * 4096):
            pass


def stored(directory: Path) -> dict[str, object]:
    """Return what another process finds."""
    with opened(directory) as database:
        return database.load()


def test_what_was_committed_is_there_afterwards(tmp_path):
    """Parts are replaced one by one; the directory is made."""
    directory = tmp_path / "new" / "storage"
    with opened(directory) as database:
        assert database.load() == {}
        parts = {"a": {"n": 1}, "b": [1.5, "x", b"y"]}
        assert database.commit(parts) == sum(len(encode(part)) for part in parts.values())
        database.commit({"a": {"n": 2}})
        assert database.load() == {"a": {"n": 2}, "b": [1.5, "x", b"y"]}
    assert stored(directory) == {"a": {"n": 2}, "b": [1.5, "x", b"y"]}


def test_arrays_come_back(tmp_path):
    """As arrays."""
    with opened(tmp_path) as database:
        database.commit({"a": {"counts": np.arange(5)}})
        assert database.load()["a"]["counts"].tolist() == [0, 1, 2, 3, 4]


def test_a_commit_is_all_or_nothing(tmp_path):
    """A part that can't be encoded keeps the others from being written too."""
    with opened(tmp_path) as database:
        database.commit({"a": 1, "b": 1})
        with pytest.raises(TypeError):
            database.commit({"a": 2, "b": object()})
        assert database.load() == {"a": 1, "b": 1}
        database.commit({"a": 3})
        assert database.load() == {"a": 3, "b": 1}


def test_a_directory_belongs_to_one_process(tmp_path):
    """A second one is told so, and the first goes on."""
    with opened(tmp_path) as database:
        script = (
            "import sys; from pathlib import Path; from exporter.storage.database import Database\n"
            "Database(Path(sys.argv[1]), 'now')"
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
            Database(tmp_path, "now")
        database.commit({"a": 1})
    assert stored(tmp_path) == {"a": 1}


def test_a_corrupt_file_is_put_aside(tmp_path):
    """It is kept under another name, counted, and everything starts afresh."""
    path = tmp_path / "modeltail.db"
    path.write_bytes(b"no database at all" * 100)
    with opened(tmp_path, "20261122T101500") as database:
        assert database.put_aside == 1
        assert database.load() == {}
        database.commit({"a": 1})
    aside = tmp_path / "modeltail.db.20261122T101500"
    assert aside.read_bytes() == b"no database at all" * 100
    assert stored(tmp_path) == {"a": 1}


def test_a_damaged_page_is_noticed(tmp_path):
    """Also when the file still begins like a database."""
    with opened(tmp_path) as database:
        database.commit({f"part {number}": "x" * 500 for number in range(200)})
    path = tmp_path / "modeltail.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with opened(tmp_path) as database:
        assert (database.put_aside, database.load()) == (1, {})


def test_a_newer_schema_is_put_aside(tmp_path):
    """Downgrading costs the counts, not the exporter; the newer file is kept."""
    with opened(tmp_path) as database:
        database.commit({"a": 1})
    with sqlite3.connect(tmp_path / "modeltail.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with opened(tmp_path) as database:
        assert (database.put_aside, database.load()) == (1, {})
    with sqlite3.connect(tmp_path / "modeltail.db.then") as connection:
        assert connection.execute("SELECT part FROM state").fetchall() == [("a",)]
    connection.close()


def test_a_part_that_can_not_be_decoded_is_counted(tmp_path):
    """The others are returned; what to do is for the caller to say."""
    with opened(tmp_path) as database:
        database.commit({"a": 1, "b": 2})
    with sqlite3.connect(tmp_path / "modeltail.db") as connection:
        connection.execute("UPDATE state SET value = x'c1' WHERE part = 'a'")
    connection.close()
    with opened(tmp_path) as database:
        assert (database.load(), database.undecodable) == ({"b": 2}, 1)


@pytest.fixture
def full_disk(tmp_path) -> Iterator[Path]:
    """Return the directory of a database that holds {"a": 1} and can't grow any more."""
    directory = tmp_path / "small"
    directory.mkdir()
    on_its_own = mount(directory)
    with opened(directory) as database:
        database.commit({"a": 1})
    if on_its_own:
        fill(directory / "filler")
        yield directory
        subprocess.run(["umount", "--lazy", directory], check=True)
    else:
        # Without the right to mount: files may not grow beyond a limit.
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, limits[1]))
        yield directory
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_costs_the_commit_and_nothing_else(full_disk):
    """What was there stays, is not put aside at the next start, and writing works again later."""
    for _ in range(2):
        with opened(full_disk) as database:
            assert (database.put_aside, database.load()) == (0, {"a": 1})
            with pytest.raises(sqlite3.Error):
                database.commit({"a": "x" * 400_000})
            assert database.load() == {"a": 1}
    if (full_disk / "filler").exists():
        with opened(full_disk) as database:
            with pytest.raises(sqlite3.Error):
                database.commit({"a": "x" * 400_000})
            (full_disk / "filler").unlink()
            database.commit({"a": 2})
        assert stored(full_disk) == {"a": 2}


def test_a_directory_that_can_not_be_written_to_is_a_usage_error(tmp_path):
    """The message says which and why."""
    directory = tmp_path / "storage"
    directory.mkdir(mode=0o500)
    if os.access(directory, os.W_OK):
        # Permissions do not stop root; this file system does.
        directory = Path("/proc/self/fdinfo")
    with pytest.raises(UsageError, match=rf"{directory}: can't be used for storage: \w+"):
        Database(directory, "now")


def test_a_path_that_is_a_file_is_a_usage_error(tmp_path):
    """Nothing is overwritten."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="file: can't be used for storage"):
        Database(tmp_path / "file", "now")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_database_that_can_not_be_opened_lets_the_directory_go(tmp_path):
    """Whoever mends it can start at once."""
    (tmp_path / "modeltail.db").mkdir()
    with pytest.raises(UsageError, match=r"modeltail\.db: can't be used"):
        Database(tmp_path, "now")
    (tmp_path / "modeltail.db").rmdir()
    assert stored(tmp_path) == {}


WRITER = """
import itertools, sys
from pathlib import Path
from exporter.storage.database import Database
database = Database(Path(sys.argv[1]), "now")
first = database.load().get("a", 0)
for number in itertools.count(first + 1):
    database.commit({"a": number, "b": number, "c": "x" * (number * 7919 % 50_000)})
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
        with opened(tmp_path) as database:
            assert database.put_aside == 0
            state = database.load()
        assert state["a"] == state["b"]
        assert state["a"] in (reported, reported + 1)
        assert len(state["c"]) == state["a"] * 7919 % 50_000
