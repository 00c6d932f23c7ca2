from __future__ import annotations

import os

import pytest

from exporter.servers import pid_file
from exporter.servers.pid_file import Claim
from exporter.servers.sampling import SampleError


@pytest.mark.parametrize("content", ["42", "42\n", "  42 \r\n", "42\n/var/lib/data\n5432\n"])
def test_the_first_line_is_the_number(tmp_path, content):
    """As databases do it, too, that have more to say."""
    path = tmp_path / "server.pid"
    path.write_bytes(content.encode())
    os.utime(path, (5000, 5000))
    assert pid_file.read(path) == Claim(42, 5000.0)


@pytest.mark.parametrize(
    "content", ["", "\n", "none", "-5", "+5", "0", "4_2", "4.2", "42 43", "9999999999", "0x2a", "٤"]
)
def test_anything_else_is_none(tmp_path, content):
    """Empty while its writer is at it, negative, or not of digits."""
    path = tmp_path / "server.pid"
    path.write_bytes(content.encode())
    with pytest.raises(SampleError, match="is no number of a process") as caught:
        pid_file.read(path)
    assert caught.value.reason == "pid_file_invalid"


def test_there_is_none(tmp_path):
    """Nor a directory that it is in, nor one that is a file."""
    (tmp_path / "file").touch()
    for name in ("no.pid", "no/no.pid", "file/no.pid"):
        with pytest.raises(SampleError, match="there is no such file") as caught:
            pid_file.read(tmp_path / name)
        assert caught.value.reason == "pid_file_missing"


def test_what_is_no_file(tmp_path):
    """A directory has no number, and nobody waits for a FIFO."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(SampleError) as caught:
            pid_file.read(path)
        assert caught.value.reason == "pid_file_invalid"


def test_rights_are_missing(tmp_path, monkeypatch):
    """The file is there, but not for the exporter."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pid_file.os, "open", refuse)
    with pytest.raises(SampleError, match=r"server\.pid: Permission denied") as caught:
        pid_file.read(tmp_path / "server.pid")
    assert caught.value.reason == "permission_denied"
