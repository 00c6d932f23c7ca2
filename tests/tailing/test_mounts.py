from __future__ import annotations

from types import SimpleNamespace

import pytest

from exporter.tailing import mounts


@pytest.fixture
def mounted(monkeypatch):
    """Return a function that makes up what is mounted."""

    def make_up(*pairs):
        parts = [SimpleNamespace(mountpoint=folder, fstype=kind) for folder, kind in pairs]
        monkeypatch.setattr(mounts.psutil, "disk_partitions", lambda **_: parts)

    return make_up


def test_a_folder_is_on_what_is_mounted_nearest_above(tmp_path, mounted):
    """Of two mounted at one place on the last one; a name that only begins alike is another."""
    mounted(("/", "ext4"), (str(tmp_path), "nfs"), (str(tmp_path), "nfs4"), (f"{tmp_path}2", "9p"))
    (tmp_path / "deep").mkdir()
    assert mounts.file_system(str(tmp_path / "deep")) == "nfs4"
    assert mounts.file_system(str(tmp_path)) == "nfs4"
    assert mounts.file_system(str(tmp_path.parent)) == "ext4"


def test_links_are_resolved(tmp_path, mounted):
    """What counts is where the files are."""
    (tmp_path / "mount").mkdir()
    (tmp_path / "link").symlink_to("mount")
    mounted(("/", "ext4"), (str(tmp_path / "mount"), "cifs"))
    assert mounts.file_system(str(tmp_path / "link")) == "cifs"


def test_nothing_may_be_known(tmp_path, mounted):
    """In a container that hides its mounts."""
    mounted()
    assert mounts.file_system(str(tmp_path)) == ""


@pytest.mark.parametrize(
    ("kind", "silent"),
    [("nfs", True), ("fuse", True), ("fuse.sshfs", True), ("virtiofs", True), ("9p", True),
     ("ext4", False), ("xfs", False), ("btrfs", False), ("overlay", False), ("tmpfs", False),
     ("fuseblk", False), ("", False)],
)  # fmt: skip
def test_which_file_systems_are_silent(kind, silent):
    """Those that other machines change, or a program makes up."""
    assert mounts.silent(kind) is silent


def test_the_real_thing_has_a_root():
    """Some file system is mounted at /."""
    assert mounts.file_system("/")
