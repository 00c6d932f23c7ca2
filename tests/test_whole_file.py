from __future__ import annotations

import stat

import pytest

from exporter import whole_file
from exporter.errors import UsageError


def test_the_content_is_replaced(tmp_path):
    """Nothing else is left in the folder, and the mode is that of the former file."""
    path = tmp_path / "file"
    whole_file.replace(path, b"first")
    path.chmod(0o640)
    whole_file.replace(path, b"second")
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_keeps_what_it_has_opened(tmp_path):
    """It reads the old file to its end."""
    path = tmp_path / "file"
    whole_file.replace(path, b"first")
    with path.open("rb") as opened:
        whole_file.replace(path, b"second")
        assert opened.read() == b"first"


def test_a_full_disk_leaves_the_former_file(tmp_path):
    """And no half of the new one."""
    # What is written to this device fails as it does on a full disk.
    path = tmp_path / "file"
    path.write_bytes(b"first")
    whole_file.unfinished(path).symlink_to("/dev/full")
    with pytest.raises(UsageError, match="file: can't be written: No space left on device"):
        whole_file.replace(path, b"second" * 10_000)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]
