from __future__ import annotations

import errno
import glob
import os
import re
from pathlib import Path

import pytest

from exporter.tailing.discovery import Discovered, discover
from exporter.tailing.folders import Interest, merge


def names(*patterns) -> list[str]:
    """Return the paths that are found, in order."""
    return [found.path for found in discover([str(pattern) for pattern in patterns]).files.values()]


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
    assert found.files[status.st_dev, status.st_ino].path == str(folder / "a.log")
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


@pytest.mark.parametrize(
    "pattern",
    ["*.log", "*", "[ab].log", "?.log", ".*", "**", "**/*.log", "*/*.log", "*/y/*.log",
     "x/**/*.log", "**/y/**", "*/", "x/", "*.none", "none/*", "a.log", "x/y/deep.log",
     "*/y/deep.log", "[!a].log", ".hidden/*", "**/.h*", "x[[]1].log"],
)  # fmt: skip
def test_finds_what_the_standard_library_finds(folder, pattern):
    """Hidden files, brackets, names that are no UTF-8, and links to folders included."""
    (folder / "x" / "y").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("x/y/deep.log", ".hidden.log", ".hidden/c.log", "x[1].log", "x/\udcff.log"):
        (folder / name).write_text("")
    (folder / "link").symlink_to("x")
    (folder / "broken.log").symlink_to("gone")
    full = f"{folder}/{pattern}"
    expected: dict[tuple[int, int], str] = {}
    for path in sorted(glob.glob(full, recursive=True)):
        if Path(path).is_file():
            status = Path(path).stat()
            expected.setdefault((status.st_dev, status.st_ino), path)
    found = discover([full])
    assert {key: one.path for key, one in found.files.items()} == expected
    assert found.errors == ({f"{folder}/x": "EISDIR"} if pattern == "x/" else {})


def test_a_relative_pattern_is_looked_up_in_the_working_directory(folder, monkeypatch):
    """And its paths stay relative."""
    monkeypatch.chdir(folder)
    (folder / "x").mkdir()
    (folder / "x" / "c.log").touch()
    assert names("*.log", "x/c.log", "*/*.log") == ["a.log", "b.log", "x/c.log"]
    assert set(discover(["*/*.log"]).folders) == {"", "x"}


def test_size_and_time_of_the_last_change_are_told(folder):
    """They say whether there is anything to read."""
    os.utime(folder / "a.log", ns=(1, 1_700_000_000_123_456_789))
    [found] = discover([str(folder / "a.log")]).files.values()
    assert found == (str(folder / "a.log"), 2, 1_700_000_000_123_456_789, ())


def test_two_stars_pass_by_a_link_that_leads_back(folder):
    """What it leads to is found already, and it has no end."""
    (folder / "x").mkdir()
    (folder / "x" / "c.log").touch()
    (folder / "x" / "back").symlink_to(folder)
    assert names(folder / "**" / "c.log") == [str(folder / "x" / "c.log")]


def test_a_folder_that_can_not_be_listed_is_an_error(folder, monkeypatch):
    """What it holds is unknown, which is not the same as gone; other folders are found."""
    (folder / "locked").mkdir()
    (folder / "open").mkdir()
    (folder / "open" / "c.log").touch()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = discover([f"{folder}/*/*.log"])
    assert found.errors == {f"{folder}/locked": "EACCES"}
    assert [one.path for one in found.files.values()] == [f"{folder}/open/c.log"]


def test_a_fifo_is_told_where_it_is_named_outright(folder):
    """Reading takes away from it, which a wildcard does not ask for."""
    os.mkfifo(folder / "fifo.log")
    status = (folder / "fifo.log").stat()
    named = discover([str(folder / "fifo.log")])
    assert named.fifos == {(status.st_dev, status.st_ino): str(folder / "fifo.log")}
    assert (named.files, named.errors) == ({}, {})
    assert discover([str(folder / "*.log")]).fifos == {}
    assert discover(["-"]) == Discovered()


def matters(folders, folder, name, **options) -> bool:
    """Return whether an entry of a folder matters."""
    return folders[str(folder)].matters(name, **options)


def test_what_matters_of_a_path_is_each_step_that_leads_to_it(folder):
    """Writing matters in the last folder alone."""
    (folder / "x").mkdir()
    folders = discover([str(folder / "x" / "a.log")]).folders
    assert matters(folders, folder / "x", "a.log")
    assert not matters(folders, folder / "x", "b.log")
    assert matters(folders, folder, "x")
    assert matters(folders, "/", folder.parts[1])
    contents = [name for name, interest in folders.items() if interest.contents]
    assert contents == [str(folder / "x")]
    assert list(folders[str(folder / "x")].paths(str(folder / "x"), "a.log")) == [
        str(folder / "x" / "a.log")
    ]


def test_what_matters_of_a_path_that_is_not_there_is_the_next_step(folder):
    """In the nearest folder that is there."""
    folders = discover([str(folder / "none" / "deeper" / "x.log")]).folders
    assert matters(folders, folder, "none")
    assert max(folders, key=len) == str(folder)


def test_what_matters_of_a_glob_is_what_it_can_match(folder):
    """And below two stars every folder, hidden ones aside."""
    (folder / "x").mkdir()
    folders = discover([str(folder / "**" / "*.log")]).folders
    for one in (folder, folder / "x"):
        assert matters(folders, one, "new.log")
        assert not matters(folders, one, "new.txt")
        assert matters(folders, one, "y", is_folder=True)
        assert not matters(folders, one, ".y", is_folder=True)
        assert not matters(folders, one, ".new.log")


def test_writing_to_the_file_that_a_link_leads_to_matters(folder, tmp_path_factory):
    """It is told under the path of the link; of a broken one when the file comes."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "real").touch()
    (folder / "link.log").symlink_to(elsewhere / "real")
    (folder / "broken.log").symlink_to(elsewhere / "gone")
    for pattern in (folder / "*.log", folder / "link.log", folder / "broken.log"):
        interest = discover([str(pattern)]).folders[str(elsewhere)]
        assert not interest.contents
        for name, link in (("real", "link.log"), ("gone", "broken.log")):
            if pattern.match(link):
                assert interest.matters(name)
            if pattern.name in ("*.log", link):
                assert list(interest.paths(str(elsewhere), name)) == [str(folder / link)]


def test_a_folder_that_may_not_be_entered_is_watched_from_above(folder, monkeypatch):
    """Asking about what is inside it raises PermissionError; that must not end the exporter."""
    inside = str(folder / "locked" / "deeper")

    def stat(path, *args, **kwargs):
        if str(path).startswith(inside):
            raise PermissionError(13, "Permission denied", inside)
        return real(path, *args, **kwargs)

    real = os.stat
    (folder / "locked").mkdir()
    monkeypatch.setattr(os, "stat", stat)
    found = discover([f"{inside}/x.log"])
    assert found.errors == {f"{inside}/x.log": "EACCES"}
    assert max(found.folders, key=len) == str(folder / "locked")
    assert matters(found.folders, folder / "locked", "deeper")


def test_what_matters_to_several_sources_is_merged():
    """Nothing that matters to one is left out."""
    pattern = re.compile("x")
    merged = merge(
        iter(
            [
                {"/a": Interest(names={"1"}, aliases={"t": {"/l"}})},
                {
                    "/a": Interest(names={"2"}, contents=True, aliases={"t": {"/m"}}),
                    "/b": Interest(),
                },
                {"/a": Interest(patterns={pattern}, below=True)},
            ]
        )
    )
    assert merged == {
        "/a": Interest({"1", "2"}, {pattern}, True, True, {"t": {"/l", "/m"}}),
        "/b": Interest(),
    }
    assert sorted(merged["/a"].paths("/a", "t")) == ["/a/t", "/l", "/m"]
