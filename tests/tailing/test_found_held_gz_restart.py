"""A .gz file that was held back when the exporter stopped."""

from __future__ import annotations

import gzip

import pytest

from tests.tailing.following import Following, append, lines, numbered


@pytest.mark.parametrize("part", [1.0, 0.5])
@pytest.mark.parametrize("polls", [1, 2])
@pytest.mark.parametrize("removed", ["before the poll", "after the poll", "never"])
def test_a_gz_file_that_was_held_is_not_read_on_where_it_was_compared(
    tmp_path, removed, polls, part
):
    """Its plain form was read further than that, and is known to have been."""
    log = tmp_path / "app.log"
    append(log, lines(1, 5))
    following = Following(f"{log}*")
    got = following.poll()
    append(log, lines(6, 300))
    rotated = log.rename(tmp_path / "app.log.1")
    packed = gzip.compress(rotated.read_bytes())
    target = tmp_path / "app.log.1.gz"
    target.write_bytes(packed[: int(part * len(packed))])
    if removed == "before the poll":
        rotated.unlink()
    for _ in range(polls):
        got += following.poll()
    if removed == "after the poll":
        rotated.unlink()
    target.write_bytes(packed)
    following = following.restarted()
    for _ in range(5):
        got += following.poll(3.0)
    assert sorted(got) == sorted(numbered(1, 300))
