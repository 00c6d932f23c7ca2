from __future__ import annotations

import numpy as np

from exporter.markov.recent_lines import MIN_LINES, Place, RecentLines


def test_lines_by_their_position():
    """Rejected lines have none; the number is that in the file."""
    recent = RecentLines()
    recent.add(0, np.array([0, 2]), [b"a", b"?", b"b"], "x.log", 1)
    recent.add(2, np.array([1]), [b"?", b"c"], "y.log", 5)
    assert recent.find(1) == Place("x.log", 3, b"b")
    assert recent.find(2) == Place("y.log", 6, b"c")
    assert recent.find(3) is None
    assert recent.find(-1) is None
    assert recent.around(1, 1) == [b"a", b"b", b"c"]
    assert recent.around(0, 1) == [b"a", b"b"]


def test_old_lines_are_dropped():
    """As many are kept as may still be scored."""
    recent = RecentLines()
    size = 1000
    for first in range(0, 3 * MIN_LINES, size):
        recent.add(first, np.arange(size), [b"x"] * size)
    assert recent.find(0) is None
    assert recent.find(3 * MIN_LINES - MIN_LINES) is not None
