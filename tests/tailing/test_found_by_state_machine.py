"""What the state machine found, shrunk to the smallest case."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.tailing.following import Following, append, compress, lines, numbered

HEADER = "#" + "same beginning " * 80 + "\n"


def test_a_new_log_that_begins_like_one_just_truncated_is_not_lost_silently(tmp_path):
    """It is shorter than what was read there, and holds something else: read, or counted."""
    append(tmp_path / "b.log", HEADER + lines(1, 5))
    following = Following(tmp_path / "*.log*")
    following.poll()
    os.truncate(tmp_path / "b.log", 0)
    append(tmp_path / "a.log", HEADER + lines(6, 7))
    got = [line for _ in range(20) for line in following.poll()]
    read = [line for line in got if line in numbered(6, 7)]
    assert read == numbered(6, 7) or following.tail.counters.abandoned_bytes > 0


def test_an_empty_file_seen_before_it_was_rotated_is_read_on(tmp_path):
    """Its writer has not switched yet, and writes its first lines now."""
    log = tmp_path / "app.log"
    following = Following(log)
    following.poll()
    following = following.restarted()
    log.touch()
    following.poll()
    log.rename(tmp_path / "old")
    append(tmp_path / "old", lines(1, 2))
    assert following.poll() + following.poll() == numbered(1, 2)


def test_an_empty_file_behind_a_link_that_is_switched_is_read(tmp_path):
    """It was seen before; lines are written just before the link leads elsewhere."""
    first, link = tmp_path / "first", tmp_path / "app.log"
    link.symlink_to(first)
    following = Following(link)
    following.poll()
    first.touch()
    following.poll()
    append(first, lines(1, 2))
    fresh = tmp_path / "fresh"
    fresh.symlink_to(tmp_path / "second")
    fresh.rename(link)
    assert following.poll() + following.poll() == numbered(1, 2)


def test_the_last_line_of_a_log_truncated_and_rotated_between_two_looks_counts(tmp_path):
    """It has no line end, as that of any rotated file may; the file was followed before."""
    log = tmp_path / "app.log"
    append(log, lines(1, 1))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 1)
    os.truncate(log, 0)
    append(log, "line 2")
    log.rename(tmp_path / "app.log.1")
    assert following.poll() + following.wait_out() + following.wait_out() == ["line 2"]


def test_a_small_log_copied_and_gone_while_down_counts_once(tmp_path):
    """Less than 1,024 bytes of it were read; the copy holds the same up to the last byte."""
    log = tmp_path / "app.log"
    append(log, lines(1, 5))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 5)
    shutil.copyfile(log, tmp_path / "app.log.1")
    log.unlink()
    following = following.restarted()
    assert following.poll() + following.wait_out() + following.wait_out() == []


def test_a_closed_rotated_file_that_became_a_copy_beside_a_new_gz(tmp_path):
    """Its name and its content are others, while a new .gz file is compared with all there are."""
    log, old, copy = (tmp_path / name for name in ("a.log", "a.log.2", "a.log.4"))
    append(log, "line 0")
    following = Following(tmp_path / "a.log*")
    following.poll()
    log.rename(old)
    assert following.wait_out() + following.wait_out() == ["line 0"]
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    (tmp_path / "a.log.2.gz").write_bytes(gzip.compress(b"line 0"))
    old.rename(copy)
    shutil.copyfile(log, copy)
    got = following.poll()
    os.truncate(log, 0)
    assert got + following.wait_out() + following.wait_out() == []


def test_a_copy_that_got_the_inode_of_a_compressed_file(tmp_path):
    """As the one above, made by nothing but rotation and gzip."""
    log, old = tmp_path / "a.log", tmp_path / "a.log.2"
    append(log, "line 0")
    following = Following(tmp_path / "a.log*")
    following.poll()
    log.rename(old)
    assert following.wait_out() + following.wait_out() == ["line 0"]
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    compress(old)
    shutil.copyfile(log, tmp_path / "a.log.4")
    got = following.poll()
    os.truncate(log, 0)
    assert got + following.wait_out() + following.wait_out() == []


def test_a_copy_that_got_the_inode_of_a_file_removed_before_a_restart(tmp_path):
    """The copy appears after the restart; the position known by its inode is another content's."""
    gone, log, copy = (tmp_path / name for name in ("a.log", "b.log", "b.log.1"))
    append(gone, "line 0")
    append(log, lines(1, 5))
    following = Following(tmp_path / "*.log*")
    assert following.poll() == numbered(1, 5)
    inode = gone.stat().st_ino
    gone.unlink()
    following = following.restarted()
    assert following.poll() == []
    with_inode(inode, copy)
    shutil.copyfile(log, copy)
    got = following.poll()
    os.truncate(log, 0)
    assert got + following.wait_out() + following.wait_out() == []


def test_a_copy_made_over_an_older_one_while_down(tmp_path):
    """As a script does that says: cp app.log app.log.1; : > app.log."""
    log, copy = tmp_path / "app.log", tmp_path / "app.log.1"
    append(log, lines(1, 300))
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, 300)
    shutil.copyfile(log, copy)
    os.truncate(log, 0)
    assert following.poll() + following.wait_out() == []
    append(log, lines(301, 600))
    assert following.poll() == numbered(301, 600)
    append(log, lines(601, 610))
    shutil.copyfile(log, copy)
    os.truncate(log, 0)
    following = following.restarted()
    assert following.poll() + following.wait_out() + following.wait_out() == numbered(601, 610)


@pytest.mark.parametrize("times", [0, 1, 8])
def test_half_a_line_completed_rotated_and_compressed_before_a_restart(tmp_path, times):
    """The half was read; the .gz file holds the whole, and is read in time."""
    log = tmp_path / "a.log"
    append(log, "line 1")
    following = Following(tmp_path / "a.log*")
    for _ in range(times):
        following.poll()
    append(log, "0\nline 11\n")
    compress(log.rename(tmp_path / "a.log.3"))
    following.tail.look(following.now)
    following = following.restarted()
    assert following.poll() + following.wait_out() == numbered(10, 11)


@pytest.mark.parametrize("mode", ["ab", "wb"], ids=["append", "hole"])
def test_a_log_truncated_written_and_copied_between_two_looks(tmp_path, mode):
    """The copy is of what the log holds since; it is truncated once more after the look."""
    log, link, copy = tmp_path / "first", tmp_path / "cur.log", tmp_path / "cur.log.1"
    link.symlink_to(log)
    following = Following(tmp_path / "cur.log*")
    with log.open(mode, buffering=0) as file:
        file.write(lines(15, 15).encode())
        assert following.poll() == numbered(15, 15)
        os.truncate(log, 0)
        file.write(lines(17, 17).encode())
        shutil.copyfile(log, copy)
        got = following.poll()
        os.truncate(log, 0)
        assert got + following.wait_out() + following.wait_out() == numbered(17, 17)


def with_inode(inode: int, path: Path) -> None:
    """Make an empty file that has got this inode, where the file system gives it again."""
    tried = []
    for number in range(100):
        candidate = path.with_name(f"try-{number}")
        candidate.touch()
        tried.append(candidate)
        if candidate.stat().st_ino == inode:
            candidate.rename(path)
            break
    for candidate in tried:
        candidate.unlink(missing_ok=True)
