from __future__ import annotations

import threading
import time

from exporter.dependencies.checker import Checker, Watched
from exporter.dependencies.probing import ProbeError, Seen
from exporter.dependencies.urls import UrlProbe
from tests.dependencies.servers import silent


class Found:
    """A probe that finds something at once, and counts how often."""

    looks = 0

    def look(self):
        self.looks += 1
        return Seen(size=self.looks)


class Hangs:
    """A probe that ends when it is told to, as on a dead file system."""

    def __init__(self):
        self.end = threading.Event()
        self.looks = 0

    def look(self):
        self.looks += 1
        self.end.wait(30)
        return Seen(size=1)


class Fails:
    """A probe that raises."""

    def __init__(self, error):
        self.error = error

    def look(self):
        raise self.error


def gathered(checker, enough):
    """Return results until they are enough."""
    found, deadline = [], time.monotonic() + 20
    while not enough(found):
        assert time.monotonic() < deadline, found
        found += checker.results()
        threading.Event().wait(0.005)
    return found


def make(*watched):
    """Return a checker with the clocks of this machine."""
    return Checker(watched, time.time, time.monotonic)


def test_a_look_that_hangs_fails_in_time_and_delays_no_other():
    """What it finds in the end is thrown away, and only then is it looked at again."""
    hangs, found = Hangs(), Found()
    checker = make(Watched("hangs", hangs, 0.01, 0.05), Watched("found", found, 0.01, 0.05))
    checker.start()
    try:
        first = gathered(
            checker, lambda all_: any(one.name == "hangs" for one in all_) and found.looks > 3
        )
        assert [one.reason for one in first if one.name == "hangs"] == ["timeout"]
        assert {one.reason for one in first if one.name == "found"} == {None}
        assert hangs.looks == 1
        hangs.end.set()
        later = gathered(checker, lambda all_: any(one.name == "hangs" for one in all_))
        assert hangs.looks >= 2
        assert next(one for one in later if one.name == "hangs").reason is None
    finally:
        hangs.end.set()
        checker.stop()


def test_failures_have_their_reason(caplog):
    """What no probe foresees is one as well, with its traceback in the log."""
    checker = make(
        Watched("a", Fails(ProbeError("status", "HTTP status 500")), 60, 5),
        Watched("b", Fails(RuntimeError("a bug")), 60, 5),
    )
    checker.once()
    assert {one.name: one.reason for one in checker.results()} == {
        "a": "status",
        "b": "unreadable",
    }
    assert "dependency a: HTTP status 500 (status)" in caplog.text
    assert "RuntimeError: a bug" in caplog.text


def test_only_the_first_of_a_row_of_failures_is_in_the_log(caplog):
    """And the end of it."""
    caplog.set_level("INFO")
    probe = Fails(ProbeError("not_found", "gone"))
    watched = Watched("a", probe, 60, 5)
    checker = make(watched)
    for _ in range(3):
        checker.once()
    watched.probe = Found()
    checker.once()
    assert caplog.text.count("dependency a") == 2
    assert "dependency a: up again" in caplog.text


def test_looking_once_waits_for_none_longer_than_its_timeout():
    """A silent server, and a hanging file system."""
    hangs = Hangs()
    with silent() as url:
        checker = make(
            Watched("silent", UrlProbe(url, None, 0.1), 60, 0.1), Watched("hangs", hangs, 60, 0.1)
        )
        begun = time.monotonic()
        checker.once()
        taken = time.monotonic() - begun
    hangs.end.set()
    assert taken < 5
    assert {one.name: one.reason for one in checker.results()} == {
        "silent": "timeout",
        "hangs": "timeout",
    }


def test_results_never_wait():
    """Before the first look there are none."""
    assert make(Watched("a", Found(), 60, 5)).results() == []
    checker = make()
    checker.start()
    checker.stop()
