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

    def leave(files):
        # The numbers that would be given out: there may be gaps between those that are taken.
        numbers = [os.dup(0) for _ in range(files + 1)]
        for number in numbers:
            os.close(number)
        limit = numbers[files] + RESERVED
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


def test_a_file_too_many_is_read_in_turn(tmp_path, room):
    """Files that have been quiet are closed for it, and opened again when they change."""
    for number in range(3):
        append(tmp_path / f"{number}.log", f"line {number}\n")
    room(2)
    following = Following(tmp_path / "*.log")
    assert following.poll() == numbered(0, 2)
    for number in range(3):
        append(tmp_path / f"{number}.log", f"line {number + 3}\n")
    assert sorted(following.poll()) == numbered(3, 5)
    assert sum(not file.asleep for file in following.tail.files.values()) == 2
    assert not following.tail.counters.open_errors
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
