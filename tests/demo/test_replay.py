from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.replay import Message, Replay, read_recording, stamped

DATA = Path(__file__).parents[2] / "demo" / "data"


def write(path, *lines):
    """Write a log and return where it is."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_messages_of_one_second_are_spread_over_it(tmp_path):
    """Order and text stay, times become offsets from the first message."""
    path = write(
        tmp_path / "log",
        "Jan 31 12:00:00 edge1 a: 1",
        "Jan 31 12:00:00 edge1 a: 2",
        "Jan 31 12:00:02 edge1 b: 3",
    )
    assert read_recording(path) == [
        Message(0.0, "edge1 a: 1"),
        Message(0.5, "edge1 a: 2"),
        Message(2.0, "edge1 b: 3"),
    ]


def test_the_year_may_turn(tmp_path):
    """RFC 3164 has no year; from December to January is one second, not a year back."""
    path = write(tmp_path / "log", "Dec 31 23:59:59 edge1 a: 1", "Jan  1 00:00:00 edge1 a: 2")
    assert [message.offset for message in read_recording(path)] == [0.0, 1.0]


def test_a_clock_that_was_set_back_turns_nothing_round(tmp_path):
    """The order in the file is the order of the replay."""
    path = write(
        tmp_path / "log",
        "Jan 31 12:00:10 edge1 a: 1",
        "Jan 31 12:00:20 edge1 a: 2",
        "Jan 31 12:00:12 edge1 a: 3",
        "Jan 31 12:00:25 edge1 a: 4",
    )
    assert [message.offset for message in read_recording(path)] == [0.0, 10.0, 10.0, 15.0]


def test_a_line_without_a_timestamp_is_refused(tmp_path):
    """The message says where."""
    path = write(tmp_path / "log", "Jan 31 12:00:00 edge1 a: 1", "no time")
    with pytest.raises(ValueError, match=r"log, line 2: no timestamp of RFC 3164"):
        read_recording(path)


def test_lines_are_stamped_in_the_traditional_format():
    """Local time, the day padded with a space."""
    now = datetime(2026, 2, 3, 4, 5, 6).astimezone().timestamp()
    assert stamped(Message(0.0, "edge1 a: 1"), now) == b"Feb  3 04:05:06 edge1 a: 1\n"


def test_a_replay_is_in_order_and_now(tmp_path):
    """All of the recording comes, over and over, with the time of its writing."""
    messages = [Message(number / 10, f"edge1 a: {number}") for number in range(5)]
    path = tmp_path / "log"
    replay = Replay(messages, path, speed=20.0)
    began = time.time()
    replay.start()
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_bytes().count(b"\n") >= 10):
        assert time.monotonic() < deadline
    replay.stop()
    lines = path.read_text(encoding="utf-8").splitlines()
    numbers = [int(line.rpartition(" ")[2]) for line in lines]
    assert numbers == [index % 5 for index in range(len(lines))]
    year = datetime.now(UTC).year
    for line in lines:
        moment = datetime.strptime(f"{year} {line[:15]}", "%Y %b %d %H:%M:%S")  # noqa: DTZ007
        assert -1.5 < moment.timestamp() - began < 30


def test_a_replay_takes_the_time_it_should(tmp_path):
    """At twice the speed, half a second of the recording lasts a quarter of a second."""
    path = tmp_path / "log"
    replay = Replay([Message(0.0, "x"), Message(0.5, "y"), Message(60.0, "z")], path, speed=2.0)
    began = time.monotonic()
    replay.start()
    while replay.written < 2:
        assert time.monotonic() < began + 20
    assert time.monotonic() - began >= 0.25
    replay.stop()
    assert replay.written == 2


@pytest.mark.parametrize(("name", "least"), [("train", 2000), ("live", 1500)])
def test_the_bundled_recordings_are_traditional_syslog(name, least):
    """One host, no line in another form, nothing but documentation and private addresses."""
    path = DATA / f"syslog.{name}.log"
    messages = read_recording(path)
    assert len(messages) >= least
    assert {message.text.split(" ")[0] for message in messages} == {"edge1"}
    addresses = set(re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", path.read_text(encoding="utf-8")))
    assert all(
        address.startswith(("127.", "10.20.", "198.51.100.", "255.255.255.255"))
        for address in addresses
    )
