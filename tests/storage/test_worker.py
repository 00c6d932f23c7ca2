from __future__ import annotations

import threading

import pytest

from exporter.storage.worker import InBackground, InThisThread
from tests.commands.exporter_process import wait_until


@pytest.fixture
def background():
    """Return a worker with a thread, which is ended."""
    worker = InBackground("test")
    yield worker
    worker.close()


def test_a_job_in_this_thread_is_over_when_it_has_begun():
    """What it raises is raised."""
    done = []
    worker = InThisThread()
    worker.run(lambda: done.append(threading.current_thread()))
    assert worker.ready()
    assert done == [threading.current_thread()]
    with pytest.raises(ZeroDivisionError):
        worker.run(lambda: 1 / 0)
    worker.wait()
    worker.close()


def test_a_job_in_the_background_does_not_hold_up_this_thread(background):
    """It is under way until it is over."""
    go, done = threading.Event(), []
    assert background.ready()
    background.run(lambda: done.append(go.wait(10) and threading.current_thread().name))
    assert not background.ready()
    assert done == []
    go.set()
    background.wait()
    assert background.ready()
    assert done == ["test_0"]


def test_what_a_job_raises_reaches_this_thread(background):
    """Once, when it asks."""
    background.run(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        background.wait()
    background.run(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wait_until(background.ready)
    assert background.ready()


def test_closing_waits_for_the_job():
    """A commit that was begun is made."""
    go, done = threading.Event(), []
    worker = InBackground("test")
    worker.run(lambda: done.append(go.wait(10)))
    threading.Timer(0.05, go.set).start()
    worker.close()
    assert done == [True]
