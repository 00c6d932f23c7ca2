"""Where commits run: beside ingestion, or in its thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol


class Worker(Protocol):
    """Runs one job at a time."""

    def ready(self) -> bool:
        """Return whether there is no job under way; raise what the last one raised."""

    def run(self, job: Callable[[], None]) -> None:
        """Begin a job; only when ready."""

    def wait(self) -> None:
        """Wait for the job under way; raise what it raises."""

    def close(self) -> None:
        """Wait for the job under way and end."""


class InThisThread:
    """Runs jobs at once: for reading files once, and for tests."""

    def ready(self) -> bool:
        """Return ``True``: a job is over when it has begun."""
        return True

    def run(self, job: Callable[[], None]) -> None:
        """Run a job."""
        job()

    def wait(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class InBackground:
    """Runs jobs in a thread of its own.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._under_way: Future[None] | None = None

    def ready(self) -> bool:
        """Return whether there is no job under way; raise what the last one raised."""
        if self._under_way is not None:
            if not self._under_way.done():
                return False
            self.wait()
        return True

    def run(self, job: Callable[[], None]) -> None:
        """Begin a job; only when ready."""
        self._under_way = self._executor.submit(job)

    def wait(self) -> None:
        """Wait for the job under way; raise what it raises."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            under_way.result()

    def close(self) -> None:
        """Wait for the job under way and end the thread."""
        self._executor.shutdown(wait=True)
