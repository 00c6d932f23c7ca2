"""Builders of Grafana's dashboard JSON: the few panel kinds that our dashboards use.

Everything that is the same on all panels is said here once: the data source variable, the shared
crosshair, what a limit looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Json = dict[str, Any]

DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
GRID_COLUMNS = 24
LIMIT = "limit"
"""Legend of the series that shows a threshold from the exporter's configuration."""


def query(expression: str, legend: str = "", *, kind: str = "range") -> Json:
    """Return a query; `kind` is range, heatmap, or table (its value at the end of the range)."""
    return {
        "datasource": DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "format": {"range": "time_series"}.get(kind, kind),
        "instant": kind == "table",
        "range": kind != "table",
    }


def override(matcher: str, value: str, **properties: Any) -> Json:
    """Return other settings for the series that `matcher` (byName, byRegexp, …) selects."""
    # Keyword arguments cannot contain the dots of property names, so two underscores stand for one.
    settings = [{"id": name.replace("__", "."), "value": it} for name, it in properties.items()]
    return {"matcher": {"id": matcher, "options": value}, "properties": settings}


LIMIT_LINE = override(
    "byName",
    LIMIT,
    color={"mode": "fixed", "fixedColor": "red"},
    custom__lineStyle={"fill": "dash", "dash": [8, 8]},
    custom__fillOpacity=0,
)


def panel(
    kind: str,
    title: str,
    description: str,
    queries: Sequence[Json],
    *,
    unit: str,
    width: int,
    height: int = 8,
    **more: Any,
) -> Json:
    """Return a panel of any kind; its place is decided by :func:`layout`."""
    targets = [one | {"refId": chr(ord("A") + number)} for number, one in enumerate(queries)]
    defaults = {"unit": unit} | more.pop("defaults", {})
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": targets,
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        **more,
    }


def lines(
    title: str,
    description: str,
    queries: Sequence[Json],
    *,
    unit: str,
    width: int = 8,
    lowest: float | None = None,
    highest: float | None = None,
    logarithmic: bool = False,
    stacked: bool = False,
    overrides: Sequence[Json] = (),
    **more: Any,
) -> Json:
    """Return a time series panel; a series called `limit` is drawn as a dashed red line."""
    custom: Json = {"lineWidth": 1, "fillOpacity": 5, "showPoints": "never"}
    if logarithmic:
        custom["scaleDistribution"] = {"type": "log", "log": 10}
    if stacked:
        custom |= {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 30}
    bounds = {"min": lowest, "max": highest}
    return panel(
        "timeseries",
        title,
        description,
        queries,
        unit=unit,
        width=width,
        defaults={"custom": custom} | {key: at for key, at in bounds.items() if at is not None},
        overrides=[LIMIT_LINE, *overrides],
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        **more,
    )


def number(title: str, description: str, expression: str, *, unit: str, **more: Any) -> Json:
    """Return a panel that shows the last value large, with its course behind it."""
    return panel(
        "stat",
        title,
        description,
        [query(expression)],
        unit=unit,
        width=4,
        height=4,
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": more.pop("color", "none"),
            "graphMode": "area",
        },
        **more,
    )


def heatmap(title: str, description: str, expression: str, *, unit: str, width: int = 8) -> Json:
    """Return a heat map of the buckets of a histogram; `expression` is summed by `le`."""
    return panel(
        "heatmap",
        title,
        description,
        [query(expression, "{{le}}", kind="heatmap")],
        unit="short",
        width=width,
        options={
            "calculate": False,
            "yAxis": {"unit": unit},
            "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
            "cellGap": 1,
            "legend": {"show": True},
            "tooltip": {"mode": "single", "yHistogram": True},
        },
    )


def side_by_side(names: Sequence[str]) -> list[Json]:
    """Return what makes one row of the results of several queries: a named column for each."""
    columns = {f"Value #{letter}": name for letter, name in zip("ABCDEFGH", names, strict=False)}
    return [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {"excludeByName": {"Time": True}, "renameByName": columns},
        },
    ]


def table(
    title: str,
    description: str,
    queries: Sequence[Json],
    *,
    unit: str,
    width: int,
    transformations: Sequence[Json],
    overrides: Sequence[Json] = (),
    coloured: bool = False,
) -> Json:
    """Return a table of values at the end of the time range."""
    cell = {"type": "color-background" if coloured else "auto"}
    return panel(
        "table",
        title,
        description,
        queries,
        unit=unit,
        width=width,
        defaults={"custom": {"cellOptions": cell}},
        overrides=overrides,
        transformations=list(transformations),
        options={"showHeader": True},
    )


def layout(rows: Iterable[tuple[str, Sequence[Json]]]) -> list[Json]:
    """Return all panels with ids and places: each row a title, then panels from left to right."""
    placed: list[Json] = []
    top = 0
    for title, panels in rows:
        place = {"x": 0, "y": top, "w": GRID_COLUMNS, "h": 1}
        placed.append({"type": "row", "title": title, "collapsed": False, "panels": []})
        placed[-1] |= {"id": len(placed), "gridPos": place}
        top, left, tallest = top + 1, 0, 0
        for one in panels:
            size = one["gridPos"]
            if left + size["w"] > GRID_COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            place = {"x": left, "y": top, **size}
            placed.append(one | {"id": len(placed) + 1, "gridPos": place})
            left, tallest = left + size["w"], max(tallest, size["h"])
        top += tallest
    return placed


def data_source_variable() -> Json:
    """Return the variable that chooses the Prometheus."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "current": {"text": "default", "value": "default"},
        "hide": 0,
        "refresh": 1,
        "regex": "",
    }


def label_variable(
    name: str,
    label: str,
    selector: str,
    *,
    many: bool = False,
) -> Json:
    """Return a variable with the values of the label `name` in the series of `selector`."""
    query_text = f"label_values({selector}, {name})"
    variable: Json = {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"query": query_text, "refId": f"{name}-variable"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "regex": "",
        "multi": many,
        "includeAll": many,
    }
    if many:
        variable |= {"allValue": ".+", "current": {"text": ["All"], "value": ["$__all"]}}
    return variable


def dashboard(
    uid: str, title: str, description: str, variables: Sequence[Json], panels: Sequence[Json]
) -> Json:
    """Return a whole dashboard, with firing alerts of the model as annotations."""
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
                "tooltip": "",
            }
        ],
        "annotations": {
            "list": [
                {
                    "name": "Firing alerts",
                    "datasource": DATASOURCE,
                    "enable": True,
                    "iconColor": "red",
                    "target": {
                        "refId": "Anno",
                        "expr": 'ALERTS{alertstate="firing",job=~"$job",model="$model"}',
                        "interval": "60s",
                    },
                    "titleFormat": "{{alertname}}",
                    "textFormat": "{{severity}} {{version}} {{window}}",
                }
            ]
        },
        "templating": {"list": list(variables)},
        "panels": list(panels),
    }
