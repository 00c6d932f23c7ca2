"""The shipped dashboards as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.stack.rules import ROOT

GRAFANA = ROOT / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))

# Grafana's variables stand for lengths of time there, which no parser knows.
LENGTHS = {"[$__rate_interval]": "[5m]", "[$__range]": "[6h]", "[$window]": "[1h]"}


def content(path: Path) -> dict[str, Any]:
    """Return a dashboard."""
    return json.loads(path.read_text())


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that show something, those of closed rows included."""
    every = [one for panel in dashboard["panels"] for one in (panel, *panel.get("panels", ()))]
    return [panel for panel in every if panel["type"] != "row"]


def every_panel() -> list[tuple[str, dict[str, Any]]]:
    """Return every panel of every dashboard beside the dashboard's uid."""
    return [(path.stem, panel) for path in DASHBOARDS for panel in panels(content(path))]


def variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the variables by name, in their order."""
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def label_values(variable: dict[str, Any]) -> tuple[str, str]:
    """Return the selector that a variable asks for, and the label."""
    match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
    assert match, variable
    return match[1], match[2]


def expand(expression: str) -> str:
    """Return an expression with Grafana's variables replaced by values of their kind."""
    for variable, value in LENGTHS.items():
        expression = expression.replace(variable, value)
    return expression


def texts(node: Any) -> Iterator[str]:
    """Yield every text of a dashboard."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
