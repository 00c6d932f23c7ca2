from __future__ import annotations

import os

import pytest

from exporter.tailing.discovery import discover, watched_folders


def names(*patterns) -> list[str]:
    """Return the paths that are found, in order."""
    return list(discover([str(pattern) for pattern in patterns]).files.values())


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two logs."""
    (tmp_path / "a.log").write_text("a\n")
    (tmp_path / "b.log").write_text("b\n")
    return tmp_path


def test_a_glob_finds_the_files_that_are_there_now(folder):
    """Each with its identity."""
    found = discover([str(folder / "*.log")])
    status = (folder / "a.log").stat()
    assert found.files[status.st_dev, status.st_ino] == str(folder / "a.log")
    assert len(found.files) == 2
    assert found.errors == {}
    (folder / "c.log").write_text("")
    assert len(names(folder / "*.log")) == 3


def test_a_path_that_is_not_there_is_no_error(folder):
    """It may come later."""
    found = discover([str(folder / "none.log"), str(folder / "none" / "*.log")])
    assert (found.files, found.errors) == ({}, {})


def test_links_are_followed_and_a_file_is_found_once(folder):
    """Under its first name, be the others symbolic or hard links."""
    (folder / "c.log").symlink_to(folder / "a.log")
    os.link(folder / "a.log", folder / "d.log")
    assert names(folder / "*.log") == [str(folder / "a.log"), str(folder / "b.log")]
    assert names(folder / "d.log", folder / "a.log") == [str(folder / "d.log")]


def test_a_broken_link_names_nothing_and_a_loop_is_an_error(folder):
    """Neither costs the other files."""
    (folder / "broken.log").symlink_to(folder / "gone")
    (folder / "loop.log").symlink_to(folder / "loop.log")
    found = discover([str(folder / "*.log")])
    assert len(found.files) == 2
    assert found.errors == {str(folder / "loop.log"): "ELOOP"}


def test_a_directory_is_passed_over_in_a_glob_and_an_error_when_named(folder):
    """A path that names one outright is a mistake."""
    (folder / "folder.log").mkdir()
    assert discover([str(folder / "*.log")]).errors == {}
    assert list(discover([str(folder / "folder.log")]).errors.values()) == ["EISDIR"]


def test_a_fifo_and_a_device_are_errors(folder):
    """They can't be read twice, hence not exactly once."""
    os.mkfifo(folder / "fifo.log")
    assert discover([str(folder / "*.log")]).errors == {str(folder / "fifo.log"): "EINVAL"}
    assert discover(["/dev/null"]).errors == {"/dev/null": "EINVAL"}


def test_a_path_through_a_file_is_an_error(folder):
    """The system's error tells what is wrong."""
    assert list(discover([str(folder / "a.log" / "b.log")]).errors.values()) == ["ENOTDIR"]


def test_two_stars_descend(folder):
    """Into folders that appear later, too; hidden files stay hidden from a star."""
    (folder / "x" / "y").mkdir(parents=True)
    (folder / "x" / "y" / "deep.log").write_text("")
    (folder / ".hidden.log").write_text("")
    found = names(folder / "**" / "*.log")
    assert found == [str(folder / name) for name in ("a.log", "b.log", "x/y/deep.log")]


def test_folders_to_watch(folder):
    """The folder of a path; all below where a folder is a pattern."""
    patterns = [str(folder / "*.log"), str(folder / "**" / "*.log"), "/no/such/folder/x.log"]
    assert watched_folders(patterns) == {str(folder): True, "/": False}
    assert watched_folders([str(folder / "*.log")]) == {str(folder): False}


def test_a_folder_that_may_not_be_entered_is_watched_from_above(folder, monkeypatch):
    """Asking about what is inside it raises PermissionError; that must not end the exporter."""
    inside = str(folder / "locked" / "deeper")

    def stat(path, *args, **kwargs):
        if str(path) == inside:
            raise PermissionError(13, "Permission denied", inside)
        return real(path, *args, **kwargs)

    real = os.stat
    (folder / "locked").mkdir()
    monkeypatch.setattr(os, "stat", stat)
    assert watched_folders([f"{inside}/x.log"]) == {str(folder / "locked"): False}
