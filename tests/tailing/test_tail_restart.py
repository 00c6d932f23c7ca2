"""What another process makes of the state that was stored."""

from __future__ import annotations

import os

import pytest

from exporter.tailing.tail import Tail
from tests.tailing.following import ROTATE_WAIT, Following, append, compress, lines, numbered, only


@pytest.fixture
def log(tmp_path):
    """Return a log with five lines."""
    append(tmp_path / "app.log", lines(1, 5))
    return tmp_path / "app.log"


@pytest.mark.parametrize("start", ["beginning", "end"])
def test_what_came_while_it_was_down_is_read(tmp_path, log, start):
    """In files known before, and in new ones."""
    following = Following(tmp_path / "*.log", start=start)
    following.poll()
    append(log, lines(6, 14))
    append(tmp_path / "new.log", lines(15, 16))
    restarted = following.restarted()
    assert restarted.poll() == numbered(6, 16)


def test_a_start_at_the_end_holds_even_if_no_line_came(log):
    """The place is stored when the file is found."""
    following = Following(log, start="end")
    following.poll()
    assert following.tail.changed
    append(log, lines(6, 7))
    assert following.restarted().poll() == numbered(6, 7)


def test_files_that_come_while_it_is_down_are_new_even_if_there_was_none_before(tmp_path):
    """A start at the end passes over what was there at the very first look."""
    following = Following(tmp_path / "*.log", start="end")
    following.poll()
    append(tmp_path / "app.log", lines(1, 2))
    assert following.restarted().poll() == numbered(1, 2)


def test_state_from_before_any_look_changes_nothing(log):
    """The first look is still to come."""
    assert Following(log, start="end").restarted().poll() == []


def test_half_a_line_is_read_whole(log):
    """Its beginning again, with its end."""
    following = Following(log)
    append(log, "line")
    assert following.poll() == numbered(1, 5)
    restarted = following.restarted()
    assert restarted.poll() == []
    append(log, " 6\n")
    assert restarted.poll() == ["line 6"]


def test_rotated_while_it_was_down(tmp_path, log):
    """The old file is known by its identity under its new name."""
    following = Following(tmp_path / "app.*")
    following.poll()
    append(log, lines(6, 6))
    log.rename(tmp_path / "app.1")
    append(log, lines(7, 8))
    assert sorted(following.restarted().poll()) == numbered(6, 8)


@pytest.mark.parametrize("written", [2, 500])
def test_truncated_while_it_was_down(log, written):
    """Noticed by its size, or by its beginning where it is larger than before."""
    following = Following(log)
    following.poll()
    os.truncate(log, 0)
    append(log, lines(6, 5 + written))
    restarted = following.restarted()
    assert restarted.poll() == numbered(6, 5 + written)
    assert restarted.tail.counters.truncations == 1


def test_a_reused_inode_is_another_file(tmp_path, log):
    """The file system gives the number of a deleted file to the next one."""
    following = Following(tmp_path / "*.log")
    following.poll()
    state = following.stored()
    following.tail.close()
    log.unlink()
    append(tmp_path / "other.log", lines(6, 30))
    status = (tmp_path / "other.log").stat()
    (position,) = state["positions"].values()
    position["key"] = [status.st_dev, status.st_ino]
    assert Following(tmp_path / "*.log", state=state).poll() == numbered(6, 30)


def test_in_a_backlog(log):
    """It goes on after the last turn that was stored, in the middle of a line or not."""
    following = Following(log)
    append(log, lines(6, 100))
    seen = []
    for _ in range(12):
        following.now += 1
        following.tail.look(following.now)
        pieces = list(following.tail.read(following.now, limit=50))
        seen += [line.decode() for piece in pieces for line in piece.lines]
        following = following.restarted()
    assert seen + following.poll() == numbered(1, 100)


def test_every_turn_of_a_rotation(tmp_path, log):
    """Restarted between all steps, the file is read as if it had run through."""
    following = Following(tmp_path / "app.*")
    seen = following.poll()
    for step in (
        lambda: append(log, "line"),
        lambda: log.rename(tmp_path / "app.1"),
        lambda: append(log, lines(7, 7)),
        lambda: append(tmp_path / "app.1", " 6\n"),
        lambda: compress(tmp_path / "app.1"),
        lambda: append(log, lines(8, 8)),
        lambda: log.rename(tmp_path / "app.1"),
    ):
        following = following.restarted()
        step()
        seen += following.poll()
    seen += following.restarted().wait_out()
    assert sorted(seen) == numbered(1, 8)


def test_counters_survive(tmp_path, log):
    """All four."""
    following = Following(tmp_path / "app.*")
    following.poll()
    log.rename(tmp_path / "app.1")
    append(log, lines(1, 1))
    following.poll()
    os.truncate(log, 0)
    following.poll()
    following.tail.counters.open_errors["EIO"] += 3
    following.tail.counters.abandoned_bytes = 7
    before = following.tail.counters
    assert (before.rotations, before.truncations) == (1, 1)
    assert following.restarted().tail.counters == before


def test_a_file_that_was_given_up_is_remembered(log):
    """It may be moved back while the exporter is down."""
    following = Following(log)
    following.poll()
    log.rename(log.with_name("away"))
    following.wait_out()
    append(log.with_name("away"), lines(6, 6))
    log.with_name("away").rename(log)
    assert following.restarted().poll() == numbered(6, 6)


def test_places_of_lost_files_are_forgotten_in_the_end(tmp_path):
    """A thousand are kept, the latest."""
    tail = Tail([str(tmp_path / "*.log")], "beginning", ROTATE_WAIT)
    for batch in range(2):
        for number in range(600):
            (tmp_path / f"{batch}-{number}.log").write_text(f"{batch}-{number}\n")
        tail.look(10.0 * batch)
        list(tail.read(10.0 * batch))
        for path in tmp_path.iterdir():
            path.rename(tmp_path / f"{path.name}.gone")
        for second in range(1, 9):
            tail.look(10.0 * batch + second)
            list(tail.read(10.0 * batch + second))
    assert len(tail.dump()["positions"].plain()) == 1000


def test_a_state_that_does_not_fit_changes_nothing(log):
    """All or nothing: the caller starts afresh."""
    following = Following(log)
    following.poll()
    state = following.stored()
    tail = Tail([str(log)], "beginning", ROTATE_WAIT)
    with pytest.raises(KeyError):
        tail.load({key: value for key, value in state.items() if key != "truncations"})
    assert tail.dump()["positions"].plain() == {}


def test_nothing_is_to_be_stored_when_nothing_happened(log):
    """An idle exporter writes nothing."""
    following = Following(log)
    following.poll()
    following.tail.changed = False
    following.poll()
    assert not following.tail.changed
    append(log, "li")
    following.poll()
    assert following.tail.changed


def test_files_that_all_went_and_came_back_are_not_read_again(tmp_path, monkeypatch):
    """As many positions are remembered as there ever were files, however many that is."""
    monkeypatch.setattr("exporter.tailing.remembered.REMEMBERED", 2)
    folder, away = tmp_path / "logs", tmp_path / "away"
    folder.mkdir()
    for number in range(5):
        append(folder / f"{number}.log", f"line {number}\n")
    following = Following(folder / "*.log")
    assert sorted(following.poll()) == numbered(0, 4)
    folder.rename(away)
    assert following.wait_out() == []
    away.rename(folder)
    assert following.poll() == []


def test_a_device_that_has_another_number_after_a_restart(tmp_path):
    """Path, inode and beginning tell that it is the same file: nothing is read twice."""
    path = tmp_path / "app.log"
    append(path, lines(1, 3))
    following = Following(path)
    assert following.poll() == numbered(1, 3)
    state = following.stored()
    following.tail.close()
    (position,) = state["positions"].values()
    device, inode = position["key"]
    position["key"] = [device + 1, inode]
    append(path, lines(4, 4))
    restarted = Following(path, state=state)
    assert restarted.poll() == numbered(4, 4)
    assert only(restarted.stored()["positions"])["key"] == [device, inode]
