"""What all syslog formats have in common: bytes to columns of text, and the priority in front."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from exporter.records import Categorical

Integers = NDArray[np.int64]

MAX_HOST_CHARACTERS = 255
MAX_TAG_CHARACTERS = 64
MAX_LEADING_FIELDS = 20
MAX_TEXT_BYTES = 4096
"""Of tag and text; messages that differ only beyond that are the same message."""
MEMO_BYTES = 16 << 20
EMPTY = b" \t\r\n\0"
DIGITS = b"0123456789"
PADDING = b"\n" * 64
"""Behind a block, so that what a header may hold can be looked at without a check."""


def number(values: Sequence[bytes]) -> tuple[NDArray[np.int32], list[bytes]]:
    """Return the number of each value, from 0 in order of first appearance, and the values."""
    # A dictionary that makes the next number for a missing key never leaves C.
    index: defaultdict[bytes, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(index.__getitem__, values), np.int32, len(values))
    return codes, list(index)


def categorical(codes: NDArray[np.int32], values: Sequence[str]) -> Categorical:
    """Return a column whose values may repeat in `values` (bytes that decode to one text)."""
    index: dict[str, int] = {}
    table = [index.setdefault(value, len(index)) for value in values]
    return Categorical(np.array(table, dtype=np.int32)[codes], tuple(index))


def text_of(value: bytes) -> str:
    """Return bytes as text, whatever they are."""
    return value.decode("utf-8", "replace")


def without_fields(line: bytes, fields: int) -> bytes:
    """Return what follows the columns of a collector; nothing is decodable where there are less."""
    parts = line.split(b" ", fields)
    return parts[fields] if len(parts) > fields else b"-"


def after_priority(text: NDArray[np.uint8], start: Integers) -> Integers:
    """Return where each line goes on after ``<0>`` to ``<999>``."""
    marked = text[start] == ord("<")
    if not marked.any():
        return start
    start = start.copy()
    for digits in (1, 2, 3):
        at = start[marked]
        characters = text[at[:, None] + np.arange(1, digits + 1)]
        digital = (characters - np.uint8(ord("0")) <= 9).all(axis=1)
        rows = np.flatnonzero(marked)[digital & (text[at + digits + 1] == ord(">"))]
        start[rows] += digits + 2
        marked[rows] = False
    return start
