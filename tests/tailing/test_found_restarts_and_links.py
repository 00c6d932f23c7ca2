"""What a state machine found: copies across restarts, second names, logs that begin alike."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.tailing.following import Following, append, compress, lines, numbered

HEADER = "#" + "-" * 1100 + "\n"


def at_rest(following: Following) -> list[str]:
    """Return what comes out until nothing more can."""
    return [line for _ in range(20) for line in following.poll() if not line.startswith("#")]


@pytest.mark.parametrize("regrown", [False, True])
@pytest.mark.parametrize("last", [2, 1000], ids=["small", "large"])
def test_copied_read_on_and_truncated_while_down(tmp_path, last, regrown):
    """The copy is shorter than what was read by then: all that is in it counted before."""
    log = tmp_path / "app.log"
    append(log, lines(1, last))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, last)
    shutil.copyfile(log, tmp_path / "app.log.1")
    append(log, lines(last + 1, last + 1))
    assert following.poll() == numbered(last + 1, last + 1)
    following = following.restarted()
    os.truncate(log, 0)
    if regrown:
        append(log, lines(last + 2, last + 2))
    assert at_rest(following) == (numbered(last + 2, last + 2) if regrown else [])


def test_a_new_log_that_begins_like_one_renamed_while_down(tmp_path):
    """Nothing was truncated, and the old one was found: the new one is no copy of it."""
    log = tmp_path / "app.log"
    append(log, HEADER + lines(1, 3))
    following = Following(tmp_path / "app.log*")
    assert following.poll()[1:] == numbered(1, 3)
    stored = following.stored()
    following.tail.close()
    log.rename(tmp_path / "old")
    following = Following(tmp_path / "app.log*", state=stored)
    assert following.poll() == []
    following = following.restarted()
    append(log, HEADER + lines(4, 4))
    assert at_rest(following) == numbered(4, 4)


@pytest.mark.parametrize("link", ["hardlink_to", "symlink_to"])
def test_a_second_name_that_goes_is_no_rotation(tmp_path, link):
    """The name under which its writer has it is still there: a line may take its time."""
    log, second = tmp_path / "b.log", tmp_path / "a.log"
    append(log, "li")
    getattr(second, link)(log)
    following = Following(tmp_path / "*.log")
    assert following.poll() == []
    second.unlink()
    assert at_rest(following) == []
    append(log, "ne 1\n")
    assert at_rest(following) == numbered(1, 1)


def test_rotation_by_a_second_name(tmp_path):
    """Linked to another name, removed, created anew: its last line counts without a line end."""
    log = tmp_path / "b.log"
    append(log, "line 1")
    following = Following(tmp_path / "b.log*")
    assert following.poll() == []
    (tmp_path / "b.log.1").hardlink_to(log)
    assert following.poll() == []
    log.unlink()
    assert following.poll() == []
    append(log, lines(2, 2))
    assert sorted(at_rest(following)) == numbered(1, 2)


@pytest.mark.parametrize("link", ["hardlink_to", "symlink_to"])
def test_a_second_name_that_appears_while_down_is_no_rotation(tmp_path, link):
    """It comes first in order, and the former one leads to the same file as before."""
    log = tmp_path / "b.log"
    append(log, "li")
    following = Following(tmp_path / "*.log")
    assert following.poll() == []
    following = following.restarted()
    getattr(tmp_path / "a.log", link)(log)
    assert at_rest(following) == []
    append(log, "ne 1\n")
    assert at_rest(following) == numbered(1, 1)


def test_a_link_switched_away_from_a_log_that_was_empty(tmp_path):
    """Its first line came after the last look, before the switch."""
    link, one, two = tmp_path / "current", tmp_path / "1", tmp_path / "2"
    following = Following(link)
    assert following.poll() == []
    one.touch()
    link.symlink_to(one)
    assert following.poll() == []
    append(one, lines(1, 1))
    two.touch()
    link.unlink()
    link.symlink_to(two)
    assert at_rest(following) == numbered(1, 1)


@pytest.mark.parametrize("last", [11, 15], ids=["shorter", "longer"])
def test_truncated_written_renamed_and_compressed_between_two_looks(tmp_path, last):
    """The .gz file holds what the log holds now, which is still open to be read."""
    log = tmp_path / "app.log"
    append(log, lines(1, 3))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 3)
    os.truncate(log, 0)
    append(log, lines(11, last))
    compress(log.rename(tmp_path / "app.log.1"))
    assert at_rest(following) == numbered(11, last)


def test_a_copy_that_is_removed_after_its_log_was_renamed(tmp_path):
    """It was held back when it was removed; all that was in it counted before."""
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, lines(1, 1))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 1)
    shutil.copyfile(log, copy)
    assert following.poll() == []
    os.truncate(log, 0)
    copy.rename(tmp_path / "app.log.2")
    log.rename(copy)
    log.touch()
    (tmp_path / "app.log.2").unlink()
    assert at_rest(following) == []


def test_a_log_copied_truncated_and_renamed_while_down(tmp_path):
    """More was read of it than is in the copy, and its path leads to nothing now."""
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, lines(1, 1))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 1)
    shutil.copyfile(log, copy)
    append(log, lines(2, 2))
    assert following.poll() == numbered(2, 2)
    os.truncate(log, 0)
    following = following.restarted()
    copy.rename(tmp_path / "app.log.2")
    log.rename(copy)
    assert at_rest(following) == []


@pytest.mark.parametrize("killed", [False, True])
def test_a_copy_in_the_making_at_the_first_start(tmp_path, killed):
    """Also where an exporter ran before, and was killed before its first commit."""
    log = tmp_path / "app.log"
    append(log, lines(1, 3))
    if killed:
        before = Following(tmp_path / "app.log*")
        assert before.poll() == numbered(1, 3)
        before.tail.close()
    shutil.copyfile(log, tmp_path / "app.log.1")
    following = Following(tmp_path / "app.log*")
    seen = following.poll()
    os.truncate(log, 0)
    append(log, lines(4, 4))
    assert seen + at_rest(following) == numbered(1, 4)


def test_a_log_that_got_the_number_of_a_removed_file_of_which_nothing_was_read(tmp_path):
    """It is no rotated file: a line of it may take its time."""
    rotated, log = tmp_path / "app.log.7", tmp_path / "app.log"
    rotated.touch()
    following = Following(tmp_path / "app.log*")
    assert following.poll() == []
    following = following.restarted()
    # The number of the removed file for the new one, as the file system likes to do it.
    append(rotated.rename(log), "line 1\nli")
    assert at_rest(following) == numbered(1, 1)
    append(log, "ne 2\n")
    assert at_rest(following) == numbered(2, 2)


def test_a_copy_that_got_the_number_of_a_removed_file(tmp_path):
    """It is compared with all files, rotated ones too."""
    log, removed = tmp_path / "app.log", tmp_path / "app.log.1"
    append(removed, lines(1, 1))
    append(log, lines(2, 2))
    following = Following(tmp_path / "app.log*")
    assert sorted(following.poll()) == numbered(1, 2)
    rotated = log.rename(tmp_path / "app.log.3")
    assert following.poll() == []
    following = following.restarted()
    copy = removed.rename(tmp_path / "app.log.2")
    shutil.copyfile(rotated, copy)
    assert following.poll() == []
    os.truncate(rotated, 0)
    assert at_rest(following) == []
