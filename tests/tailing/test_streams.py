from __future__ import annotations

import errno
import fcntl
import logging
import os
import sys
import threading

import pytest

from exporter.tailing.discovery import discover
from exporter.tailing.streams import STDIN_NAME, Streams
from exporter.tailing.tail import Tail

LIMIT = 1 << 20


class Reading:
    """Reads the streams among some paths, one of which may be standard input."""

    def __init__(self, *paths, wait=False) -> None:
        self.paths = [str(path) for path in paths]
        self.stdin, self.writer = os.pipe()
        self.streams = Streams(self.paths, wait=wait, stdin=self.stdin)
        self.errors: dict[str, str] = {}

    def look(self) -> None:
        self.errors = self.streams.look(discover(self.paths).fifos)

    def read(self, limit: int = LIMIT) -> list[bytes]:
        """Look, read a turn and return the lines."""
        self.look()
        return [line for piece in self.streams.read(limit) for line in piece.lines]

    def write(self, data: bytes) -> None:
        """Write to standard input."""
        os.write(self.writer, data)

    def end(self) -> None:
        """Close the writing end of standard input."""
        os.close(self.writer)
        self.writer = -1

    def close(self) -> None:
        self.streams.close()
        os.close(self.stdin)
        if self.writer >= 0:
            os.close(self.writer)


@pytest.fixture
def reading():
    """Return a maker of readings that are closed afterwards."""
    made = []

    def make(*paths, **options):
        made.append(Reading(*paths, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def fifo(tmp_path):
    """Return the path of a FIFO."""
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


def test_standard_input_is_read_as_it_comes(reading):
    """Without waiting; a line counts when its end has come."""
    stdin = reading("-")
    assert stdin.read() == []
    stdin.write(b"one\ntw")
    assert stdin.read() == [b"one"]
    assert stdin.streams.positions == {STDIN_NAME: (4, 6)}
    stdin.write(b"o\r\n")
    assert stdin.read() == [b"two"]
    assert stdin.streams.up


def test_the_last_line_of_standard_input_counts_without_a_line_end(reading, caplog):
    """Its end is told; nothing waits for it any more, and there is nothing left to read."""
    stdin = reading("-")
    stdin.write(b"one\ntwo")
    stdin.end()
    with caplog.at_level(logging.INFO):
        assert stdin.read() == [b"one", b"two"]
        assert stdin.read() == []
    assert [record.getMessage() for record in caplog.records] == ["<stdin> has ended"]
    assert stdin.streams.descriptors == []
    assert not stdin.streams.up
    assert os.fstat(stdin.stdin), "it is not ours to close"


def test_no_more_is_read_in_a_turn_than_asked_for(reading):
    """Lines are numbered on."""
    stdin = reading("-")
    stdin.write(b"1\n2\n3\n4\n")
    stdin.look()
    unread, pieces = [], []
    for _ in range(3):
        pieces += stdin.streams.read(4)
        unread.append(stdin.streams.unread)
        sizes = stdin.streams.positions[STDIN_NAME]
    assert unread == [4, 0, 0]
    assert sizes == (8, 8)
    assert [(piece.first_line, list(piece.lines)) for piece in pieces] == [
        (1, [b"1", b"2"]),
        (3, [b"3", b"4"]),
    ]


def test_a_line_that_is_too_long_is_counted(reading):
    """As in a file."""
    stdin = reading("-")
    writer = threading.Thread(target=stdin.write, args=[b"x" * (1 << 21) + b"\nnext\n"])
    writer.start()
    lines, too_long = [], 0
    stdin.look()
    while not lines:
        for piece in stdin.streams.read(LIMIT):
            lines += piece.lines
            too_long += piece.too_long
    writer.join()
    assert (lines, too_long) == ([b"next"], 1)


def test_standard_input_that_is_a_file_is_read_to_its_end(tmp_path):
    """`modeltail run < file`."""
    (tmp_path / "a.log").write_bytes(b"1\n2")
    with (tmp_path / "a.log").open("rb") as file:
        streams = Streams(["-"], stdin=file.fileno())
        streams.look({})
        assert [line for piece in streams.read(LIMIT) for line in piece.lines] == [b"1", b"2"]
        assert streams.unread == 0


def test_standard_input_that_is_closed_is_an_error(reading, monkeypatch):
    """Its number may stand for the database by now."""
    monkeypatch.setattr(sys, "__stdin__", None)
    stdin = reading("-")
    assert stdin.read() == []
    assert stdin.errors == {STDIN_NAME: "EBADF"}


def test_a_fifo_goes_on_with_the_next_writer(reading, fifo):
    """Its end is none; the line that a writer left unfinished is finished by the next one."""
    stream = reading(fifo)
    assert stream.read() == []
    for data, expected in ((b"1\n2\n3", [b"1", b"2"]), (b"4\n", [b"34"]), (b"5\n", [b"5"])):
        with fifo.open("wb") as writer:
            writer.write(data)
        assert stream.read() + stream.read() == expected
    assert stream.streams.up
    assert stream.streams.positions == {str(fifo): (9, 9)}


def test_a_fifo_without_a_writer_ends_no_wait(reading, fifo):
    """Neither before the first one nor after the last one: a loop would never rest."""
    import select  # noqa: PLC0415

    stream = reading(fifo)

    def ready() -> int:
        poll = select.poll()
        for descriptor in stream.streams.descriptors:
            poll.register(descriptor, select.POLLIN)
        return len(poll.poll(0))

    stream.look()
    assert ready() == 0
    with fifo.open("wb") as writer:
        assert ready() == 0
        writer.write(b"1\n")
        writer.flush()
        assert ready() == 1
        assert stream.read() == [b"1"]
        assert ready() == 0
    assert stream.read() == []
    assert ready() == 0


def test_what_a_writer_left_is_read_when_it_has_gone(reading, fifo):
    """Also if the next one comes before that is noticed."""
    stream = reading(fifo)
    stream.look()
    for number in (b"1\n", b"2\n"):
        with fifo.open("wb") as writer:
            writer.write(number)
    assert stream.read() == [b"1", b"2"]


def test_a_fifo_that_is_replaced_is_read_to_its_end(reading, fifo):
    """Together with the new one; its last line counts when its writer goes."""
    stream = reading(fifo)
    stream.look()
    old = fifo.open("wb", buffering=0)
    fifo.unlink()
    os.mkfifo(fifo)
    stream.look()
    with fifo.open("wb", buffering=0) as new:
        old.write(b"old\nla")
        new.write(b"new\n")
        assert sorted(stream.read()) == [b"new", b"old"]
        old.write(b"st")
        old.close()
        assert stream.read() == [b"last"]
        assert len(stream.streams.descriptors) == 1
    fifo.unlink()
    assert stream.read() == []
    assert not stream.streams.up


def test_a_fifo_that_can_not_be_opened_is_an_error(reading, fifo, monkeypatch):
    """Until it can be."""
    stream = reading(fifo)
    open_ = os.open

    def refuse(path, *args, **kwargs):
        if path == str(fifo):
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    stream.look()
    assert stream.errors == {str(fifo): "EACCES"}
    monkeypatch.undo()
    stream.look()
    assert stream.errors == {}
    assert stream.streams.up


def test_a_fifo_that_was_replaced_since_it_was_found_is_left_for_the_next_look(reading, fifo):
    """Identity is by inode."""
    stream = reading(fifo)
    found = discover(stream.paths).fifos
    fifo.rename(fifo.with_name("old"))
    os.mkfifo(fifo)
    assert stream.streams.look(found) == {}
    assert not stream.streams.up


def test_a_stream_that_fails_is_given_up(reading, monkeypatch, caplog):
    """A terminal that is gone, for example; what was read of it counts."""
    stdin = reading("-")
    stdin.write(b"half")
    assert stdin.read() == []
    stdin.write(b"more")

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    assert stdin.read() == [b"half"]
    assert "<stdin>: can't be read: Input/output error" in caplog.text
    assert stdin.streams.descriptors == []


def test_another_reader_may_be_faster(reading, fifo):
    """Then there is nothing for us."""
    stream = reading(fifo)
    stream.look()
    [descriptor] = stream.streams.descriptors
    with fifo.open("wb", buffering=0) as writer:
        writer.write(b"1\n")
        poll = stream.streams._open[next(iter(stream.streams._open))]._poll
        assert poll.poll(0)
        os.read(descriptor, 10)
        assert stream.read() == []


def test_waiting_reads_to_the_end(reading, fifo):
    """Of a FIFO as well: that is when its writer closes it."""
    stream = reading(fifo, "-", wait=True)

    def write() -> None:
        with fifo.open("wb", buffering=0) as writer:
            writer.write(b"1\n2")
        stream.write(b"3\n4")
        stream.end()

    writer = threading.Thread(target=write)
    writer.start()
    stream.look()
    lines: list[bytes] = []
    while stream.streams.descriptors:
        lines += [line for piece in stream.streams.read(LIMIT) for line in piece.lines]
    writer.join()
    assert sorted(lines) == [b"1", b"2", b"3", b"4"]
    assert stream.streams.up, "read to its end is not missing"


def test_last_lines_can_be_asked_for(reading):
    """As if nobody wrote any more."""
    stdin = reading("-")
    stdin.write(b"1\n2")
    assert stdin.read() == [b"1"]
    assert [list(piece.lines) for piece in stdin.streams.flush()] == [[b"2"]]
    assert list(stdin.streams.flush()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is fixed elsewhere")
def test_a_pipe_is_made_to_hold_more(reading):
    """So that its writer waits less."""
    stdin = reading("-")
    before = fcntl.fcntl(stdin.stdin, fcntl.F_GETPIPE_SZ)
    stdin.look()
    assert fcntl.fcntl(stdin.stdin, fcntl.F_GETPIPE_SZ) > before


def test_a_tail_reads_streams_beside_its_files_and_stores_none(tmp_path, fifo):
    """They have no position to go back to."""
    (tmp_path / "a.log").write_text("file\n")
    tail = Tail([str(tmp_path / "a.log"), str(fifo)], "beginning", 5.0)
    tail.look(1.0)
    with fifo.open("wb") as writer:
        writer.write(b"stream\n")
    lines = [line for piece in tail.read(1.0) for line in piece.lines]
    assert sorted(lines) == [b"file", b"stream"]
    assert tail.up
    tail.changed = False
    with fifo.open("wb") as writer:
        writer.write(b"more\n")
    assert [list(piece.lines) for piece in tail.read(1.0, limit=3)] == [[]]
    assert tail.unread == 2
    assert [list(piece.lines) for piece in tail.read(1.0)] == [[b"more"]]
    assert tail.changed
    assert tail.unread == 0
    assert str(fifo) not in str(tail.dump())
    tail.close()


def test_a_fifo_that_can_not_be_opened_makes_the_tail_say_so(fifo, monkeypatch):
    """By error number, once."""
    tail = Tail([str(fifo)], "beginning", 5.0)

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    for now in (1.0, 2.0):
        tail.look(now)
    assert tail.counters.open_errors == {"EACCES": 1}
    assert not tail.up
    monkeypatch.undo()
    tail.look(3.0)
    assert tail.up
    tail.close()


def test_the_header_of_a_stream_is_its_first_line(reading):
    """CSV from a pipe: the pieces after the first come with it too."""
    stdin = reading("-")
    stdin.write(b"a,b\n1,2\n3,4\n")
    stdin.look()
    pieces = [piece for _ in range(2) for piece in stdin.streams.read(8)]
    assert [(list(piece.lines), piece.header) for piece in pieces] == [
        ([b"a,b", b"1,2"], b"a,b"),
        ([b"3,4"], b"a,b"),
    ]
