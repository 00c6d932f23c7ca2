from __future__ import annotations

import errno
import os
import resource

import pytest

from exporter.tailing.opening import RESERVED, open_file, raise_descriptor_limit
from tests.tailing.following import Following, append, numbered


@pytest.fixture
def room(monkeypatch):
    """Return a function that lets a number of files be opened before the reserve begins."""
    lowest = os.dup(0)
    os.close(lowest)

    def leave(files):
        limit = lowest + files + RESERVED
        monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))

    return leave


def test_the_reserve_is_left_alone(tmp_path, room):
    """The file beyond is refused with EMFILE, and costs no descriptor."""
    path = tmp_path / "app.log"
    path.touch()
    room(1)
    descriptor = open_file(str(path))
    for _ in range(2):
        with pytest.raises(OSError, match="Too many open files") as caught:
            open_file(str(path))
        assert caught.value.errno == errno.EMFILE
    os.close(descriptor)
    os.close(open_file(str(path)))


def test_a_file_too_many_is_counted_and_the_others_are_read(tmp_path, room):
    """It is read once another one is gone."""
    for number in range(3):
        append(tmp_path / f"{number}.log", f"line {number}\n")
    room(2)
    following = Following(tmp_path / "*.log")
    assert following.poll() == numbered(0, 1)
    assert following.tail.counters.open_errors == {"EMFILE": 1}
    assert not following.tail.up
    (tmp_path / "0.log").unlink()
    assert following.wait_out() + following.poll() == numbered(2, 2)
    assert following.tail.up
    following.tail.close()


def test_the_soft_limit_is_raised_to_the_hard_one(monkeypatch):
    """As far as the system grants it; macOS names one that it does not."""
    asked = []

    def grant(_, limits):
        asked.append(limits)
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", grant)
    raise_descriptor_limit()
    assert asked == [(4096, 4096)]
