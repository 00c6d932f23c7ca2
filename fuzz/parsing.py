"""What must hold whatever lines a parser is given."""

from __future__ import annotations

from typing import Any

from exporter.source import Parser, parser_below
from exporter.tailing.lines import Lines

RECEIVED = 1_767_225_600.0


def check(parser: Parser[Any], data: bytes) -> None:
    """Parse lines, at once and one by one; nothing may be raised, lost, or depend on the cut.

    Raises
    ------
    AssertionError
        If lines are lost or counted twice, or what becomes of them depends on those beside them.
    """
    lines = data.split(b"\n")
    below = parser_below(parser, lines[0])
    together = _counts(below, lines)
    one_by_one: dict[str, int] = {}
    for line in lines:
        for name, count in _counts(below, [line]).items():
            one_by_one[name] = one_by_one.get(name, 0) + count
    assert together == one_by_one, (together, one_by_one)
    assert sum(together.values()) == len(lines), together


def _counts(parser: Parser[Any], lines: list[bytes]) -> dict[str, int]:
    parsed = parser.parse(Lines.of(lines), RECEIVED)
    # A line that decodes may still say nothing that can be used.
    assert len(parsed.batch) <= parsed.parsed
    counts = {"parsed": parsed.parsed, **parsed.rejected, **parsed.skipped}
    return {name: count for name, count in counts.items() if count}
