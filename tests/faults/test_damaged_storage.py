"""Whatever becomes of the database, the exporter starts, and no line counts twice."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.exporter_process import configure, running, wait_until
from tests.faults.logging_service import Truth, differences
from tests.faults.numbered_lines import NumberedLines, total, value
from tests.faults.observer import Observer

FAILURES = "modeltail_checkpoint_failures_total"
COPIED_AT = "modeltail_checkpoint_copy_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class Site:
    """A log, and two states of the storage that was made of it.

    Attributes
    ----------
    stopped, killed
        Directories as they were left after a clean end, and after a kill before it.
    content
        Of the log then.
    copied, later
        What was written before the copy of the database was made, and after it.
    """

    config: Path
    storage: Path
    stopped: Path
    killed: Path
    lines: NumberedLines
    content: bytes
    copied: Truth
    later: Truth


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Run until there is a copy, and then on; each test goes on from there."""
    tmp_path = tmp_path_factory.mktemp("damaged")
    config = configure(tmp_path, publish_interval="200ms")
    storage = tmp_path / "storage"
    lines = NumberedLines(tmp_path / "app.log")
    copied = lines.write(300)
    with running(config) as exporter:
        wait_until(lambda: exporter.lines() == 300 and value(exporter, COPIED_AT) > 0)
        later = lines.write(200)
        wait_until(lambda: exporter.lines() == 500)
        assert exporter.send(signal.SIGKILL) == -signal.SIGKILL
    killed = shutil.copytree(storage, tmp_path / "killed")
    with running(config) as exporter:
        wait_until(lambda: exporter.lines() == 500)
        assert exporter.send(signal.SIGTERM) == 0
    stopped = shutil.copytree(storage, tmp_path / "stopped")
    return Site(config, storage, stopped, killed, lines, lines.path.read_bytes(), copied, later)


def overwrite(offset: int, data: bytes) -> Callable[[Path], None]:
    """Return what writes into a database."""

    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    return damage


def of_a_newer_version(path: Path) -> None:
    """Say so in it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1000")
    connection.close()


def flip(path: Path) -> None:
    """Change a single digit of what is stored, as no database can notice."""
    data = bytearray(path.read_bytes())
    data[data.rindex(b"parsed") + 6] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    """Leave half of it."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def start_with(site: Site, storage: Path) -> Path:
    """Put a storage directory and the log in place, and return the database."""
    site.lines.path.write_bytes(site.content)
    shutil.rmtree(site.storage)
    shutil.copytree(storage, site.storage)
    return site.storage / "modeltail.db"


def expect(site: Site, truth: Truth, *, failures: int) -> None:
    """Start, and expect these lines to be counted and those that follow."""
    observer = Observer()
    with running(site.config) as exporter:
        wait_until(
            lambda: observer.scrape(exporter).get(("modeltail_lines_total", "bot")) == truth.lines
        )
        assert differences(truth, observer.scrape(exporter)) == {}
        assert value(exporter, FAILURES) == failures
        truth = total(truth, site.lines.write(50))
        wait_until(lambda: observer.scrape(exporter)["modeltail_lines_total", "bot"] >= truth.lines)
        assert differences(truth, observer.scrape(exporter)) == {}
        assert value(exporter, FAILURES) == failures
    assert observer.fell == []
    assert observer.unbalanced == []


DAMAGES = {
    "garbage at its beginning": overwrite(0, b"no database" * 10),
    "garbage within": overwrite(4096, b"\xff" * 4096),
    "cut short": cut,
    "a flipped bit": flip,
    "a newer version": of_a_newer_version,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_files_are_read_on_from_the_copy(site, damage):
    """Counters start at 0; lines read before the copy don't count again, later ones do once."""
    database = start_with(site, site.stopped)
    DAMAGES[damage](database)
    damaged = database.read_bytes()
    expect(site, site.later, failures=1)
    aside = [path for path in site.storage.glob("modeltail.db.2*") if path.suffix != ".copy"]
    assert [path.read_bytes() for path in aside] == [damaged]


def test_without_a_copy_the_files_are_read_anew(site):
    """Each line counts once, from 0."""
    database = start_with(site, site.stopped)
    DAMAGES["cut short"](database)
    database.with_name("modeltail.db.copy").write_bytes(b"damaged too")
    expect(site, total(site.copied, site.later), failures=1)
    # What was counted since is in the new one.
    site.lines.path.write_bytes(b"")
    with running(site.config) as exporter:
        assert exporter.lines() == 550
        assert value(exporter, FAILURES) == 0


def test_a_database_that_was_removed_begins_afresh(site):
    """Somebody wanted that."""
    start_with(site, site.stopped).unlink()
    expect(site, total(site.copied, site.later), failures=0)


def test_a_damaged_log_of_the_database_costs_nothing(site):
    """It goes back to an earlier commit, whose offsets belong to its counts."""
    database = start_with(site, site.killed)
    log = database.with_name("modeltail.db-wal")
    size = log.stat().st_size
    overwrite(size // 2, b"\0" * (size // 2))(log)
    expect(site, total(site.copied, site.later), failures=0)
