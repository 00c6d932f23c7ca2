"""What threads have put into a queue, taken by one that never waits."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")


def drained(queue: SimpleQueue[Item]) -> list[Item]:
    """Take and return all that is in the queue now, the oldest first."""
    found = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found
