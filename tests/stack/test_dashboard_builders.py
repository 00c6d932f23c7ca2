from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.stack.dashboards import GRAFANA

MODULES = ("page", "panels", "queries", "tables", "variables")


@pytest.fixture(scope="module")
def build() -> Iterator[SimpleNamespace]:
    """Return the modules that build dashboards; they are a script's, hence in no package."""
    before = set(sys.modules)
    sys.path.insert(0, str(GRAFANA))
    try:
        yield SimpleNamespace(**{name: __import__(name) for name in MODULES})
    finally:
        sys.path.remove(str(GRAFANA))
        for name in set(sys.modules) - before:
            del sys.modules[name]


def sized(build: SimpleNamespace, width: int, height: int = 8) -> dict:
    """Return a panel of a size."""
    more = {"empty": "Appears.", "unit": "s", "width": width, "height": height}
    return build.panels.panel("timeseries", "title", "It is.", [], **more)


def places(panels: list[dict]) -> list[tuple[int, int]]:
    """Return where panels are, from the left and from the top."""
    return [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]


def test_panels_go_from_left_to_right_and_wrap(build) -> None:
    """The next line begins below the tallest of a line, the next row below its panels."""
    first = build.page.Row("first", [sized(build, 16), sized(build, 8, 10), sized(build, 12)])
    placed = build.page.layout([first, build.page.Row("second", [sized(build, 24)])])
    assert [panel["type"] for panel in placed].count("row") == 2
    assert places(placed) == [(0, 0), (0, 1), (16, 1), (0, 11), (0, 19), (0, 20)]
    assert [panel["id"] for panel in placed] == [1, 2, 3, 4, 5, 6]


def test_a_closed_row_holds_its_panels_and_takes_one_line(build) -> None:
    """What follows it comes right below its title, with ids of its own."""
    rows = [
        build.page.Row("closed", [sized(build, 24)], collapsed=True),
        build.page.Row("open", [sized(build, 24)]),
    ]
    closed, following, panel = build.page.layout(rows)
    assert (closed["collapsed"], places(closed["panels"])) == (True, [(0, 1)])
    assert places([following, panel]) == [(0, 1), (0, 2)]
    assert [closed["id"], closed["panels"][0]["id"], following["id"], panel["id"]] == [1, 2, 3, 4]


def test_queries_of_a_panel_get_letters(build) -> None:
    """Grafana tells them apart by A, B, C."""
    queries = [build.panels.query("up"), build.panels.query("up", kind="table")]
    more = {"empty": "Appears.", "unit": "s", "width": 8}
    targets = build.panels.panel("stat", "t", "d", queries, **more)["targets"]
    assert [target["refId"] for target in targets] == ["A", "B"]
    assert [target["instant"] for target in targets] == [False, True]
    assert [target["format"] for target in targets] == ["time_series", "table"]


def test_an_empty_panel_says_when_it_will_not_be(build) -> None:
    """The text is where Grafana looks for it; a table's cells have a shorter one."""
    panel = sized(build, 8)
    assert panel["fieldConfig"]["defaults"]["noValue"] == "Appears."
    table = build.tables.table("t", "d", {"Up": "up"}, empty="Appears.")
    assert table["fieldConfig"]["defaults"]["noValue"] == "Appears."
    cells = table["fieldConfig"]["overrides"][0]
    assert cells["matcher"] == {"id": "byRegexp", "options": ".*"}
    assert cells["properties"] == [{"id": "noValue", "value": "-"}]


def test_a_limit_is_drawn_only_beside_what_it_limits(build) -> None:
    """A panel with nothing but a limit would not say what is missing."""
    queries = [build.panels.query("up", "up"), build.panels.query("max(most)", "limit")]
    made = build.panels.lines("t", "d", queries, empty="Appears.", unit="s")
    assert [one["expr"] for one in made["targets"]] == ["up", "max(most) and on () (up)"]


def test_overrides_name_properties_with_dots(build) -> None:
    """Two underscores stand for a dot."""
    made = build.panels.override("byName", "limit", custom__lineWidth=2)
    assert made["properties"] == [{"id": "custom.lineWidth", "value": 2}]


def test_a_band_lies_between_two_series_of_its_name(build) -> None:
    """The upper one is filled down to the lower one; neither is in the legend."""
    lower, upper, middle = build.panels.band("estimated", "orange")
    names = [one["matcher"]["options"] for one in (lower, upper, middle)]
    assert names == ["estimated lower", "estimated upper", "estimated"]
    settings = {one["id"]: one["value"] for one in upper["properties"]}
    assert settings["custom.fillBelowTo"] == "estimated lower"
    assert settings["custom.hideFrom"]["legend"]


def test_steps_begin_with_the_colour_of_everything_below(build) -> None:
    """Grafana wants the first step without a value."""
    made = build.panels.steps("green", (1, "red"))
    assert made["steps"] == [{"color": "green", "value": None}, {"color": "red", "value": 1}]


@pytest.mark.parametrize(
    ("names", "columns"),
    [(["Up"], ["Value"]), (["Up", "Down"], ["Value #A", "Value #B"])],
)
def test_columns_of_a_table_get_the_names_of_their_queries(build, names, columns) -> None:
    """Grafana calls the values of a single query without a letter."""
    made = build.tables.table("t", "d", dict.fromkeys(names, "up"), empty="Appears.")
    merge, organize = made["transformations"]
    assert merge["id"] == "merge"
    assert organize["options"]["renameByName"] == dict(zip(columns, names, strict=True))
    assert organize["options"]["excludeByName"] == {"Time": True}


def test_bars_are_in_the_order_of_a_column_that_need_not_be_drawn(build) -> None:
    """Edges sort as numbers, by what rises with them, and not as texts."""
    columns = {"Share": "up", "Order": "up"}
    more = {"label": "edge", "order": "Order", "empty": "Appears.", "hidden": ["Order"]}
    made = build.tables.bars("t", "d", columns, **more)
    _, _, ordered, dropped = made["transformations"]
    assert ordered["options"]["sort"] == [{"field": "Order", "desc": False}]
    assert dropped["options"]["excludeByName"] == {"Order": True}
    assert made["options"]["xField"] == "edge"


def test_a_link_keeps_choices_and_takes_others_from_the_row(build) -> None:
    """The address holds the time, what was chosen, and what another column says."""
    made = build.tables.link("model", "Look", "modeltail-drift", keep=["version"], model="name")
    (address,) = [one["url"] for one in made["properties"][0]["value"]]
    assert address == (
        "/d/modeltail-drift?${__url_time_range}&${datasource:queryparam}&${job:queryparam}"
        "&${instance:queryparam}&${window:queryparam}&${version:queryparam}"
        "&var-model=${__data.fields.name}"
    )


def test_matrix_is_by_two_labels(build) -> None:
    """Rows and columns of a confusion matrix; what never happened is 0."""
    more = {"row": "actual", "column": "predicted", "empty": "Appears.", "width": 12}
    (made,) = build.tables.matrix("t", "d", "up", **more)["transformations"]
    assert made["options"] == {
        "rowField": "actual",
        "columnField": "predicted",
        "valueField": "Value",
        "emptyValue": "zero",
    }


def test_variables_offer_all_where_several_may_be_chosen(build) -> None:
    """A model is chosen alone, its versions together."""
    made = {one["name"]: one for one in build.variables.variables("model", "version")}
    assert list(made) == ["datasource", "job", "instance", "model", "version"]
    assert (made["model"]["multi"], "allValue" in made["model"]) == (False, False)
    assert (made["version"]["multi"], made["version"]["allValue"]) == (True, ".+")


def test_queries_add_up_before_they_divide(build) -> None:
    """A share of a fleet is the sum of the parts over the sum of the wholes."""
    made = build.queries.share("bad_total", "all_total", 'job="a"', "model", "1h")
    bad = 'sum by (model) (increase(bad_total{job="a"}[1h]))'
    assert made == f'{bad} / (sum by (model) (increase(all_total{{job="a"}}[1h])) > 0)'
    assert build.queries.quantile(0.95, "seconds", 'job="a"', "model") == (
        "histogram_quantile(0.95, "
        'sum by (le, model) (rate(seconds_bucket{job="a"}[$__rate_interval])))'
    )


def test_annotations_mark_alerts_versions_and_starts(build) -> None:
    """Each asks for what was chosen, and says what it was."""
    alerts = build.page.alert_annotation('job="a"')
    assert alerts["target"]["expr"] == 'ALERTS{alertstate="firing",job="a"}'
    assert alerts["titleFormat"] == "{{alertname}}"
    deployed = build.page.deploy_annotation('job="a"')["target"]["expr"]
    assert deployed.count('{job="a"}') == 2
    assert "unless on (model, version)" in deployed
    started = build.page.start_annotation('job="a"')["target"]["expr"]
    assert started == 'time() - process_start_time_seconds{job="a"} < 60'
