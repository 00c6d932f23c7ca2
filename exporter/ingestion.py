"""The thread that runs the pipeline, and goes on with another one when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from exporter.errors import UsageError
from exporter.pipeline import Pipeline
from exporter.tailing.watching import Waker

Succession = Callable[[Pipeline], tuple[Pipeline, Waker]]
"""Makes the pipeline that goes on from one that has finished, and what ends its waits."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What to go on with, and where to say that it is done."""

    succession: Succession
    done: Future[None] = field(default_factory=Future)


class Ingestion:
    """The thread that runs the pipeline.

    Parameters
    ----------
    pipeline
        Run and closed by the thread.
    waker
        Ends its waits.

    Attributes
    ----------
    error
        What ended the thread though nobody stopped it.
    """

    def __init__(self, pipeline: Pipeline, waker: Waker) -> None:
        self._pipeline = pipeline
        self._waker = waker
        self._lock = threading.Lock()
        self._stopping = False
        self._closed = False
        self._order: _Order | None = None
        self._thread = threading.Thread(target=self._run, name="ingest")
        self._when_failed: Callable[[], object] = lambda: None
        self.error: BaseException | None = None

    def start(self, when_failed: Callable[[], object]) -> None:
        """Start reading; `when_failed` is called if the thread ends though nobody stopped it."""
        self._when_failed = when_failed
        self._thread.start()

    def replace(self, succession: Succession) -> None:
        """Commit, go on with another pipeline, and wait until that is done; one at a time.

        Parameters
        ----------
        succession
            Called in the thread. If it raises, the pipeline at hand goes on.

        Raises
        ------
        UsageError
            If the exporter is about to end.
        Exception
            What `succession` raises.
        """
        order = _Order(succession)
        with self._lock:
            if self._stopping or self.error is not None:
                raise UsageError("the exporter is about to end")
            self._order = order
            self._waker.wake()
        order.done.result()

    def _run(self) -> None:
        try:
            while True:
                self._pipeline.run(self._waker, self._interrupted)
                with self._lock:
                    order = None if self._stopping else self._order
                if order is None:
                    return
                self._carry_out(order)
        except BaseException as error:  # noqa: BLE001
            # Whatever it is, the main thread raises it again once the server has stopped.
            self.error = error
            self._when_failed()
        finally:
            self._refuse()
            self._pipeline.close()

    def _interrupted(self) -> bool:
        return self._stopping or self._order is not None

    def _carry_out(self, order: _Order) -> None:
        try:
            pipeline, waker = order.succession(self._pipeline)
        except Exception as error:  # noqa: BLE001
            # Who gave the order is told; nothing has changed.
            with self._lock:
                self._order = None
            order.done.set_exception(error)
            return
        with self._lock:
            former, self._waker = self._waker, waker
            self._pipeline, self._order = pipeline, None
        former.close()
        order.done.set_result(None)

    def _refuse(self) -> None:
        """Let nobody wait for what will not come."""
        with self._lock:
            self._stopping = True
            order, self._order = self._order, None
        if order is not None:
            order.done.set_exception(UsageError("the exporter is about to end"))

    def stop(self) -> None:
        """Commit what was read and end; what is done already is not done again."""
        with self._lock:
            self._stopping = True
            if self._closed:
                return
            self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join()
        self._closed = True
        self._waker.close()
