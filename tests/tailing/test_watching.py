from __future__ import annotations

import errno
import logging
import os
import sys
import time

import pytest

from exporter.tailing import watching
from exporter.tailing.watching import POLL_SECONDS, Changes, PollingWaker


@pytest.fixture
def waker():
    """Return a polling waker that is closed afterwards."""
    waker = PollingWaker()
    yield waker
    waker.close()


def waited(waker, seconds: float = 20.0, streams=()) -> float:
    """Return how long a wait took."""
    started = time.monotonic()
    assert waker.wait(seconds, streams) == Changes(everything=True)
    return time.monotonic() - started


def test_polling_waits_for_its_interval(waker):
    """Or for as long as it is told, and then anything may have changed."""
    waker.watch({})
    assert 0.05 <= waited(waker, 0.05) < 10
    assert POLL_SECONDS <= waited(waker) < 10


def test_a_wait_ends_when_woken(waker):
    """The one at hand or, woken between two waits any number of times, the next one."""
    for _ in range(100_000):
        waker.wake()
    assert waited(waker) < POLL_SECONDS
    assert waited(waker) >= POLL_SECONDS


def test_a_wait_ends_when_a_stream_can_be_read(waker):
    """Before the interval is over."""
    reading, writing = os.pipe()
    assert waited(waker, 0.05, [reading]) >= 0.05
    os.write(writing, b"x")
    assert waited(waker, streams=[reading]) < POLL_SECONDS
    os.close(reading)
    os.close(writing)


def test_changes_add_up():
    """And nothing is no change."""
    assert not Changes()
    both = Changes(frozenset({"a"})) | Changes(frozenset({"b"}), names=True)
    assert both == Changes(frozenset({"a", "b"}), everything=False, names=True)
    assert both
    assert Changes(everything=True)
    assert Changes(names=True)


def test_polling_can_be_asked_for():
    """On systems that can do better, too."""
    waker = watching.make("poll", 0.1)
    assert type(waker) is PollingWaker
    waker.close()


def test_other_systems_poll(monkeypatch):
    """There is no inotify."""
    monkeypatch.setattr(sys, "platform", "darwin")
    waker = watching.make("auto", 0.1)
    assert type(waker) is PollingWaker
    waker.close()


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux'")
def test_where_no_inotify_instance_is_left_files_are_polled(monkeypatch, caplog):
    """Other programs of the user may hold all of them; that is told."""
    from exporter.tailing import notifying  # noqa: PLC0415

    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    waker = watching.make("auto", 0.1)
    assert type(waker) is notifying.NotifyingWaker
    waker.close()
    monkeypatch.setattr(notifying, "INotify", refuse)
    with caplog.at_level(logging.WARNING):
        waker = watching.make("auto", 0.1)
    assert type(waker) is PollingWaker
    assert "max_user_instances" in caplog.text
    waker.close()
