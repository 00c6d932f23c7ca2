"""Progress is for people at a terminal, and for nobody else."""

from __future__ import annotations

import io

from exporter.commands.streams import Streams
from tests.commands.terminal import Terminal


def shown(err, **options):
    """Return what is written while two of three things are done."""
    with Streams(io.StringIO(), err, io.BytesIO()).progress("counting", **options) as progress:
        progress.advance(2)
    return err.getvalue()


def test_nothing_in_a_pipe():
    """A log file of a cron job holds no bar."""
    assert shown(io.StringIO()) == ""
    assert shown(io.StringIO(), total=3, unit="rankings") == ""


def test_lines_are_counted_where_the_end_is_not_known():
    """A pipe has no length, so there is a count and no bar."""
    assert "2 lines" in shown(Terminal())


def test_a_bar_where_the_end_is_known():
    """How many of how many, and of what."""
    text = shown(Terminal(), total=3, unit="rankings")
    assert "2/3" in text
    assert "rankings" in text
