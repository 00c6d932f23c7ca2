"""A log of which nothing but a copy is left after the exporter was down."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.tailing.following import Following, append, compress, lines, numbered


@pytest.mark.parametrize("end", ["compressed", "removed", "left"])
def test_a_copy_of_a_log_that_was_truncated_rotated_and_is_gone(tmp_path, end):
    """It is read on where the log was left: each line counts once."""
    log = tmp_path / "app.log"
    append(log, lines(1, 50))
    following = Following(f"{log}*")
    assert following.poll() == numbered(1, 50)
    append(log, lines(51, 150))
    state = following.stored()
    following.tail.close()
    shutil.copyfile(log, tmp_path / "app.log.1")
    os.truncate(log, 0)
    append(log, lines(151, 151))
    rotated = log.rename(tmp_path / "app.log.2")
    log.touch()
    last = 151
    if end == "compressed":
        compress(rotated)
    elif end == "removed":
        rotated.unlink()
        last = 150
    following = Following(f"{log}*", state=state)
    got = following.poll()
    for _ in range(5):
        got += following.poll(3.0)
    assert sorted(got) == sorted(numbered(51, last))
