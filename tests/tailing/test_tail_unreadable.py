"""Files and folders that can't be read for a while."""

from __future__ import annotations

import errno
import os

import pytest

from exporter.tailing.plain import PlainStream
from tests.tailing.following import Following, append, lines, numbered


def test_permission_lost_and_regained(tmp_path, monkeypatch):
    """What is open is read on; what is new is tried at every look, and read from its beginning."""
    append(tmp_path / "a.log", lines(1, 2))
    following = Following(tmp_path / "*.log")
    assert following.poll() == numbered(1, 2)

    def refuse(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with (tmp_path / "a.log").open("a") as a, (tmp_path / "b.log").open("w") as b:
            a.write(lines(3, 3))
            b.write(lines(4, 5))
        assert following.poll() == numbered(3, 3)
        assert following.poll() == []
        assert not following.tail.up
    assert following.tail.counters.open_errors == {"EACCES": 1}
    assert following.poll() == numbered(4, 5)
    assert following.tail.up


def test_a_file_whose_folder_can_not_be_looked_into_goes_on_when_it_can(tmp_path):
    """As with a mount that goes and comes back."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    append(folder / "a.log", lines(1, 2))
    following = Following(folder / "a.log")
    assert following.poll() == numbered(1, 2)
    folder.rename(tmp_path / "away")
    folder.write_text("a file in place of the folder")
    assert following.wait_out() == []
    assert following.tail.counters.open_errors["ENOTDIR"] == 1
    assert not following.tail.up
    folder.unlink()
    append(tmp_path / "away" / "a.log", lines(3, 3))
    (tmp_path / "away").rename(folder)
    assert following.poll() == numbered(3, 3)
    assert following.tail.up


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE])
def test_an_input_error_costs_one_file_one_turn(tmp_path, monkeypatch, code):
    """Network file systems do that; the other files are read on, and this one when it can be."""
    append(tmp_path / "a.log", lines(1, 1))
    append(tmp_path / "b.log", lines(2, 2))
    following = Following(tmp_path / "*.log")
    assert following.poll() == numbered(1, 2)
    bad = next(iter(following.tail.files.values()))
    descriptor = bad._stream._descriptor

    def failing(number, *args):
        if number == descriptor:
            raise OSError(code, os.strerror(code))
        return real(number, *args)

    real = os.pread
    append(tmp_path / "a.log", lines(3, 3))
    append(tmp_path / "b.log", lines(4, 4))
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", failing)
        following.now += 1
        following.tail.look(following.now)
        seen = [line for piece in following.tail.read(following.now) for line in piece.lines]
        assert seen == [b"line 4"]
        assert following.tail.unread >= 0
        assert not following.tail.up
    assert following.tail.counters.open_errors == {errno.errorcode[code]: 1}
    assert following.read() == numbered(3, 3)
    assert following.tail.up


def test_a_file_that_goes_between_the_look_and_the_opening(tmp_path, monkeypatch):
    """It was rotated away in that moment: counted, and nothing else is lost."""
    append(tmp_path / "a.log", lines(1, 1))
    append(tmp_path / "b.log", lines(2, 2))
    real = PlainStream.open

    def vanish(path):
        if path.endswith("a.log"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return real(path)

    following = Following(tmp_path / "*.log")
    with monkeypatch.context() as patched:
        patched.setattr(PlainStream, "open", vanish)
        assert following.poll() == numbered(2, 2)
    assert following.tail.counters.open_errors == {"ENOENT": 1}
    assert following.poll() == numbered(1, 1)
