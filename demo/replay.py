"""Replays a recorded syslog as if it happened now, faster than it did."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

_TIMESTAMP = len("Jan 31 12:00:00")
_A_LEAP_YEAR = 2024
_YEAR_SECONDS = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Message:
    """A recorded message.

    Attributes
    ----------
    offset
        Seconds after the first message of the recording.
    text
        The line from its host on, without the newline.
    """

    offset: float
    text: str


def read_recording(path: Path) -> list[Message]:
    """Read a file of RFC 3164 lines, in their order.

    Their times have whole seconds; the messages of one second are spread evenly over it, so that
    a replay does not come in bursts.

    Raises
    ------
    ValueError
        A line without a timestamp; the message names file and line.
    """
    seconds: list[float] = []
    texts: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            moment = datetime.strptime(
                f"{_A_LEAP_YEAR} {line[:_TIMESTAMP]}", "%Y %b %d %H:%M:%S"
            ).replace(tzinfo=UTC)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: no timestamp of RFC 3164") from error
        seconds.append(moment.timestamp())
        texts.append(line[_TIMESTAMP + 1 :])
    return [Message(offset, text) for offset, text in zip(_spread(seconds), texts, strict=True)]


def stamped(message: Message, now: float) -> bytes:
    """Return the message as a line written at `now` (Unix seconds), in local time."""
    moment = datetime.fromtimestamp(now, UTC).astimezone()
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S} {message.text}\n".encode()


class Replay(threading.Thread):
    """Appends a recording to a file, over and over, until stopped.

    Parameters
    ----------
    messages
        The recording; not empty.
    path
        The file to append to.
    speed
        Seconds of the recording per second of the replay.
    """

    def __init__(self, messages: Sequence[Message], path: Path, speed: float) -> None:
        super().__init__(name="replay", daemon=True)
        self._messages = messages
        self._path = path
        self._speed = speed
        self._stopped = threading.Event()
        self.written = 0
        """Messages of the present round that are in the file."""

    def run(self) -> None:
        """Write each message when its time has come."""
        with self._path.open("ab", buffering=0) as file:
            while not self._stopped.is_set():
                start = time.monotonic()
                for number, message in enumerate(self._messages, start=1):
                    due = start + message.offset / self._speed
                    if self._stopped.wait(max(due - time.monotonic(), 0.0)):
                        return
                    file.write(stamped(message, time.time()))
                    self.written = number

    def stop(self) -> None:
        """End the replay and wait for its last line."""
        self._stopped.set()
        self.join()


def _spread(seconds: Sequence[float]) -> Iterator[float]:
    """Yield offsets from the first second, never falling, for times in whole seconds."""
    latest = 0.0
    for second, group in groupby(seconds):
        count = len(list(group))
        # Counted round the end of the year; a clock that was set back does not turn time back.
        offset = (second - seconds[0]) % _YEAR_SECONDS
        start = offset if offset < _YEAR_SECONDS / 2 else latest
        for position in range(count):
            latest = max(latest, start + position / count)
            yield latest
