"""Builders of Grafana's dashboard JSON: the few panel kinds that our dashboards use.

Everything that is the same on all panels is said here once: the data source variable, what a limit
looks like, what a panel says while it has nothing to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
LIMIT = "limit"
"""Legend of the series that shows a threshold from the exporter's configuration."""


def query(
    expression: str, legend: str = "", *, kind: str = "range", exemplars: bool = False
) -> Json:
    """Return a query; `kind` is range, heatmap, or table (its value at the end of the range).

    With `exemplars`, single requests are marked above the line, where Prometheus keeps them.
    """
    return ({"exemplar": True} if exemplars else {}) | {
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


def steps(colour: str, *others: tuple[float, str]) -> Json:
    """Return a colour, and others from a value on."""
    first = {"color": colour, "value": None}
    return {"mode": "absolute", "steps": [first, *({"color": c, "value": v} for v, c in others)]}


def band(name: str, colour: str) -> list[Json]:
    """Return what draws the series `name lower` and `name upper` as one area without a legend."""
    looks = {
        "custom__lineWidth": 0,
        "color": {"mode": "fixed", "fixedColor": colour},
        "custom__hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    area = {"custom__fillBelowTo": f"{name} lower", "custom__fillOpacity": 15}
    return [
        override("byName", f"{name} lower", **looks, custom__fillOpacity=0),
        override("byName", f"{name} upper", **looks, **area),
        override("byName", name, color={"mode": "fixed", "fixedColor": colour}),
    ]


def panel(
    kind: str,
    title: str,
    description: str,
    queries: Sequence[Json],
    *,
    empty: str,
    unit: str,
    width: int,
    height: int = 8,
    **more: Any,
) -> Json:
    """Return a panel of any kind; its place is decided by the layout.

    Parameters
    ----------
    description
        How to read it.
    empty
        What it says while there is nothing to show: when something will be.
    """
    targets = [one | {"refId": chr(ord("A") + number)} for number, one in enumerate(queries)]
    defaults = {"unit": unit, "noValue": empty} | more.pop("defaults", {})
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


def _beside(first: Json, other: Json) -> Json:
    """Return a query; a limit is one only where the first query of its panel gives something.

    Else a panel would show a limit of nothing, instead of what is missing.
    """
    if other["legendFormat"] != LIMIT:
        return other
    return other | {"expr": f"{other['expr']} and on () ({first['expr']})"}


def lines(
    title: str,
    description: str,
    queries: Sequence[Json],
    *,
    empty: str,
    unit: str,
    width: int = 8,
    lowest: float | None = None,
    highest: float | None = None,
    logarithmic: bool = False,
    stacked: bool = False,
    levels: Json | None = None,
    overrides: Sequence[Json] = (),
    **more: Any,
) -> Json:
    """Return a time series panel; a series called `limit` is drawn as a dashed red line.

    Parameters
    ----------
    levels
        From :func:`steps`: drawn as lines across. For what no configuration decides; limits that
        one does are series.
    """
    custom: Json = {"lineWidth": 1, "fillOpacity": 5, "showPoints": "never"}
    if logarithmic:
        custom["scaleDistribution"] = {"type": "log", "log": 10}
    if stacked:
        custom |= {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 30}
    defaults: Json = {"min": lowest, "max": highest, "thresholds": levels}
    if levels:
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return panel(
        "timeseries",
        title,
        description,
        [_beside(queries[0], one) for one in queries],
        empty=empty,
        unit=unit,
        width=width,
        defaults={"custom": custom} | {key: it for key, it in defaults.items() if it is not None},
        overrides=[LIMIT_LINE, *overrides],
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        **more,
    )


def number(
    title: str,
    description: str,
    expression: str,
    *,
    empty: str,
    unit: str,
    width: int = 3,
    levels: Json | None = None,
) -> Json:
    """Return a panel that shows the last value large, with its course behind it.

    Parameters
    ----------
    levels
        From :func:`steps`: the colours of the value.
    """
    return panel(
        "stat",
        title,
        description,
        [query(expression)],
        empty=empty,
        unit=unit,
        width=width,
        height=4,
        defaults={"thresholds": levels} if levels else {},
        options={
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value" if levels else "none",
            "graphMode": "area",
        },
    )


def heatmap(
    title: str, description: str, expression: str, *, empty: str, unit: str, width: int = 8
) -> Json:
    """Return a heat map of the buckets of a histogram; `expression` is summed by `le`."""
    return panel(
        "heatmap",
        title,
        description,
        [query(expression, "{{le}}", kind="heatmap")],
        empty=empty,
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
