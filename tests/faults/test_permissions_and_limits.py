"""What the operating system may refuse: files, folders, descriptors, watches, and time to run.

The exporter runs as somebody to whom permissions apply, in a folder of its own.
"""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.commands import exporter_process
from tests.commands.exporter_process import ExporterProcess, configure, running, wait_until
from tests.faults.counted import Written, counted, wait_until_counted

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
WITH_FEW_WATCHES = (
    *("unshare", "--user", "--map-root-user", "sh", "-c"),
    'echo 2 > /proc/sys/user/max_inotify_watches && exec "$@"',
    "sh",
)
WITHOUT_INOTIFY = (
    *WITH_FEW_WATCHES[:-2],
    'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"',
    "sh",
)
DESCRIPTORS = 100
WITH_FEW_DESCRIPTORS = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")


@pytest.fixture
def folder():
    """Return a folder that the exporter may read and write, whoever it runs as."""
    path = Path(tempfile.mkdtemp(prefix="modeltail-"))
    (path / "logs").mkdir()
    path.chmod(0o777)
    yield path
    (path / "logs").chmod(0o755)
    shutil.rmtree(path)


@pytest.fixture
def started(folder, monkeypatch):
    """Return a function that runs the exporter behind another command."""

    @contextmanager
    def start(prefix: Sequence[str], paths: str = "logs/app.log*") -> Iterator[ExporterProcess]:
        monkeypatch.setattr(exporter_process, "COMMAND", [*prefix, *exporter_process.COMMAND])
        models = [{"name": "bot", "paths": [str(folder / paths)]}]
        config = configure(folder, rotate_wait="1s", publish_interval="200ms", models=models)
        with running(config) as exporter:
            yield exporter

    return start


def unprivileged() -> Sequence[str]:
    """Return what runs a command as somebody who may not read everything."""
    return AS_NOBODY if os.geteuid() == 0 else ()


def wait_until_shown(exporter: ExporterProcess, *series: str, value: float) -> None:
    """Wait until a series has a value."""
    wait_until(lambda: exporter.scrape().get(series) == value)


def let_pass(exporter: ExporterProcess, seconds: float) -> None:
    """Let the exporter run on, for longer than a rotated file is waited for."""
    series = ("modeltail_snapshot_timestamp_seconds",)
    begun = exporter.scrape()[series]
    wait_until(lambda: exporter.scrape()[series] > begun + seconds)


def test_a_file_that_may_not_be_read_after_the_rotation(folder, started):
    """It is read once it may be; the old one is read on all the while."""
    log, written = folder / "logs" / "app.log", Written()
    written.append(log, 5)
    with started(unprivileged(), "logs/app.log") as exporter, log.open("ab", buffering=0) as old:
        wait_until_counted(exporter, "bot", written)
        log.rename(log.with_name("old"))
        old.write(written.text(3))
        wait_until_counted(exporter, "bot", written)
        log.touch(mode=0o000)
        wait_until_shown(exporter, "modeltail_source_up", "bot", value=0)
        wait_until_shown(exporter, "modeltail_open_errors_total", "EACCES", "bot", value=1)
        log.chmod(0o200)
        written.append(log, 4)
        log.chmod(0o644)
        wait_until_counted(exporter, "bot", written)
        wait_until_shown(exporter, "modeltail_source_up", "bot", value=1)
        assert exporter.scrape()["modeltail_open_errors_total", "EACCES", "bot"] == 1


def test_a_folder_that_may_not_be_entered_for_a_while(folder, started):
    """Its files have not gone: half a line stays half a line, and rotation goes unnoticed."""
    logs, written = folder / "logs", Written()
    log = logs / "app.log"
    written.append(log, 5)
    with started(unprivileged()) as exporter, log.open("ab", buffering=0) as file:
        wait_until_counted(exporter, "bot", written)
        assert psutil.Process(exporter.pid).uids().effective != 0
        line = written.text(1)
        file.write(line[:15])
        logs.chmod(0o000)
        wait_until_shown(exporter, "modeltail_source_up", "bot", value=0)
        let_pass(exporter, 2.5)
        file.write(line[15:])
        logs.chmod(0o755)
        wait_until_counted(exporter, "bot", written)
        written.append(log, 5)
        wait_until_counted(exporter, "bot", written)
        wait_until_shown(exporter, "modeltail_source_up", "bot", value=1)


def test_more_files_than_descriptors(folder, started):
    """All are read, those that were closed too when they grow, and scrapes are answered."""
    logs, written = folder / "logs", Written()
    paths = [logs / f"app.log.{number:03}" for number in range(3 * DESCRIPTORS)]
    for path in paths:
        written.append(path, 2)
    with started(WITH_FEW_DESCRIPTORS) as exporter:
        process = psutil.Process(exporter.pid)
        assert process.rlimit(psutil.RLIMIT_NOFILE) == (DESCRIPTORS, DESCRIPTORS)
        wait_until_counted(exporter, "bot", written)
        for some in (paths[::2], paths[1::2], paths):
            for path in some:
                written.append(path, 1)
            wait_until_counted(exporter, "bot", written)
        for path in paths[:10]:
            path.rename(path.with_name(f"{path.name}.old"))
            written.append(path, 3)
        wait_until_counted(exporter, "bot", written)
        assert exporter.scrape()["modeltail_bytes_abandoned_total", "bot"] == 0


@pytest.mark.parametrize("prefix", [WITH_FEW_WATCHES, WITHOUT_INOTIFY], ids=["watches", "inotify"])
def test_the_operating_system_watches_no_more_folders(folder, started, prefix):
    """They are looked at in turn instead."""
    written = Written()
    logs = [folder / "logs" / str(number) / "app.log" for number in range(6)]
    for log in logs[:4]:
        log.parent.mkdir()
        written.append(log, 3)
    with started(prefix, "logs/**/app.log*") as exporter:
        wait_until_counted(exporter, "bot", written)
        assert "looking every 0.25 s instead" in exporter.log.read_text()
        for log in logs[4:]:
            log.parent.mkdir()
        for log in logs:
            written.append(log, 3)
            wait_until_counted(exporter, "bot", written)
        for log in logs:
            log.rename(log.with_name("app.log.1"))
            written.append(log, 2)
        wait_until_counted(exporter, "bot", written)


def test_stopped_while_its_logs_rotate(folder, started):
    """SIGSTOP, and everything that can happen to a log before SIGCONT."""
    logs, written = folder / "logs", Written()
    log = logs / "app.log"
    written.append(log, 50)
    with started(()) as exporter, log.open("ab", buffering=0) as file:
        wait_until_counted(exporter, "bot", written)
        os.kill(exporter.pid, signal.SIGSTOP)
        file.write(written.text(5))
        log.rename(logs / "app.log.1")
        file.write(written.text(5))
        written.append(log, 7)
        packed = gzip.compress(log.read_bytes())
        log.unlink()
        (logs / "app.log.2.gz").write_bytes(packed)
        written.append(log, 9)
        shutil.copyfile(log, logs / "app.log.3")
        os.truncate(log, 0)
        written.append(log, 11)
        log.rename(logs / "app.log.4")
        written.append(log, 13)
        os.kill(exporter.pid, signal.SIGCONT)
        wait_until_counted(exporter, "bot", written)
        let_pass(exporter, 2.5)
        assert counted(exporter)["bot"] == (written.lines, written.classes)
