"""Rotated files that are compressed, while their plain form was followed or after."""

from __future__ import annotations

import gzip
import shutil

import pytest

from tests.tailing.following import Following, append, compress, lines, numbered


@pytest.fixture
def log(tmp_path):
    """Return a log with five lines."""
    append(tmp_path / "app.log", lines(1, 5))
    return tmp_path / "app.log"


@pytest.fixture
def following(tmp_path, log):
    """Return a tail that has read them; its glob matches whatever the log turns into."""
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 5)
    return following


def rotate(log):
    """Rename the log, and return its new path."""
    rotated = log.with_name("app.log.1")
    log.rename(rotated)
    return rotated


def test_a_compressed_file_is_read_once(tmp_path):
    """Its last line counts without a line end: nobody will complete it."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"line 1\nline 2\nline 3"))
    following = Following(tmp_path / "*.gz")
    assert following.poll() == numbered(1, 3)
    assert following.poll() == []
    (tmp_path / "a.gz").unlink()
    assert following.wait_out() == []
    assert following.tail.counters.truncations == 0


def test_a_file_that_was_read_is_not_read_again_compressed(log, following):
    """While it is still held open, and after."""
    compress(rotate(log))
    append(log, lines(6, 6))
    assert following.poll() == numbered(6, 6)
    assert following.wait_out() == []
    assert following.poll() == []
    assert following.tail.counters.truncations == 0


def test_what_was_not_read_when_it_was_compressed_is_read_once(log, following):
    """From the file that is still open, or from the compressed one: not from both."""
    append(log, lines(6, 8) + "line 9")
    compress(rotate(log))
    log.touch()
    assert following.poll() + following.wait_out() + following.poll() == numbered(6, 9)


def test_compressed_long_after_it_was_given_up(tmp_path, log):
    """Delayed compression, and a glob that does not match the rotated name in between."""
    following = Following(log, tmp_path / "*.gz")
    assert following.poll() == numbered(1, 5)
    rotated = rotate(log)
    append(log, lines(6, 6))
    assert following.wait_out() == numbered(6, 6)
    append(rotated, lines(7, 7))
    compress(rotated)
    assert following.poll() == numbered(7, 7)
    assert following.poll() == []


def test_compressed_while_the_exporter_was_down(log, following):
    """The compressed file goes on where the plain one was left."""
    append(log, "li")
    assert following.poll() == []
    append(log, "ne 6\nline 7\n")
    compress(rotate(log))
    append(log, lines(8, 8))
    restarted = following.restarted()
    assert sorted(restarted.poll()) == numbered(6, 8)
    assert restarted.wait_out() == []


def test_plain_and_compressed_form_side_by_side(log, tmp_path):
    """`gzip -k`: one of them is read."""
    (tmp_path / "app.log.gz").write_bytes(gzip.compress(log.read_bytes()))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 5)
    assert following.poll() == []
    assert following.restarted().poll() == []


def test_a_file_in_the_making(log, following, tmp_path):
    """It is there before it is complete, and before its plain form is gone."""
    append(log, lines(6, 3000))
    rotated = rotate(log)
    data = gzip.compress(rotated.read_bytes())
    following.now += 1
    growing = tmp_path / "app.log.1.gz"
    seen = []
    for size in (0, 5, 100, len(data) // 2, len(data)):
        growing.write_bytes(data[:size])
        seen += following.poll()
    rotated.unlink()
    assert seen + following.wait_out() + following.poll() == numbered(6, 3000)


def test_a_file_in_the_making_whose_plain_form_was_given_up(tmp_path, log):
    """Nothing is read before it is clear whether it was read before."""
    append(log, lines(6, 3000))
    following = Following(log, tmp_path / "*.gz")
    assert following.poll() == numbered(1, 3000)
    rotated = rotate(log)
    following.wait_out()
    append(rotated, lines(3001, 3001))
    data = gzip.compress(rotated.read_bytes())
    seen = []
    for size in (0, 5, 100, len(data) // 2, len(data)):
        with (tmp_path / "app.log.1.gz").open("r+b" if size else "wb") as growing:
            growing.write(data[:size])
        seen += following.poll()
    assert seen == numbered(3001, 3001)


def test_a_new_file_in_the_making_is_read_as_it_grows(tmp_path):
    """A batch job may write .gz directly."""
    data = gzip.compress(lines(1, 3000).encode())
    following = Following(tmp_path / "*.gz")
    seen = []
    for size in (0, 5, len(data) // 2, len(data)):
        with (tmp_path / "a.gz").open("r+b" if size else "wb") as growing:
            growing.write(data[:size])
        seen += following.poll()
    assert seen == numbered(1, 3000)
    assert following.tail.up


@pytest.mark.parametrize(
    "data",
    [b"plain text\n", gzip.compress(lines(1, 3000).encode())[:-20], b""],
    ids=["plain", "cut", "empty"],
)
def test_a_file_that_is_no_gzip_or_cut_short_is_counted(tmp_path, data):
    """Once, and the source is not up; what it holds before its end counts."""
    (tmp_path / "a.gz").write_bytes(data)
    append(tmp_path / "b.log", lines(1, 1))
    following = Following(tmp_path / "*.gz", tmp_path / "b.log")
    assert "line 1" in following.poll()
    following.poll()
    assert following.tail.counters.open_errors == {"EBADMSG": 1}
    assert not following.tail.up
    (tmp_path / "a.gz").unlink()
    following.wait_out()
    assert following.tail.up


def test_reading_starts_at_the_end_of_compressed_files_too(tmp_path):
    """They were there before."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(lines(1, 5).encode()))
    following = Following(tmp_path / "*.gz", start="end")
    assert following.poll() == []
    assert following.restarted().poll() == []


def test_a_compressed_file_is_renamed_by_the_next_rotation(tmp_path):
    """app.1.gz becomes app.2.gz: the same file."""
    (tmp_path / "app.1.gz").write_bytes(gzip.compress(lines(1, 5).encode()))
    following = Following(tmp_path / "app.*")
    assert following.poll() == numbered(1, 5)
    shutil.move(tmp_path / "app.1.gz", tmp_path / "app.2.gz")
    assert following.wait_out() == []
    assert following.restarted().poll() == []
