"""A path that names another file than before: renamed, deleted, switched."""

from __future__ import annotations

import pytest

from exporter.tailing import tail
from tests.tailing.following import ROTATE_WAIT, Following, append, lines, numbered


@pytest.fixture
def log(tmp_path):
    """Return a log with five lines."""
    append(tmp_path / "app.log", lines(1, 5))
    return tmp_path / "app.log"


@pytest.fixture
def following(log):
    """Return a tail that has read them; the rotated name is not among its paths."""
    following = Following(log)
    assert following.poll() == numbered(1, 5)
    return following


def rotations(following: Following) -> int:
    """Return how many rotations were counted."""
    return following.tail.counters.rotations


def test_rename_and_create(log, following):
    """The new file is read from its beginning; the change is counted once."""
    log.rename(log.with_suffix(".1"))
    append(log, lines(6, 8))
    assert following.poll() == numbered(6, 8)
    assert following.wait_out() == []
    assert (rotations(following), len(following.tail.files)) == (1, 1)


def test_a_writer_that_has_not_switched_yet_is_read_on(log, following):
    """For as long as `rotate_wait`."""
    old = log.with_suffix(".1")
    log.rename(old)
    append(old, lines(6, 7))
    append(log, lines(8, 8))
    assert sorted(following.poll()) == numbered(6, 8)
    append(old, lines(9, 9))
    assert following.poll(ROTATE_WAIT / 2) == numbered(9, 9)


def test_lines_written_just_before_the_rotation_are_read(log, following):
    """They were never seen under the path."""
    append(log, lines(6, 6))
    log.rename(log.with_suffix(".1"))
    log.touch()
    assert following.poll() == numbered(6, 6)


def test_a_path_that_names_nothing_for_a_while(log, following):
    """The next file is read from its beginning, and is a rotation all the same."""
    log.rename(log.with_suffix(".1"))
    assert following.poll() == []
    append(log, lines(6, 11))
    assert following.poll() == numbered(6, 11)
    assert rotations(following) == 1


def test_a_long_gap_between_two_files(log, following):
    """The old one has been given up by then."""
    log.rename(log.with_suffix(".1"))
    assert following.wait_out() == []
    assert not following.tail.up
    append(log, lines(6, 7))
    assert following.poll() == numbered(6, 7)
    assert following.tail.up


def test_the_last_line_of_a_rotated_file_counts_without_a_line_end(log, following):
    """Once nobody is expected to complete it any more, and not before."""
    append(log, "line 6")
    log.rename(log.with_suffix(".1"))
    append(log, lines(7, 7))
    assert following.poll() == numbered(7, 7)
    assert following.poll(ROTATE_WAIT - 1) == []
    assert following.poll(2) == ["line 6"]
    assert following.wait_out() == []


def test_a_last_line_that_is_completed_in_time_is_one_line(log, following):
    """The writer had it in its buffer."""
    append(log, "line")
    log.rename(log.with_suffix(".1"))
    log.touch()
    assert following.poll() == []
    append(log.with_suffix(".1"), " 6\n")
    assert following.wait_out() == ["line 6"]


def test_a_glob_that_matches_the_rotated_names_too(tmp_path, log):
    """A file under a new name is the same file: nothing is read twice, nothing flushed early."""
    following = Following(tmp_path / "app.*")
    assert following.poll() == numbered(1, 5)
    for rotation in range(3):
        for number in range(rotation, 0, -1):
            (tmp_path / f"app.{number}").rename(tmp_path / f"app.{number + 1}")
        append(log, "li")
        log.rename(tmp_path / "app.1")
        append(tmp_path / "app.1", f"ne {2 * rotation + 6}\n")
        append(log, lines(2 * rotation + 7, 2 * rotation + 7))
        assert sorted(following.poll()) == sorted(numbered(2 * rotation + 6, 2 * rotation + 7))
        assert following.wait_out() == []
    assert rotations(following) == 3
    assert len(following.tail.files) == 4


def test_two_rotations_within_the_wait(log, following):
    """All three files are read to their ends."""
    log.rename(log.with_suffix(".1"))
    append(log, lines(6, 6))
    assert following.poll() == numbered(6, 6)
    append(log, lines(7, 7))
    log.rename(log.with_suffix(".2"))
    append(log.with_suffix(".1"), lines(8, 8))
    append(log, lines(9, 9))
    assert sorted(following.poll()) == numbered(7, 9)
    assert following.wait_out() == []
    assert (rotations(following), len(following.tail.files)) == (2, 1)


def test_deleted_and_recreated(log, following):
    """Lines of the deleted file that were not read yet are read too."""
    append(log, lines(6, 6))
    log.unlink()
    append(log, lines(7, 56))
    assert sorted(following.poll()) == sorted(numbered(6, 56))
    assert rotations(following) == 1


def test_a_deleted_file_is_let_go(log, following):
    """Its space is freed after the wait."""
    log.unlink()
    following.wait_out()
    assert len(following.tail.files) == 0


def test_a_symbolic_link_that_is_switched(tmp_path):
    """The file behind the link is what is followed; the old one is read to its end."""
    append(tmp_path / "monday", lines(1, 3))
    append(tmp_path / "tuesday", lines(4, 7))
    link = tmp_path / "app.log"
    link.symlink_to("monday")
    following = Following(link)
    assert following.poll() == numbered(1, 3)
    append(tmp_path / "monday", lines(8, 8))
    link.unlink()
    link.symlink_to("tuesday")
    assert sorted(following.poll()) == numbered(4, 8)
    assert following.wait_out() == []
    assert rotations(following) == 1


def test_a_file_that_was_moved_away_and_comes_back_goes_on(log, following):
    """Also after it was given up: its place is remembered."""
    away = log.with_name("elsewhere")
    log.rename(away)
    following.wait_out()
    append(away, lines(6, 6))
    away.rename(log)
    assert following.poll() == numbered(6, 6)


def test_a_new_file_that_can_not_be_opened_is_tried_again(log, following, monkeypatch):
    """Rotation may leave it without permissions for a moment; the old one is read meanwhile."""
    import os  # noqa: PLC0415

    def refuse(path, flags, *args, **kwargs):
        if str(path) == str(log):
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, flags, *args, **kwargs)

    really_open = os.open
    old = log.with_suffix(".1")
    log.rename(old)
    append(log, lines(6, 8))
    append(old, lines(9, 9))
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        assert following.poll() == numbered(9, 9)
        assert following.poll() == []
        assert following.tail.counters.open_errors == {"EACCES": 1}
        assert not following.tail.up
    assert following.poll() == numbered(6, 8)
    assert following.tail.up
    assert rotations(following) == 1


def test_a_path_that_names_another_file_between_the_look_and_the_opening(
    tmp_path, log, monkeypatch
):
    """After a restart the new file does not go on at the old one's position."""
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 5)
    append(log, lines(6, 7))

    def rotated_behind_its_back(patterns):
        found = really_discover(patterns)
        if not log.with_suffix(".log.1").exists():
            log.rename(log.with_suffix(".log.1"))
            append(log, lines(8, 9))
        return found

    really_discover = tail.discover
    monkeypatch.setattr(tail, "discover", rotated_behind_its_back)
    restarted = following.restarted()
    seen = restarted.poll() + restarted.poll() + restarted.poll()
    assert sorted(seen) == numbered(6, 9)
    assert restarted.tail.counters.truncations == 0
