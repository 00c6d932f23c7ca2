from __future__ import annotations

import gzip

import pytest

from exporter.storage import encoding
from exporter.tailing.tail import Tail

ROTATE_WAIT = 5.0
FIRST = b"prediction,confidence"


class Reader:
    """Reads the files of a folder with the header of each."""

    def __init__(self, pattern, state=None, start="beginning"):
        self.tail = Tail([str(pattern)], start, ROTATE_WAIT, headers=True)
        self.now = 1000.0
        if state is not None:
            self.tail.load(state)

    def poll(self, seconds=1.0):
        """Return new lines with the header that comes with them."""
        self.now += seconds
        self.tail.look(self.now)
        found = []
        while pieces := list(self.tail.read(self.now)):
            found += [(piece.header, list(piece.lines)) for piece in pieces if piece.lines]
        return found

    def stored(self):
        """Return the state as it comes back from storage."""
        return encoding.decode(encoding.encode(self.tail.dump()))


@pytest.fixture
def log(tmp_path):
    """Return a file that begins with a header."""
    path = tmp_path / "log.csv"
    path.write_bytes(FIRST + b"\na,1\n")
    return path


def append(path, data):
    """Write more."""
    with path.open("ab") as file:
        file.write(data)


def test_every_piece_has_the_header_of_its_file(log):
    """Whether it begins with it, or goes on."""
    reader = Reader(log)
    assert reader.poll() == [(FIRST, [FIRST, b"a,1"])]
    append(log, b"b,2\n")
    assert reader.poll() == [(FIRST, [b"b,2"])]


def test_a_restart_in_the_middle(log):
    """The header is read again."""
    reader = Reader(log)
    reader.poll()
    state = reader.stored()
    append(log, b"b,2\r\n")
    assert Reader(log, state).poll() == [(FIRST, [b"b,2"])]


def test_start_at_the_end(log):
    """What comes later still has its header."""
    reader = Reader(log, start="end")
    assert reader.poll() == []
    append(log, b"b,2\n")
    assert reader.poll() == [(FIRST, [b"b,2"])]


def test_rotation_by_rename(log):
    """The renamed file keeps its own header, the new one may have another."""
    reader = Reader(log)
    reader.poll()
    log.rename(log.with_name("log.csv.1"))
    append(log.with_name("log.csv.1"), b"b,2\n")
    log.write_bytes(b"confidence,prediction\n3,c\n")
    assert sorted(reader.poll()) == [
        (b"confidence,prediction", [b"confidence,prediction", b"3,c"]),
        (FIRST, [b"b,2"]),
    ]


def test_truncation(log):
    """What is written anew has a header anew."""
    reader = Reader(log)
    reader.poll()
    log.write_bytes(b"x,prediction\n")
    assert reader.poll() == [(b"x,prediction", [b"x,prediction"])]


def test_compressed(tmp_path):
    """A .gz file that was read in part before, in its plain form, has its header too."""
    plain = tmp_path / "log.csv"
    plain.write_bytes(FIRST + b"\r\na,1\r\n")
    reader = Reader(tmp_path / "log.csv*")
    assert reader.poll() == [(FIRST, [FIRST, b"a,1"])]
    state = reader.stored()
    reader.tail.close()
    with gzip.open(tmp_path / "log.csv.1.gz", "wb") as file:
        file.write(plain.read_bytes() + b"b,2\r\n")
    plain.unlink()
    assert Reader(tmp_path / "log.csv*", state).poll() == [(FIRST, [b"b,2"])]


@pytest.mark.parametrize("size", [70_000, 2_000_000])
def test_a_header_without_end(tmp_path, size):
    """Is none for who comes later; a line of 64 KiB to 1 MiB only where reading began with it."""
    path = tmp_path / "log.csv"
    path.write_bytes(b"x" * size + b"\na,1\n")
    reader = Reader(path)
    pieces = reader.poll(), reader.poll()
    (header, lines) = next(piece for poll in pieces for piece in poll if piece[1])
    assert lines[-1] == b"a,1"
    assert header == (b"x" * size if size < 1 << 20 else None)
    append(path, b"b,2\n")
    assert Reader(path, reader.stored()).poll() == [(None, [b"b,2"])]


def test_only_who_asks_gets_one(log):
    """Other formats do not pay for it."""
    tail = Tail([str(log)], "beginning", ROTATE_WAIT)
    tail.look(1000.0)
    assert [piece.header for piece in tail.read(1000.0)] == [None]
