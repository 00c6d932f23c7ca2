from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.tailing.gzipped import GzipStream
from exporter.tailing.identity import Head, Marker

CONTENT = b"".join(b"line %d\n" % number for number in range(20_000))


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a .gz file and opens it."""
    opened = []

    def write(data: bytes) -> GzipStream:
        (tmp_path / "log.gz").write_bytes(data)
        opened.append(GzipStream.open(str(tmp_path / "log.gz")))
        return opened[-1]

    yield write
    for stream in opened:
        stream.close()


def whole(stream: GzipStream, limit: int = 1000) -> bytes:
    """Read to the end."""
    assert arrive(stream) is not None
    return b"".join(iter(lambda: stream.read(limit), b""))


def arrive(stream: GzipStream) -> bytes | None:
    """Read what is passed over, and the last turn of it."""
    piece: bytes | None = b""
    while stream.skipping and piece is not None:
        piece = stream.read(10)
    return piece


@pytest.mark.parametrize("limit", [1, 7, 1000, 1 << 20])
def test_reads_what_was_compressed(written, limit):
    """In pieces of the asked size at most."""
    content = CONTENT[: 5000 * limit][:200_000]
    stream = written(gzip.compress(content))
    pieces = list(iter(lambda: stream.read(limit), b""))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= limit
    assert (stream.offset, stream.finished, stream.broken) == (len(content), True, False)


def test_reads_all_members(written):
    """As `cat a.gz b.gz` makes them, an empty one between them included."""
    stream = written(gzip.compress(b"one\n") + gzip.compress(b"") + gzip.compress(CONTENT))
    assert whole(stream) == b"one\n" + CONTENT
    assert not stream.broken


@pytest.mark.parametrize("padding", [1, 511, 100_000])
def test_zero_padding_ends_a_file(written, padding):
    """Tapes and tar pad with zeros; gzip(1) passes over them too."""
    stream = written(gzip.compress(b"one\n") + b"\0" * padding)
    assert whole(stream) == b"one\n"
    assert (stream.finished, stream.broken) == (True, False)


@pytest.mark.parametrize(
    "data",
    [b"plain text\n", gzip.compress(b"one\n") + b"garbage behind it"],
    ids=["plain", "garbage"],
)
def test_what_is_no_gzip_is_broken(written, data):
    """What came before still counts."""
    stream = written(data)
    assert whole(stream) in (b"", b"one\n")
    assert (stream.finished, stream.broken) == (True, True)


def test_a_damaged_file_is_broken(written):
    """The checksum at the end does not fit."""
    data = bytearray(gzip.compress(CONTENT))
    data[-8] ^= 1
    stream = written(bytes(data))
    whole(stream)
    assert stream.broken


@pytest.mark.parametrize("size", [0, 5, 100, 10_000])
def test_a_file_cut_short_is_broken_until_the_rest_is_there(written, tmp_path, size):
    """Compression may still be at work."""
    data = gzip.compress(CONTENT)
    stream = written(data[:size])
    first = whole(stream)
    assert CONTENT.startswith(first)
    assert stream.broken
    assert not stream.finished
    with (tmp_path / "log.gz").open("ab") as file:
        file.write(data[size:])
    assert first + whole(stream) == CONTENT
    assert (stream.finished, stream.broken) == (True, False)


def test_a_bomb_costs_time_not_memory(written):
    """A hundred megabytes of zeros come out in small pieces."""
    compressor = zlib.compressobj(wbits=31)
    bomb = b"".join(compressor.compress(b"\0" * (1 << 20)) for _ in range(100)) + compressor.flush()
    stream = written(bomb)
    tracemalloc.start()
    total = sum(map(len, iter(lambda: stream.read(1 << 16), b"")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 100 << 20
    assert peak < 2 << 20


@given(st.integers(0, len(CONTENT)))
def test_goes_on_at_any_offset_of_the_decompressed_bytes(tmp_path_factory, offset):
    """A rotated log goes on where its plain form was left."""
    path = tmp_path_factory.getbasetemp() / "resumed.gz"
    path.write_bytes(gzip.compress(CONTENT))
    stream = GzipStream.open(str(path))
    assert stream.resume(offset, Head.of(CONTENT[:offset]), Marker.of(CONTENT[:offset]))
    assert stream.offset == offset
    assert arrive(stream) == b""
    assert whole(stream, 1 << 20) == CONTENT[offset:]
    stream.close()


def test_does_not_go_on_in_what_begins_otherwise(written):
    """It is read from its beginning."""
    stream = written(gzip.compress(CONTENT))
    assert not stream.resume(10, Head.of(b"other"), None)
    assert whole(stream) == CONTENT


@pytest.mark.parametrize(
    ("offset", "before"), [(len(CONTENT) + 1, b""), (5000, CONTENT[:4999] + b"x")]
)
def test_another_content_shows_on_the_way(written, offset, before):
    """It is shorter, or has something else before the offset."""
    stream = written(gzip.compress(CONTENT))
    assert stream.resume(offset, Head.of(CONTENT), Marker.of(before))
    assert arrive(stream) is None
    stream.restart()
    assert whole(stream) == CONTENT


def test_passing_over_takes_turns(written):
    """A file of gigabytes holds up the others no longer than any other."""
    stream = written(gzip.compress(CONTENT))
    assert not stream.pass_to(len(CONTENT), turn=1000)
    assert stream.decoded == 1000
    assert stream.pass_to(len(CONTENT))
    assert stream.before == CONTENT[-256:]


def test_goes_on_in_a_file_that_is_still_being_compressed(written, tmp_path):
    """What an earlier run has read is passed over as it appears."""
    data = gzip.compress(CONTENT)
    stream = written(data[:10_000])
    assert stream.resume(len(CONTENT) - 8, Head.of(CONTENT), Marker.of(CONTENT[:-8]))
    assert stream.offset == len(CONTENT) - 8
    assert (stream.read(10), stream.skipping) == (b"", True)
    with (tmp_path / "log.gz").open("ab") as file:
        file.write(data[10_000:])
    assert whole(stream) == CONTENT[-8:]


def test_skips_the_whole_file(written):
    """Also one that is cut short."""
    for data in (gzip.compress(CONTENT), gzip.compress(CONTENT)[:100]):
        stream = written(data)
        stream.seek_end()
        assert stream.read(10) == b""
