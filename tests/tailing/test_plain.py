from __future__ import annotations

import os

import pytest

from exporter.tailing.identity import Head
from exporter.tailing.plain import PlainStream
from tests.tailing.following import append


@pytest.fixture
def path(tmp_path):
    """Return a file of three bytes."""
    path = tmp_path / "log"
    path.write_bytes(b"abc")
    return path


@pytest.fixture
def stream(path):
    """Return the open file."""
    stream = PlainStream.open(str(path))
    yield stream
    stream.close()


def test_reads_in_pieces_and_again_when_the_file_grew(path, stream):
    """The end of what is there is no end for ever."""
    assert [stream.read(2), stream.read(2), stream.read(2)] == [b"ab", b"c", b""]
    append(path, "de")
    assert not stream.replaced()
    assert stream.read(10) == b"de"
    assert (stream.offset, stream.size, stream.finished) == (5, 5, False)
    assert stream.head == Head.of(b"abcde")


def test_a_shorter_file_was_truncated(path, stream):
    """It is read from its beginning."""
    stream.read(10)
    os.truncate(path, 1)
    assert stream.replaced()
    assert stream.read(10) == b"a"


def test_a_file_with_another_beginning_was_replaced(path, stream):
    """Even if it is larger than before."""
    stream.read(10)
    path.write_bytes(b"other content")
    assert stream.replaced()
    assert stream.read(100) == b"other content"


def test_goes_on_where_an_earlier_run_stopped(path, stream):
    """If the file still begins as it did then."""
    append(path, "def")
    assert stream.resume(3, Head.of(b"abc"))
    assert stream.read(10) == b"def"


@pytest.mark.parametrize(("offset", "head"), [(4, b"abc"), (2, b"xbc"), (3, b"abcd")])
def test_does_not_go_on_in_another_file(stream, offset, head):
    """A shorter file, or one that begins otherwise, is read from its beginning."""
    assert not stream.resume(offset, Head.of(head))
    assert stream.read(10) == b"abc"


def test_skips_to_the_end(path, stream):
    """Only what is appended later is read; a truncation is noticed all the same."""
    stream.seek_end()
    assert stream.read(10) == b""
    append(path, "de")
    assert stream.read(10) == b"de"
    path.write_bytes(b"x")
    assert stream.replaced()


def test_what_is_not_there_can_not_be_opened(tmp_path):
    """The error is that of the system."""
    with pytest.raises(FileNotFoundError):
        PlainStream.open(str(tmp_path / "none"))


def test_a_fifo_without_a_writer_does_not_block(tmp_path):
    """It reads as empty."""
    os.mkfifo(tmp_path / "fifo")
    fifo = PlainStream.open(str(tmp_path / "fifo"))
    assert fifo.size == 0
    fifo.close()
