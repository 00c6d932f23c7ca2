"""Numbers that make a difference: interfaces, HTTP and exit codes, signals.

Messages are compared without their digits. A few numbers say what a line means, and not which one
it is: `eth0` and `eth1`, a response 200 and 500, a program that exits with 0 and with 1.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.syslog_text import text_of
from exporter.records import Categorical

_KEPT = {
    b"eth": re.compile(rb"(?<![A-Za-z])(eth\d{1,3})\b"),
    b"HTTP/": re.compile(rb'HTTP/\d(?:\.\d)?"? (\d{3})\b'),
    b"exit": re.compile(rb"exit(?:ed)?(?: with)?(?: (?:code|status))?[ =:]+(-?\d{1,3})\b"),
    b"status": re.compile(rb"status[ =:]+(-?\d{1,3})\b"),
    b"code": re.compile(rb"(?<![A-Za-z])code[ =:]+(-?\d{1,3})\b"),
    b"signal": re.compile(rb"signal[ =:]+(\d{1,2})\b"),
}
_MAX_OF_A_LINE = 4


def variants(
    block: bytes, breaks: NDArray[np.intp], rows: NDArray[np.intp], message: Categorical
) -> Categorical:
    """Return messages with the numbers that make a difference in front of what they say.

    Parameters
    ----------
    block, breaks
        Lines, and int[], where one ends and the next begins.
    rows
        int[n], which of the lines each message is, ascending.
    message
        Without digits, the tag in front.
    """
    found = _found(block)
    if not found:
        return message
    kept: defaultdict[int, list[bytes]] = defaultdict(list)
    places = sorted(found)
    for line, place in zip(np.searchsorted(breaks, places).tolist(), places, strict=True):
        kept[line].append(found[place])
    index: dict[str, int] = {value: code for code, value in enumerate(message.values)}
    codes = message.codes.copy()
    lines = np.array(list(kept), dtype=np.intp)
    near = np.minimum(np.searchsorted(rows, lines), max(len(rows) - 1, 0))
    for line, place in zip(lines.tolist(), near.tolist(), strict=True):
        if len(rows) and rows[place] == line:
            value = _joined(message.values[codes[place]], kept[line])
            codes[place] = index.setdefault(value, len(index))
    return Categorical(codes, tuple(index))


def _found(block: bytes) -> dict[int, bytes]:
    """Return the numbers by where they are, which may be in the reach of several expressions."""
    found = {}
    for literal, pattern in _KEPT.items():
        # Looking for a few letters first is many times as fast as the expression.
        position = block.find(literal)
        while position >= 0:
            match = pattern.match(block, position)
            if match:
                found[match.start(1)] = match[1]
            position = block.find(literal, position + len(literal))
    return found


def _joined(message: str, kept: Sequence[bytes]) -> str:
    tag, colon, text = message.partition(": ")
    words = ",".join(text_of(each) for each in kept[:_MAX_OF_A_LINE])
    return f"{tag}: {words} {text}" if colon else f"{words} {message}"
