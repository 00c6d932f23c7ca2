"""Alerting rules with one thing changed each, to see whether a rule test notices."""

from __future__ import annotations

import copy
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from tests.stack.rules import RULE_FILES, TEST_FILES

OPPOSITE = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
EDGE = {">": ">=", "<": "<=", ">=": ">", "<=": "<"}
_DURATION = re.compile(r"(\d+)([smhd])")


class RuleTestLoader(yaml.SafeLoader):
    """Reads `0x90`, which means ninety more zeros to promtool, as text and not as 144."""


RuleTestLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:int"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
RuleTestLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)


@dataclass(frozen=True)
class Mutant:
    """A rule that is not quite the one that is shipped."""

    change: str
    """What is other, for people."""
    rule: dict[str, Any]


def mutants(rule: dict[str, Any]) -> list[Mutant]:
    """Return every mutant of a rule.

    Comparisons are turned round, and those of gauges moved to the other side of equality, which
    an extrapolated increase hardly ever meets; numbers and `for` are doubled and halved, a 0
    becomes 1; conditions of `and` and `unless` and sides of `or` are left out.
    """
    found = [
        Mutant(change, {**rule, "expr": expression})
        for change, expression in _expressions(rule["expr"])
    ]
    if "for" in rule:
        for word, factor in (("doubled", 2.0), ("halved", 0.5)):
            match = _DURATION.fullmatch(rule["for"])
            assert match, rule["for"]
            seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]] * factor
            found.append(Mutant(f"for: {rule['for']} {word}", {**rule, "for": f"{seconds:.0f}s"}))
    return found


def is_killed(mutant: Mutant, path: Path, directory: Path, promtool: str = "promtool") -> bool:
    """Return whether a test of the alert fails for the mutant.

    Parameters
    ----------
    mutant
        The rule in the place of the one of the same name and labels.
    path
        The shipped file of the rule.
    directory
        An empty one to work in.
    promtool
        The program.

    Raises
    ------
    ValueError
        If promtool fails for another reason than a test.
    """
    rules = yaml.safe_load(path.read_text())
    for group in rules["groups"]:
        group["rules"] = [
            mutant.rule if _same(rule, mutant.rule) else rule
            for rule in group["rules"]
            if "record" in rule or rule["alert"] == mutant.rule["alert"]
        ]
    (directory / "rules").mkdir()
    (directory / "rules" / path.name).write_text(yaml.safe_dump(rules))
    (directory / "tests").mkdir()
    # One file after the other: the first test that fails is enough.
    for number, test in enumerate(_tests_of(mutant.rule, path.name)):
        file = directory / "tests" / f"{number}.yml"
        file.write_text(yaml.safe_dump(test))
        result = subprocess.run(
            [promtool, "test", "rules", file], capture_output=True, text=True, check=False
        )
        printed = result.stdout + result.stderr
        if result.returncode and "exp:" not in printed:
            raise ValueError(printed)
        if result.returncode:
            return True
    return False


def alerts_by_file() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every shipped alerting rule with its file."""
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((path, rule) for rule in group["rules"] if "alert" in rule)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("alert", "labels")
    return "alert" in one and all(one[key] == other[key] for key in keys)


def _tests_of(rule: dict[str, Any], rule_file: str) -> Iterator[dict[str, Any]]:
    """Yield the test files of a rule file, with the groups alone that ask for the alert."""
    for path in TEST_FILES:
        # S506: the loader is a safe one.
        document = yaml.load(path.read_text(), RuleTestLoader)
        if f"../rules/{rule_file}" not in document["rule_files"]:
            continue
        groups = [_of_alert(group, rule["alert"]) for group in document["tests"]]
        kept = [group for group in groups if group is not None]
        if kept:
            yield {**document, "rule_files": [f"../rules/{rule_file}"], "tests": kept}


def _of_alert(group: dict[str, Any], alert: str) -> dict[str, Any] | None:
    """Return the group with what it asks of the alert only; none if that is nothing."""
    group = copy.deepcopy(group)
    cases = [one for one in group.get("alert_rule_test", []) if one["alertname"] == alert]
    queries = [
        one for one in group.get("promql_expr_test", []) if f'alertname="{alert}"' in one["expr"]
    ]
    group["alert_rule_test"], group["promql_expr_test"] = cases, queries
    return group if cases or queries else None


def _expressions(expression: str) -> Iterator[tuple[str, str]]:
    """Yield what is changed, and the whole expression with it."""
    parsed = promql_parser.parse(expression)
    sites: list[list[tuple[str, str]]] = []

    def collect(node: Any) -> None:
        sites.append(list(_of_node(node)))

    promql_parser.transform(parsed, post_visit=collect)
    for at, changes in enumerate(sites):
        for change, replacement in changes:
            yield change, str(promql_parser.transform(parsed, post_visit=_only(at, replacement)))


def _only(at: int, replacement: str) -> Callable[[Any], Any]:
    """Return a visitor that replaces the node it meets as number `at`."""
    met = -1

    def visit(_: Any) -> Any:
        nonlocal met
        met += 1
        return promql_parser.parse(replacement) if met == at else None

    return visit


def _of_node(node: Any) -> Iterator[tuple[str, str]]:
    """Yield changes of one node, and what it becomes."""
    if isinstance(node, promql_parser.NumberLiteral):
        values = {"doubled": node.val * 2, "halved": node.val / 2} if node.val else {"raised": 1.0}
        for word, value in values.items():
            yield f"{node.val:g} {word}", repr(value)
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from _of_operation(node, str(node.op))


def _of_operation(node: Any, operation: str) -> Iterator[tuple[str, str]]:
    left, right = str(node.lhs), str(node.rhs)
    between = str(node).removeprefix(left).removesuffix(right)
    extrapolated = re.search(r"increase|rate|:", left + right)
    for word, others in (("turned", OPPOSITE), ("moved", {} if extrapolated else EDGE)):
        if operation in others:
            changed = between.replace(operation, others[operation], 1)
            yield f"{operation} {right[:60]} {word}", f"{left}{changed}{right}"
    if operation in ("and", "or", "unless"):
        yield f"without {operation} {right[:60]}", left
    if operation == "or":
        yield f"without {left[:60]} or", right
