from __future__ import annotations

import gzip
import os

import pytest

from exporter.storage import encoding
from exporter.tailing.followed import FollowedFile, Position, key_of
from exporter.tailing.identity import Head
from tests.tailing.following import append


@pytest.fixture
def path(tmp_path):
    """Return a file with a line and the beginning of another."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    return path


@pytest.fixture
def followed():
    """Return a function that opens a file."""
    opened = []

    def follow(path) -> FollowedFile:
        opened.append(FollowedFile(str(path)))
        return opened[-1]

    yield follow
    for file in opened:
        file.close()


def test_the_offset_is_where_the_first_uncounted_line_begins(path, followed):
    """A line without its end is not counted yet."""
    file = followed(path)
    assert file.read(100) == (6, [b"one"])
    assert (file.offset, file.size, file.unread, file.next_line) == (4, 6, 0, 2)
    append(path, "o\nthree")
    assert file.unread == 7
    assert file.read(100) == (7, [b"two"])
    assert (file.offset, file.next_line) == (8, 3)
    assert file.flush() == [b"three"]
    assert (file.offset, file.next_line) == (13, 4)


def test_a_position_survives_storage(path, followed):
    """With all that identifies file and place."""
    file = followed(path)
    file.read(100)
    position = file.position(key_of(path.stat()))
    status = path.stat()
    key = (status.st_dev, status.st_ino)
    expected = Position(str(path), key, 4, Head.of(b"one\ntw"), 2, dropping=False)
    assert position == expected
    assert Position.load(encoding.decode(encoding.encode(position.dump()))) == expected


@pytest.mark.parametrize("compressed", [False, True])
def test_another_process_goes_on_with_the_line_that_was_not_complete(path, followed, compressed):
    """It is read once, as a whole."""
    if compressed:
        path = path.with_suffix(".gz")
        path.write_bytes(gzip.compress(b"one\ntw"))
    before = followed(path)
    before.read(100)
    position = before.position((1, 2))
    path.write_bytes(gzip.compress(b"one\ntwo\n") if compressed else b"one\ntwo\n")
    after = followed(path)
    assert after.resume(position)
    assert (after.next_line, after.read(100)) == (2, (4, [b"two"]))


def test_another_process_goes_on_inside_a_line_that_is_dropped(tmp_path, followed):
    """The rest of the line is no line; it is counted once."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * (2 << 20))
    before = followed(path)
    before.read(3 << 20)
    position = before.position((1, 2))
    assert (position.dropping, position.offset, before.too_long) == (True, 2 << 20, 0)
    append(path, "yy\nnext\n")
    after = followed(path)
    assert after.resume(position)
    assert after.read(100) == (8, [b"next"])
    assert (after.too_long, after.next_line) == (1, 3)


def test_the_beginning_of_a_line_that_was_truncated_away_is_no_line(path, followed):
    """What is read then is the new content, from its first line."""
    file = followed(path)
    file.read(100)
    os.truncate(path, 0)
    append(path, "new\n")
    assert file.replaced()
    assert (file.next_line, file.read(100)) == (1, (4, [b"new"]))


def test_lines_have_no_number_where_reading_began_at_the_end(path, followed):
    """Nobody counted those before."""
    file = followed(path)
    file.seek_end()
    append(path, "o\nthree\n")
    file.read(100)
    assert file.next_line is None


def test_a_compressed_file_ends(tmp_path, followed):
    """A plain one can always grow."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n"))
    file = followed(tmp_path / "a.gz")
    assert file.beginning() == b"one\n"
    assert file.read(100) == (4, [b"one"])
    assert file.read(100) == (0, [])
    assert (file.finished, file.broken, file.compressed) == (True, False, True)
