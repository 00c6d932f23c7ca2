"""A disk without space costs nothing but durability, and that only for as long as it is full."""

from __future__ import annotations

import signal
import time

import pytest
import requests

from tests.commands.exporter_process import ExporterProcess, configure, running, wait_until
from tests.faults.logging_service import Truth, differences
from tests.faults.numbered_lines import NumberedLines, total, value
from tests.faults.observer import Observer
from tests.faults.private_disk import PrivateDisk, private_disk

FAILURES = "modeltail_checkpoint_failures_total"
STORED_AT = "modeltail_checkpoint_timestamp_seconds"
ALERTED_AT = 3
"""ModeltailCheckpointFailing fires on so many failures in a quarter of an hour."""


@pytest.fixture
def disk(tmp_path):
    """Mount a small disk where the storage is."""
    with private_disk(tmp_path / "storage") as mounted:
        yield mounted


@pytest.fixture
def config(tmp_path):
    """Commit often."""
    return configure(tmp_path, publish_interval="200ms")


def expect(exporter: ExporterProcess, observer: Observer, truth: Truth) -> None:
    """Wait until all was read; all counters are the truth then."""
    wait_until(lambda: observer.scrape(exporter)["modeltail_lines_total", "bot"] >= truth.lines)
    assert differences(truth, observer.scrape(exporter)) == {}


def fail(
    exporter: ExporterProcess, observer: Observer, disk: PrivateDisk, lines: NumberedLines
) -> Truth:
    """Fill the disk and write on until commits fail; return what was written meanwhile."""
    disk.fill()
    written = []

    def failing() -> bool:
        # More classes need more space: overwriting what is there may go well for long.
        written.append(lines.write(50, classes=40))
        return observer.scrape(exporter)[FAILURES,] >= ALERTED_AT

    wait_until(failing)
    return total(*written)


def test_the_exporter_goes_on_and_recovers(tmp_path, disk, config):
    """It shows what it reads, counts failures as the alert needs it, and then stores it all."""
    lines = NumberedLines(tmp_path / "app.log")
    observer = Observer()
    with running(config, disk.within) as exporter:
        written = lines.write(500)
        expect(exporter, observer, written)
        assert value(exporter, FAILURES) == 0

        written = total(written, fail(exporter, observer, disk, lines))
        stored_at = value(exporter, STORED_AT)
        written = total(written, lines.write(100))
        expect(exporter, observer, written)
        assert value(exporter, STORED_AT) == stored_at

        disk.free()
        freed_at = time.time()
        wait_until(lambda: value(exporter, STORED_AT) > freed_at)
        expect(exporter, observer, written)
        assert exporter.send(signal.SIGKILL) == -signal.SIGKILL
    # What it shows now can't come from the log.
    lines.path.unlink()
    with running(config, disk.within) as exporter:
        expect(exporter, observer, written)
        assert value(exporter, FAILURES) == 0
    assert observer.fell == []
    assert observer.unbalanced == []


def test_killed_while_the_disk_is_full(tmp_path, disk, config):
    """It starts on the full disk, and reads again what it could not store: once, not twice."""
    lines = NumberedLines(tmp_path / "app.log")
    observer = Observer()
    with running(config, disk.within) as exporter:
        written = lines.write(500)
        expect(exporter, observer, written)
        written = total(written, fail(exporter, observer, disk, lines))
        assert exporter.send(signal.SIGKILL) == -signal.SIGKILL
    # Counters fall to the last commit, as documented: this is another observer.
    observer = Observer()
    with running(config, disk.within) as exporter:
        expect(exporter, observer, written)
        disk.free()
        # A clean end tries once more.
        assert exporter.send(signal.SIGTERM) == 0
    lines.path.unlink()
    with running(config, disk.within) as exporter:
        expect(exporter, observer, written)
    assert observer.fell == []
    assert observer.unbalanced == []


def test_started_on_a_full_disk(tmp_path, disk, config):
    """Where nothing was ever stored; what is read is stored at the end, if there is space then."""
    disk.fill()
    lines = NumberedLines(tmp_path / "app.log")
    written = lines.write(500)
    observer = Observer()
    with running(config, disk.within) as exporter:
        expect(exporter, observer, written)
        assert value(exporter, FAILURES) >= 1
        disk.free()
        assert exporter.send(signal.SIGTERM) == 0
    lines.path.unlink()
    with running(config, disk.within) as exporter:
        expect(exporter, observer, written)
    assert observer.fell == []
    assert observer.unbalanced == []


def test_a_reload_waits_until_state_can_be_stored(tmp_path, disk, config):
    """What was counted since the last commit would be lost: it is refused, and all goes on."""
    lines = NumberedLines(tmp_path / "app.log")
    observer = Observer()
    with running(config, disk.within) as exporter:
        written = total(lines.write(500), fail(exporter, observer, disk, lines))
        refused = requests.post(f"{exporter.url}/-/reload", timeout=20)
        assert refused.status_code == 500
        assert "state can't be stored at the moment" in refused.text
        written = total(written, lines.write(100))
        expect(exporter, observer, written)
        disk.free()
        wait_until(lambda: requests.post(f"{exporter.url}/-/reload", timeout=20).status_code == 200)
        expect(exporter, observer, total(written, lines.write(100)))
        assert observer.fell == []
