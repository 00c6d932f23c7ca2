"""Which of many new files may be copies of one another: those that begin alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from itertools import pairwise

from exporter.tailing.identity import FileKey
from exporter.tailing.plain import PlainStream


def alike(paths: Mapping[FileKey, str]) -> set[FileKey]:
    """Return which plain files begin like another one, empty ones included.

    At the very first look nothing is known of any file, and there may be thousands: to compare
    each with each would take minutes.

    Parameters
    ----------
    paths
        By identity. What can't be read begins like nothing, and so does a .gz file.
    """
    beginnings = []
    for key, path in paths.items():
        if not path.endswith(".gz"):
            with suppress(OSError), closing(PlainStream.open(path)) as stream:
                beginnings.append((stream.beginning(), key))
    return overlapping(beginnings)


def overlapping(beginnings: list[tuple[bytes, FileKey]]) -> set[FileKey]:
    """Return the keys of those that are the beginning of another one, or begin with another one.

    >>> sorted(overlapping([(b"ab", (0, 1)), (b"abc", (0, 2)), (b"b", (0, 3)), (b"", (0, 4))]))
    [(0, 1), (0, 2), (0, 4)]
    """
    found = {key for beginning, key in beginnings if not beginning}
    # In this order all that begin with one of them follow it at once.
    ordered = sorted(item for item in beginnings if item[0])
    shortest = b""
    for (before, key), (beginning, following) in pairwise(ordered):
        if not (shortest and before.startswith(shortest)):
            shortest = before
        if beginning.startswith(shortest):
            found |= {key, following}
    return found
