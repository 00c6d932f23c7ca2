"""docs/alerts.md: every alert with its rule, its tests, its runbook and whom it tells."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from scripts.markdown_table import table

ROOT = Path(__file__).parents[1]
RECEIVERS = {"pagerduty": "PagerDuty", "slack": "Slack", "watchdog": "dead man's switch"}
"""What people call the receivers of alertmanager.yml; others are called by their name."""
_HEADER = ("alert", "severity", "for", "fires when", "notifies", "dashboard", "rules", "tests")


def render() -> str:
    """Return the table, in the order of the files and of the rules in them."""
    tests = _tests()
    dashboards = _dashboards()
    rows = []
    for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
            name = rule["alert"]
            receivers = _receivers({"alertname": name, **rule["labels"]})
            told = [RECEIVERS.get(one, one) for one in receivers if one != "nowhere"]
            rows.append(
                (
                    f"[{name}](runbooks/{Path(rule['annotations']['runbook_url']).name})",
                    rule["labels"]["severity"],
                    rule.get("for", "0m"),
                    _condition(rule),
                    ", ".join(told) or "nobody",
                    f"`{_of_alert(name, dashboards)}`" if told else "",
                    f"`{path.name}`",
                    ", ".join(f"`{file}` ({number})" for file, number in tests[name].items()),
                )
            )
    return table(_HEADER, rows).rstrip("\n")


def _of_alert(name: str, dashboards: list[tuple[str, str]]) -> str:
    """Return the first dashboard whose expression the name matches."""
    return next(uid for pattern, uid in dashboards if re.search(pattern, name))


def _condition(rule: dict[str, Any]) -> str:
    """Return the summary, and the ranges where alerts of a name differ by these."""
    ranges = [f"`{key}` {value}" for key, value in rule["labels"].items() if key != "severity"]
    summary: str = rule["annotations"]["summary"].removesuffix(".")
    return ", ".join([summary, *ranges])


def _tests() -> dict[str, Counter[str]]:
    """Return by alert how many test groups of each file ask for it."""
    found: dict[str, Counter[str]] = {}
    for path in sorted((ROOT / "prometheus" / "tests").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            asked = {case["alertname"] for case in group.get("alert_rule_test", [])}
            for case in group.get("promql_expr_test", []):
                asked.update(re.findall(r'alertname="(\w+)"', case["expr"]))
            for name in asked:
                found.setdefault(name, Counter())[path.name] += 1
    return found


def _receivers(labels: dict[str, str]) -> list[str]:
    """Return whom Alertmanager itself says it would tell."""
    command = ["amtool", "config", "routes", "test", "--config.file=alertmanager.yml"]
    # S603: the labels are those of our own rules.
    printed = subprocess.run(  # noqa: S603
        [*command, *(f"{name}={value}" for name, value in labels.items())],
        cwd=ROOT / "alertmanager",
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.strip().split(",")


def _dashboards() -> list[tuple[str, str]]:
    """Return what the names of alerts match, and the uid of the dashboard that theirs link to."""
    text = (ROOT / "alertmanager" / "templates" / "links.tmpl").read_text(encoding="utf-8")
    chosen = re.findall(r'if match "([^"]+)" \.CommonLabels\.alertname \}\}([\w-]+)', text)
    return [(pattern, uid.removesuffix("-")) for pattern, uid in chosen]
