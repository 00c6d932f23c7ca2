from __future__ import annotations

import logging
import threading
import time

import pytest
from watchdog.observers.api import BaseObserver

from exporter.tailing.watching import GATHER_SECONDS, POLL_SECONDS, NotifyingWaker, PollingWaker


@pytest.fixture
def waker():
    """Return a waker that is closed afterwards."""
    waker = NotifyingWaker()
    yield waker
    waker.close()


def waited(waker, seconds: float = 20.0) -> float:
    """Return how long a wait took."""
    started = time.monotonic()
    waker.wait(seconds)
    return time.monotonic() - started


def settle(waker) -> None:
    """Wait until no earlier event is reported any more."""
    while waited(waker, 0.2) < 0.2:
        pass


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.log").open("a").close() or (folder / "a.log").write_text("x"),
        lambda folder: (folder / "new.log").touch(),
        lambda folder: (folder / "a.log").rename(folder / "b.log"),
        lambda folder: (folder / "a.log").unlink(),
    ],
    ids=["append", "create", "rename", "delete"],
)
def test_a_change_in_a_watched_folder_ends_the_wait(tmp_path, waker, change):
    """Long before the time is over."""
    (tmp_path / "a.log").touch()
    waker.watch({str(tmp_path): False})
    settle(waker)
    timer = threading.Timer(0.05, change, [tmp_path])
    timer.start()
    assert waited(waker) < 10
    timer.join()


def test_many_changes_end_few_waits(tmp_path, waker):
    """A file that is written to all the time is read a few times a second."""
    waker.watch({str(tmp_path): False})
    stopped = threading.Event()

    def write() -> None:
        with (tmp_path / "a.log").open("wb", buffering=0) as log:
            while not stopped.wait(0.001):
                log.write(b"line\n")

    writer = threading.Thread(target=write)
    writer.start()
    lasted = sum(waited(waker) for _ in range(5))
    stopped.set()
    writer.join()
    assert 4 * GATHER_SECONDS <= lasted < 10


def test_reading_is_no_change(tmp_path, waker):
    """Or the exporter would wake itself for ever."""
    (tmp_path / "a.log").write_text("x")
    waker.watch({str(tmp_path): False})
    settle(waker)
    (tmp_path / "a.log").read_text()
    list(tmp_path.iterdir())
    assert waited(waker, 0.3) >= 0.3


def test_subfolders_count_where_wanted(tmp_path, waker):
    """Also those that appear later; folders no longer wanted are let go."""
    waker.watch({str(tmp_path): True})
    (tmp_path / "deep").mkdir()
    settle(waker)
    (tmp_path / "deep" / "a.log").touch()
    assert waited(waker) < 10
    waker.watch({})
    settle(waker)
    (tmp_path / "b.log").touch()
    assert waited(waker, 0.3) >= 0.3


def test_a_wait_ends_after_its_time_and_when_woken(waker):
    """Whatever happens in the file system."""
    assert 0.1 <= waited(waker, 0.1) < 10
    waker.wake()
    assert waited(waker) < 10


def test_polls_where_folders_can_not_be_watched(tmp_path, waker, monkeypatch, caplog):
    """Too many watches: told once, and reading late is better than not reading."""

    def refuse(*_, **__):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(BaseObserver, "schedule", refuse)
    with caplog.at_level(logging.WARNING):
        waker.watch({str(tmp_path): False})
        waker.watch({str(tmp_path): True})
    assert len(caplog.records) == 1
    assert "inotify watch limit reached" in caplog.text
    assert POLL_SECONDS <= waited(waker) < 10


def test_polling_waits_for_its_interval_until_it_is_stopped(tmp_path):
    """And returns at once afterwards."""
    waker = PollingWaker()
    waker.watch({str(tmp_path): True})
    assert 0.05 <= waited(waker, 0.05) < 10
    assert POLL_SECONDS <= waited(waker) < 10
    waker.close()
    assert waited(waker) < POLL_SECONDS
