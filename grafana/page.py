"""A whole dashboard: rows of panels, links to the others, and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from panels import DATASOURCE, Json
from queries import firing

GRID_COLUMNS = 24


@dataclass(frozen=True)
class Row:
    """A title and the panels below it.

    Attributes
    ----------
    collapsed
        Closed until somebody opens it: for what most models do not have.
    """

    title: str
    panels: Sequence[Json]
    collapsed: bool = False


def layout(rows: Iterable[Row]) -> list[Json]:
    """Return all panels with ids and places: each row a title, then panels from left to right."""
    placed: list[Json] = []
    top = number = 0
    for row in rows:
        number += 1
        title: Json = {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": row.collapsed,
            "gridPos": {"x": 0, "y": top, "w": GRID_COLUMNS, "h": 1},
        }
        inside, bottom = _side_by_side(row.panels, number, top + 1)
        number += len(inside)
        # A closed row holds its panels; those of an open one come after it.
        placed.append(title | {"panels": inside if row.collapsed else []})
        if row.collapsed:
            top += 1
        else:
            placed += inside
            top = bottom
    return placed


def _side_by_side(panels: Sequence[Json], number: int, top: int) -> tuple[list[Json], int]:
    """Return the panels with ids after `number` and places from `top` on, and where they end."""
    placed: list[Json] = []
    left = tallest = 0
    for one in panels:
        size = one["gridPos"]
        if left + size["w"] > GRID_COLUMNS:
            top, left, tallest = top + tallest, 0, 0
        place = {"x": left, "y": top, **size}
        placed.append(one | {"id": number + len(placed) + 1, "gridPos": place})
        left, tallest = left + size["w"], max(tallest, size["h"])
    return placed, top + tallest


def alert_annotation(selector: str) -> Json:
    """Return the annotation that marks while alerts fire."""
    return _annotation(
        "Firing alerts",
        "red",
        firing(selector),
        "{{alertname}}",
        "{{severity}} {{model}} {{version}} {{host}} {{instance}} {{window}}",
    )


def deploy_annotation(selector: str) -> Json:
    """Return the annotation that marks the first predictions of a version of a model.

    A version counts as new that had none in the hour before.
    """
    now = f"group by (model, version) (model_predictions_total{{{selector}}})"
    before = f"present_over_time(model_predictions_total{{{selector}}}[1h] offset 2m)"
    return _annotation(
        "Deployments",
        "blue",
        f"{now} unless on (model, version) {before}",
        "{{model}} {{version}}",
        "First predictions of the version",
    )


def start_annotation(selector: str) -> Json:
    """Return the annotation that marks the starts of exporters."""
    return _annotation(
        "Starts of exporters",
        "purple",
        f"time() - process_start_time_seconds{{{selector}}} < 60",
        "modeltail started",
        "{{instance}}",
    )


def _annotation(name: str, colour: str, expression: str, title: str, text: str) -> Json:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": colour,
        "target": {"refId": "Anno", "expr": expression, "interval": "60s"},
        "titleFormat": title,
        "textFormat": text,
    }


def dashboard(
    uid: str,
    title: str,
    description: str,
    *,
    variables: Sequence[Json],
    rows: Iterable[Row],
    annotations: Sequence[Json],
) -> Json:
    """Return a whole dashboard with a menu of the others, which keeps time and variables."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["modeltail"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "weekStart": "",
        "links": [
            {
                "type": "dashboards",
                "title": "modeltail",
                "tags": ["modeltail"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "The other dashboards, at the same time and with the same choices",
            }
        ],
        "annotations": {"list": list(annotations)},
        "templating": {"list": list(variables)},
        "panels": layout(rows),
    }
