from __future__ import annotations

import gzip
import os

import pytest

from exporter.storage import encoding
from exporter.tailing.followed import FollowedFile
from exporter.tailing.identity import Head, Marker
from exporter.tailing.lines import Dropping
from exporter.tailing.positions import Position
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


def taken(file: FollowedFile, limit: int = 100) -> tuple[int, list[bytes]]:
    """Read a turn; return how many bytes it had, and its lines."""
    turn = file.read(limit)
    return turn.number, list(turn.lines)


def test_the_offset_is_where_the_first_uncounted_line_begins(path, followed):
    """A line without its end is not counted yet."""
    file = followed(path)
    assert taken(file) == (6, [b"one"])
    assert (file.offset, file.size, file.unread, file.next_line) == (4, 6, 0, 2)
    append(path, "o\nthree")
    assert file.unread == 0
    assert file.refresh() == 1
    assert file.unread == 7
    assert taken(file) == (7, [b"two"])
    assert (file.offset, file.next_line) == (8, 3)
    assert file.flush().lines == [b"three"]
    assert (file.offset, file.next_line) == (13, 4)


def test_a_position_survives_storage(path, followed):
    """With all that identifies file and place."""
    file = followed(path)
    file.read(100)
    status = path.stat()
    expected = Position(
        path=str(path),
        key=(status.st_dev, status.st_ino),
        offset=4,
        head=Head.of(b"one\n"),
        line=2,
        dropping=Dropping.NO,
        marker=Marker.of(b"one\n"),
        size=6,
        modified_ns=status.st_mtime_ns,
    )
    assert file.position() == expected
    assert Position.load(encoding.decode(encoding.encode(expected.dump()))) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 300, 1 << 20])
def test_the_marker_is_of_what_is_before_the_offset(path, followed, limit):
    """However the file is cut into turns, and whatever is pending."""
    content = b"".join(b"%d " % number * (number % 30) + b"\n" for number in range(60))
    for data in (content, content + b"pending " * 100, b"\0" * 300 + content, b"x" * 600):
        path.write_bytes(data)
        file = followed(path)
        while file.read(limit).number:
            position = file.position()
            assert position.marker == Marker.of(data[: position.offset])
            assert position.head == Head.of(data[: position.offset])


@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_another_process_goes_on_with_the_line_that_was_not_complete(
    path, followed, compressed, asleep
):
    """It is read once, as a whole; also by the same one after its descriptor was closed."""
    if compressed:
        path = path.with_suffix(".gz")
        path.write_bytes(gzip.compress(b"one\ntw"))
    before = followed(path)
    before.read(100)
    position = before.position()
    if asleep:
        before.sleep()
        assert (before.asleep, before.offset, before.position()) == (True, 4, position)
    path.write_bytes(gzip.compress(b"one\ntwo\n") if compressed else b"one\ntwo\n")
    if asleep:
        after = before
        assert after.wake() is None
    else:
        after = followed(path)
        assert after.resume(position)
    while not (turn := after.read(100)).lines:
        assert turn.passed
    assert (turn.first_line, turn.number, turn.lines) == (2, 4, [b"two"])
    assert after.position().offset == 8


def test_a_file_that_was_replaced_while_it_slept(path, followed):
    """It is read anew; what was lost is told. Another file under its path is not it."""
    file = followed(path)
    file.read(100)
    position = file.position()
    file.sleep()
    path.write_bytes(b"another\n")
    lost = file.wake()
    assert lost is not None
    assert (lost, lost.beginning) == (position, b"one\n")
    assert taken(file) == (8, [b"another"])
    file.sleep()
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"another\n")
    with pytest.raises(FileNotFoundError):
        file.wake()


def test_another_process_goes_on_inside_a_line_that_is_dropped(tmp_path, followed):
    """The rest of the line is no line; it is counted once."""
    path = tmp_path / "log"
    path.write_bytes(b"x" * (2 << 20))
    before = followed(path)
    before.read(3 << 20)
    position = before.position()
    assert (position.dropping, position.offset) == (Dropping.TOO_LONG, 2 << 20)
    assert before.too_long == 0
    append(path, "yy\nnext\n")
    after = followed(path)
    assert after.resume(position)
    assert taken(after) == (8, [b"next"])
    assert (after.too_long, after.next_line) == (1, 3)


def test_the_beginning_of_a_line_that_was_truncated_away_is_no_line(path, followed):
    """What is read then is the new content, from its first line."""
    file = followed(path)
    file.read(100)
    os.truncate(path, 0)
    append(path, "new\n")
    turn = file.read(100)
    assert turn.lost is not None
    assert (turn.lost.offset, turn.lost.unread) == (4, 2)
    assert turn.number == 0
    turn = file.read(100)
    assert (turn.first_line, turn.number, turn.lines) == (1, 4, [b"new"])


def test_unread_bytes_that_are_cut_off_are_told(path, followed):
    """What was read is still there; what was known to follow is not."""
    path.write_bytes(b"one\n" + b"x" * 96)
    file = followed(path)
    file.read(4)
    os.truncate(path, 50)
    turn = file.read(100)
    assert (turn.number, turn.cut, turn.lost) == (46, 50, None)
    assert file.read(100).cut == 0


def test_lines_have_no_number_where_reading_began_at_the_end(path, followed):
    """Nobody counted those before; the rest of the line that was being written is none."""
    file = followed(path)
    file.seek_end()
    append(path, "o\nthree\n")
    turn = file.read(100)
    assert (turn.first_line, turn.lines, turn.too_long) == (None, [b"three"], 0)


def test_a_compressed_file_ends(tmp_path, followed):
    """A plain one can always grow."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n"))
    file = followed(tmp_path / "a.gz")
    assert file.beginning() == b"one\n"
    assert taken(file) == (4, [b"one"])
    assert taken(file) == (0, [])
    assert (file.finished, file.broken, file.compressed) == (True, False, True)


@pytest.mark.parametrize("encoding_name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("compressed", [False, True])
def test_utf16_is_refused(tmp_path, followed, encoding_name, compressed):
    """Nothing of it is read, until it holds something else."""
    data = "one line\nand another\n".encode(encoding_name)
    path = tmp_path / ("log.gz" if compressed else "log")
    path.write_bytes(gzip.compress(data) if compressed else data)
    file = followed(path)
    assert taken(file) == (0, [])
    assert (file.refused, file.offset, file.unread) == (True, 0, 0)
    if not compressed:
        path.write_bytes(b"plain\n")
        assert taken(file) == (6, [b"plain"])
        assert not file.refused
