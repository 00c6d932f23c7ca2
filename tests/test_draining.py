from __future__ import annotations

from queue import SimpleQueue

from exporter.draining import drained


def test_all_is_taken_once_and_in_order():
    """An empty queue gives nothing, and nobody waits."""
    queue: SimpleQueue[int] = SimpleQueue()
    assert drained(queue) == []
    for number in range(3):
        queue.put(number)
    assert drained(queue) == [0, 1, 2]
    assert drained(queue) == []
