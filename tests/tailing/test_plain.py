from __future__ import annotations

import os

import pytest

from exporter.tailing.identity import Head, Marker
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
    assert (stream.offset, stream.finished) == (5, False)
    assert (stream.head, stream.before) == (b"abcde", b"abcde")


def test_a_shorter_file_was_truncated(path, stream):
    """It is read from its beginning."""
    stream.read(10)
    os.truncate(path, 1)
    assert stream.replaced()
    assert stream.read(10) is None
    stream.restart()
    assert stream.read(10) == b"a"


def test_a_file_with_another_beginning_was_replaced(path, stream):
    """Even if it is larger than before."""
    stream.read(10)
    path.write_bytes(b"other content")
    assert stream.replaced()
    assert stream.read(100) is None
    stream.restart()
    assert stream.read(100) == b"other content"


@pytest.mark.parametrize("place", [0, 500, 1023])
def test_other_bytes_at_the_beginning_tell(path, stream, place):
    """Those before the offset are the same."""
    content = bytearray(b"x" * 5000)
    path.write_bytes(content)
    assert stream.read(5000) == content
    content[place] ^= 1
    path.write_bytes(content + b"more")
    assert stream.replaced()
    assert stream.read(10) is None


@pytest.mark.parametrize("place", [4999, 4744])
def test_other_bytes_before_the_offset_tell(path, stream, place):
    """Truncated, and grown beyond the offset with the same first 1,024 bytes."""
    content = bytearray(b"x" * 5000)
    path.write_bytes(content)
    assert stream.read(5000) == content
    content[place] ^= 1
    path.write_bytes(content + b"more")
    assert stream.replaced()
    assert stream.read(10) is None


def test_a_hole_is_passed_over(path, stream):
    """As large as the content that a writer without O_APPEND had written."""
    os.truncate(path, 0)
    with path.open("r+b") as writer:
        writer.seek(1 << 30)
        writer.write(b"next")
    assert stream.read(1 << 16) == bytes(1 << 16)
    assert stream.skip_hole() == (1 << 30) - (1 << 16)
    assert (stream.offset, stream.head) == (1 << 30, bytes(1024))
    assert not stream.replaced()
    assert stream.read(100) == b"next"
    assert stream.skip_hole() == 0


def test_goes_on_where_an_earlier_run_stopped(path, stream):
    """If the file still begins as it did then."""
    append(path, "def")
    assert stream.resume(3, Head.of(b"abc"), Marker.of(b"abc"))
    assert stream.read(10) == b"def"


@pytest.mark.parametrize(
    ("offset", "head", "before"),
    [(4, b"abc", None), (2, b"xbc", None), (3, b"abcd", None), (3, b"a", b"abx")],
)
def test_does_not_go_on_in_another_file(stream, offset, head, before):
    """A shorter file, or one with other bytes in it, is read from its beginning."""
    assert not stream.resume(offset, Head.of(head), before and Marker.of(before))
    assert stream.read(10) == b"abc"


def test_skips_to_the_end(path, stream):
    """Only what is appended later is read; a truncation is noticed all the same."""
    assert stream.seek_end()
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
    assert fifo.offset == 0
    fifo.close()
