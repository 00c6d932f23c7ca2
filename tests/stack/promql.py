"""What an expression asks for: the series, their labels, the length of ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser


@dataclass(frozen=True)
class Selector:
    """One selector of an expression, within the function that is applied to it directly."""

    metric: str
    labels: frozenset[str]
    """The labels that it matches on."""
    function: str
    """The name of the function around it, or nothing."""
    range_seconds: float
    """The length of its range, 0 where it has none."""


def selectors(expression: str) -> list[Selector]:
    """Return the selectors of an expression from left to right."""
    return list(_selectors(promql_parser.parse(expression), ""))


def grouping(expression: str) -> set[str]:
    """Return the labels that aggregations and vector matching name."""
    named: set[str] = set()

    def visit(node: Any) -> bool:
        modifier = getattr(node, "modifier", None)
        for part in (modifier, getattr(modifier, "matching", None)):
            named.update(getattr(part, "labels", None) or ())
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return named


def _selectors(node: Any, function: str) -> Iterator[Selector]:
    if isinstance(node, promql_parser.VectorSelector):
        yield _selector(node, function, 0)
    elif isinstance(node, promql_parser.MatrixSelector):
        yield _selector(node.vector_selector, function, node.range.total_seconds())
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield from _selectors(argument, node.func.name)
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from _selectors(node.lhs, "")
        yield from _selectors(node.rhs, "")
    elif hasattr(node, "expr"):
        yield from _selectors(node.expr, "")


def _selector(node: Any, function: str, seconds: float) -> Selector:
    labels = frozenset(matcher.name for matcher in node.matchers.matchers)
    return Selector(node.name, labels, function, seconds)
