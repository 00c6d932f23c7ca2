"""Faults planted into alerts, one at a time, for the rule tests to find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FLIPPED = {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
# Strings, matchers and ranges are matched first, so that what is in them is left alone.
_PARTS = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"|(?P<braces>\{[^}]*\})"
    r"|(?P<range>\[[^\]]*\])"
    r"|(?P<comparison>>=|<=|==|!=|>|<)"
)
_NUMBER = re.compile(r"\s*(?:bool\s+)?(?P<number>\d+(?:\.\d+)?(?:e[-+]?\d+)?)\b(?!\s*\*)")
_MATCHING = re.compile(
    r"\s*(?:(?:on|ignoring)\s*\([^)]*\)\s*)?(?:group_(?:left|right)\s*(?:\([^)]*\))?\s*)?"
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """An expression with a fault.

    Attributes
    ----------
    what
        The fault, for a message.
    expression
        With it.
    """

    what: str
    expression: str


def mutants(expression: str) -> Iterator[Mutant]:
    """Yield the expression with each comparison the other way round, and each limit doubled.

    A limit is a number that is compared with, or `model_threshold` and the like behind a
    comparison. Zero, twice which is zero, is left alone.

    >>> [mutant.expression for mutant in mutants('rate(x{a!="b"}[5m]) > 2 and y == 0')]
    ['rate(x{a!="b"}[5m]) < 2 and y == 0', 'rate(x{a!="b"}[5m]) > 4 and y == 0', \
'rate(x{a!="b"}[5m]) > 2 and y != 0']
    >>> [mutant.expression for mutant in mutants("x < on (job) group_left () max(y)")]
    ['x > on (job) group_left () max(y)', 'x < on (job) group_left () 2 * max(y)']
    """
    for found in _PARTS.finditer(expression):
        if found["comparison"] is None:
            continue
        before, after = expression[: found.start()], expression[found.end() :]
        flipped = _FLIPPED[found["comparison"]]
        where = f"{found['comparison']} at {found.start()}"
        yield Mutant(f"{where} is {flipped}", before + flipped + after)
        number = _NUMBER.match(after)
        kept = expression[: found.end()]
        if number is None:
            place = _MATCHING.match(after)
            at = place.end() if place else 0
            doubled = f"{after[:at]}2 * {after[at:]}" if at else f" 2 *{after}"
            yield Mutant(f"behind {where} is twice as much", kept + doubled)
        elif float(number["number"]):
            twice = f"{2 * float(number['number']):.15g}"
            doubled = after[: number.start("number")] + twice + after[number.end("number") :]
            yield Mutant(f"{number['number']} behind {where} is {twice}", kept + doubled)
