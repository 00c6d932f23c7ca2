"""The thread that runs the pipeline: how it fails, goes on with another one, and ends."""

from __future__ import annotations

import threading

import pytest

from exporter.errors import UsageError
from exporter.ingestion import Ingestion
from exporter.tailing.watching import PollingWaker


class WaitingPipeline:
    """Waits until it is stopped."""

    def __init__(self) -> None:
        self.runs = 0
        self.closed = False

    def run(self, waker, stopped):
        self.runs += 1
        while not stopped():
            waker.wait(5.0)

    def close(self):
        self.closed = True


class FailingPipeline(WaitingPipeline):
    """Fails at once."""

    def run(self, waker, stopped):
        raise ZeroDivisionError


@pytest.fixture
def waiting():
    """Return a pipeline that waits, and the thread that runs it."""
    pipeline = WaitingPipeline()
    ingestion = Ingestion(pipeline, PollingWaker())
    ingestion.start(lambda: None)
    yield pipeline, ingestion
    ingestion.stop()


def test_a_failure_ends_the_process():
    """Whoever supervises it starts it again; a server that shows old figures would be worse."""
    pipeline = FailingPipeline()
    failed = threading.Event()
    ingestion = Ingestion(pipeline, PollingWaker())
    ingestion.start(failed.set)
    assert failed.wait(5)
    ingestion.stop()
    assert isinstance(ingestion.error, ZeroDivisionError)
    assert pipeline.closed
    with pytest.raises(UsageError, match="about to end"):
        ingestion.replace(lambda former: (former, PollingWaker()))


def test_another_pipeline_goes_on(waiting):
    """It is made of the one before, in the thread that ran that, and closed at the end."""
    first, ingestion = waiting
    second = WaitingPipeline()
    made = []

    def succeed(former):
        made.append((former, threading.current_thread().name))
        return second, PollingWaker()

    ingestion.replace(succeed)
    assert made == [(first, "ingest")]
    ingestion.stop()
    assert (first.runs, second.runs) == (1, 1)
    assert (first.closed, second.closed) == (False, True)
    assert ingestion.error is None


def test_one_that_can_not_be_made_changes_nothing(waiting):
    """Who asked for it is told, and the pipeline at hand runs on."""
    first, ingestion = waiting

    def fail(_):
        raise UsageError("no")

    with pytest.raises(UsageError, match=r"^no$"):
        ingestion.replace(fail)
    ingestion.stop()
    assert first.runs == 2
    assert first.closed


def test_nothing_is_begun_at_the_end(waiting):
    """A stop has precedence over what was asked for."""
    _, ingestion = waiting
    ingestion.stop()
    with pytest.raises(UsageError, match="about to end"):
        ingestion.replace(lambda former: (former, PollingWaker()))
