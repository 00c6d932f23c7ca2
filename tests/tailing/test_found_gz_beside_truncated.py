"""A log that was truncated, written anew, rotated and compressed between two polls."""

from __future__ import annotations

import gzip
import os
import shutil

import pytest

from tests.tailing.following import Following, append, lines, numbered


@pytest.mark.parametrize("part", [1.0, 0.5])
@pytest.mark.parametrize("copy", ["app.log.1", "elsewhere"])
def test_a_gz_file_beside_a_plain_one_that_was_truncated_before(tmp_path, copy, part):
    """The plain form is there to be compared with, as new as the .gz file: each line once."""
    log = tmp_path / "app.log"
    append(log, lines(1, 100))
    following = Following(f"{log}*")
    assert following.poll() == numbered(1, 100)
    shutil.copyfile(log, tmp_path / copy)
    os.truncate(log, 0)
    append(log, lines(101, 400))
    rotated = log.rename(tmp_path / "app.log.2")
    log.touch()
    packed = gzip.compress(rotated.read_bytes())
    target = tmp_path / "app.log.2.gz"
    target.write_bytes(packed[: int(part * len(packed))])
    got = following.poll()
    target.write_bytes(packed)
    rotated.unlink()
    for _ in range(5):
        got += following.poll(3.0)
    assert sorted(got) == sorted(numbered(101, 400))
