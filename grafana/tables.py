"""Panels made of the values at the end of the time range: tables, and bars by a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from panels import Json, override, panel, query

ALARMING = {"type": "color-background", "mode": "basic"}
"""How a cell looks that is coloured by its value."""


def table(
    title: str,
    description: str,
    columns: Mapping[str, str],
    *,
    empty: str,
    unit: str = "short",
    width: int = 24,
    height: int = 8,
    sort: Sequence[tuple[str, bool]] = (),
    overrides: Sequence[Json] = (),
) -> Json:
    """Return a table with a column for each expression, joined on the labels that they have.

    Parameters
    ----------
    columns
        Expressions by the name of their column; those of one table keep the same labels.
    sort
        Columns to sort by, the first first, and whether the largest comes first.
    """
    return panel(
        "table",
        title,
        description,
        [query(expression, kind="table") for expression in columns.values()],
        empty=empty,
        unit=unit,
        width=width,
        height=height,
        # The text for an empty panel is too long for a cell.
        overrides=[override("byRegexp", ".*", noValue="-"), *overrides],
        transformations=_joined(list(columns)),
        options={
            "showHeader": True,
            "sortBy": [{"displayName": name, "desc": falling} for name, falling in sort],
        },
    )


def matrix(
    title: str,
    description: str,
    expression: str,
    *,
    row: str,
    column: str,
    empty: str,
    width: int,
) -> Json:
    """Return a table of counts by two labels, coloured by how many there are."""
    shape = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "zero"}
    return panel(
        "table",
        title,
        description,
        [query(expression, kind="table")],
        empty=empty,
        unit="short",
        width=width,
        height=10,
        defaults={
            "custom": {"cellOptions": {"type": "color-background"}},
            "color": {"mode": "continuous-blues"},
        },
        transformations=[{"id": "groupingToMatrix", "options": shape}],
        options={"showHeader": True},
    )


def bars(
    title: str,
    description: str,
    columns: Mapping[str, str],
    *,
    label: str,
    order: str,
    empty: str,
    unit: str = "percentunit",
    width: int = 12,
    hidden: Sequence[str] = (),
) -> Json:
    """Return bars for each value of a label, one for each expression.

    Parameters
    ----------
    columns
        Expressions by their name, each by `label` alone.
    label
        The label across.
    order
        The column whose value decides the order of the bars, the smallest first.
    hidden
        Columns that are not drawn.
    """
    drop = {"id": "organize", "options": {"excludeByName": dict.fromkeys(hidden, True)}}
    return panel(
        "barchart",
        title,
        description,
        [query(expression, kind="table") for expression in columns.values()],
        empty=empty,
        unit=unit,
        width=width,
        transformations=[
            *_joined(list(columns)),
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": order, "desc": False}]}},
            *([drop] if hidden else []),
        ],
        options={
            "xField": label,
            "orientation": "vertical",
            "showValue": "never",
            "stacking": "none",
            "xTickLabelSpacing": 0,
            "xTickLabelRotation": 0,
            "groupWidth": 0.7,
            "barWidth": 0.95,
            "barRadius": 0,
            "fullHighlight": False,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    )


def coloured(column: str, levels: Json) -> Json:
    """Return what colours the cells of a column; `levels` are from :func:`panels.steps`."""
    return override("byName", column, custom__cellOptions=ALARMING, thresholds=levels)


def link(column: str, title: str, uid: str, *, keep: Sequence[str] = (), **fields: str) -> Json:
    """Return what makes the cells of a column lead to a dashboard.

    Parameters
    ----------
    keep
        Variables that stay, beside time, data source, job, instance and window.
    fields
        Variables that are set to what a column of the same row holds.
    """
    names = ("datasource", "job", "instance", "window", *keep)
    kept = [f"${{{name}:queryparam}}" for name in names]
    chosen = [f"var-{name}=${{__data.fields.{field}}}" for name, field in fields.items()]
    address = "&".join([f"/d/{uid}?${{__url_time_range}}", *kept, *chosen])
    return override("byName", column, links=[{"title": title, "url": address}])


def _joined(names: Sequence[str]) -> list[Json]:
    """Return what makes one row of the results of several queries: a named column for each."""
    # Grafana calls the values of a single query Value, without a letter.
    letters = ["Value"] if len(names) == 1 else [f"Value #{chr(65 + n)}" for n in range(len(names))]
    return [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True},
                "renameByName": dict(zip(letters, names, strict=True)),
            },
        },
    ]
