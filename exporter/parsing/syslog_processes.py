"""Process ids: the number in brackets behind a tag, or the PROCID of RFC 5424."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.syslog_text import PADDING, Integers

NO_PROCESS = -1
NOT_ASKED_FOR: Integers = np.empty(0, dtype=np.int64)
_MAX_DIGITS = 10
_ZERO, _BRACKET = b"0["


def bracketed(block: bytes, tag_end: Integers) -> Integers:
    """Return int64[n], the numbers in ``[123]`` that begin at `tag_end`; -1 where there is none.

    Parameters
    ----------
    block
        The lines, with a line end between them.
    tag_end
        int64[n], where in it the tags end; negative for no tag.
    """
    text = np.frombuffer(block + PADDING, dtype=np.uint8)
    opened = (tag_end >= 0) & (text[np.maximum(tag_end, 0)] == _BRACKET)
    return _numbers(text, np.where(opened, tag_end + 1, -1), b"]")


def process_field(block: bytes, start: Integers) -> Integers:
    """Return int64[n], the numbers that begin at `start` and end with a space; else -1."""
    return _numbers(np.frombuffer(block + PADDING, dtype=np.uint8), start, b" ")


def _numbers(text: NDArray[np.uint8], start: Integers, closing: bytes) -> Integers:
    found = np.full(len(start), NO_PROCESS, dtype=np.int64)
    rows = np.flatnonzero(start >= 0)
    first = start[rows]
    number = np.zeros(len(rows), dtype=np.int64)
    digits = np.zeros(len(rows), dtype=np.int64)
    going = np.ones(len(rows), dtype=bool)
    for place in range(_MAX_DIGITS):
        value = text[first + place] - np.uint8(_ZERO)
        going &= value <= 9
        if not going.any():
            break
        number = np.where(going, number * 10 + value, number)
        digits += going
    good = (digits > 0) & (text[first + digits] == closing[0])
    found[rows[good]] = number[good]
    return found
