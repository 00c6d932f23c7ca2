from __future__ import annotations

import logging
import threading
from itertools import count

from exporter.errors import UsageError
from exporter.registry.looker import Look, Looker


def failing(*outcomes):
    """Return a function that returns or raises one after the other, and then the last one."""
    left = list(outcomes)

    def read():
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return read


def test_each_look_is_told_once():
    """With its time."""
    times = count(5.0)
    looker = Looker(failing({"bot": ()}), 1.0, lambda: next(times))
    looker.once()
    looker.once()
    assert looker.results() == [Look(5.0, {"bot": ()}), Look(6.0, {"bot": ()})]
    assert looker.results() == []


def test_a_look_that_fails_is_one_line_of_the_log(caplog):
    """The first of a row, and one when it is over; what nobody foresaw has its traceback."""
    looker = Looker(failing(UsageError("f: gone"), UsageError("f: gone"), {}), 1.0, lambda: 1.0)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            looker.once()
    assert looker.results() == [Look(1.0, None), Look(1.0, None), Look(1.0, {})]
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("WARNING", "registry: f: gone"), ("INFO", "registry: it can be read again"),
    ]  # fmt: skip
    caplog.clear()
    Looker(failing(ZeroDivisionError("odd")), 1.0, lambda: 1.0).once()
    assert caplog.records[0].exc_info is not None


def test_looks_go_on_until_they_are_stopped():
    """Also after one that failed."""
    seen = threading.Semaphore(0)

    def read():
        seen.release()
        raise ValueError("odd")

    looker = Looker(read, 0.001, lambda: 1.0)
    looker.start()
    assert all(seen.acquire(timeout=30) for _ in range(3))
    looker.stop()


def test_without_a_registry_nothing_happens():
    """No thread, no look."""
    before = threading.active_count()
    looker = Looker(None, 1.0, lambda: 1.0)
    looker.start()
    looker.once()
    assert looker.results() == []
    assert threading.active_count() == before
