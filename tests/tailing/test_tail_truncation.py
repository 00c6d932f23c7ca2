"""Files whose content goes while they stay."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.tailing.following import Following, append, lines, numbered


@pytest.fixture
def log(tmp_path):
    """Return a log with fifty lines."""
    append(tmp_path / "app.log", lines(1, 50))
    return tmp_path / "app.log"


@pytest.fixture
def following(log):
    """Return a tail that has read them."""
    following = Following(log)
    assert following.poll() == numbered(1, 50)
    return following


def truncations(following: Following) -> int:
    """Return how many truncations were counted."""
    return following.tail.counters.truncations


def test_copied_and_truncated_then_shorter(log, following):
    """The new content is read from its beginning."""
    shutil.copy(log, log.with_suffix(".1"))
    os.truncate(log, 0)
    append(log, lines(51, 55))
    assert following.poll() == numbered(51, 55)
    assert (truncations(following), following.tail.counters.rotations) == (1, 0)


def test_copied_truncated_and_regrown_larger_between_two_looks(log, following):
    """The content begins otherwise: its size says nothing."""
    os.truncate(log, 0)
    append(log, lines(51, 550))
    assert following.poll() == numbered(51, 550)
    assert truncations(following) == 1


def test_truncated_to_nothing(log, following):
    """Whatever comes next is new."""
    os.truncate(log, 0)
    assert following.poll() == []
    assert following.poll() == []
    assert truncations(following) == 1
    append(log, lines(1, 2))
    assert following.poll() == numbered(1, 2)
    assert truncations(following) == 1


def test_half_a_line_that_is_truncated_away_is_not_glued_to_the_next(log, following):
    """The rest of it can't come any more."""
    append(log, "half a li")
    assert following.poll() == []
    os.truncate(log, 0)
    append(log, lines(51, 51))
    assert following.poll() == numbered(51, 51)


def test_a_writer_without_append_leaves_a_hole_in_front_of_its_next_line(log, following):
    """It goes on at its old offset; the NULs before it cost no line."""
    with log.open("r+b") as writer:
        writer.seek(0, os.SEEK_END)
        os.truncate(log, 0)
        assert following.poll() == []
        writer.write(b"line 51\nline 52\n")
    assert following.poll() == numbered(51, 52)


def test_a_hole_larger_than_the_longest_line(log, following):
    """However much the writer had written before."""
    append(log, "x" * 1000 + "\n")
    with log.open("r+b") as writer:
        writer.seek(5 << 20)
        os.truncate(log, 0)
        writer.write(b"line 51\n")
    assert following.poll() == numbered(51, 51)
    assert following.too_long == 0


def test_truncated_in_the_middle_of_reading(log):
    """A backlog that goes before it was read is gone; reading goes on with the new content."""
    following = Following(log)
    following.tail.look(1.0)
    list(following.tail.read(1.0, limit=70))
    os.truncate(log, 0)
    append(log, lines(51, 53))
    assert following.read() == numbered(51, 53)
    assert truncations(following) == 1


def test_overwritten_with_other_content_of_the_same_size(log, following):
    """The beginning tells."""
    content = log.read_bytes().replace(b"line", b"LINE")
    with log.open("r+b") as file:
        file.write(content)
    assert following.poll() == [line.upper() for line in numbered(1, 50)]


def test_a_new_file_with_the_inode_of_a_removed_one_is_no_truncation(tmp_path):
    """File systems give a freed inode out again at once; the new file is read as what it is."""
    old, new = tmp_path / "1.log", tmp_path / "2.log"
    append(old, "line 1\n")
    following = Following(tmp_path / "*.log")
    assert following.poll() == ["line 1"]
    state = following.stored()
    following.tail.close()
    old.rename(new)
    new.write_text("another\n")
    restarted = Following(tmp_path / "*.log", state=state)
    assert restarted.poll() == ["another"]
    assert restarted.tail.counters.truncations == 0
