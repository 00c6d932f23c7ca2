from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.stack.catalogue import exported, from_prometheus
from tests.stack.promql import selectors
from tests.stack.rules import ROOT

GRAFANA = ROOT / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
VARIABLES = ["datasource", "job", "instance", "model", "version", "window"]

# Panels whose ranges follow the reader's choice: labels and confusions are too few for the range
# that Grafana proposes for rates.
OTHER_RANGES = {"Accuracy of all instances together": "[$window]", "Confusion": "[$__range]"}

# The types behind the schema know Grafana's own annotations only, not those of a data source.
UNTYPED = {("annotations", "list", 0), ("annotations", "list", 0, "target")}


def content(path: Path) -> dict[str, Any]:
    """Return a dashboard."""
    return json.loads(path.read_text())


def panels(path: Path) -> list[dict[str, Any]]:
    """Return the panels of a dashboard that show something."""
    return [panel for panel in content(path)["panels"] if panel["type"] != "row"]


def expand(expression: str) -> str:
    """Return an expression with Grafana's variables replaced by values of their kind."""
    for variable, value in {
        "$__rate_interval": "5m",
        "$__range": "6h",
        "[$window]": "[1h]",
    }.items():
        expression = expression.replace(variable, value)
    return expression


every_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
every_panel = pytest.mark.parametrize(
    "panel",
    [panel for path in DASHBOARDS for panel in panels(path)],
    ids=lambda panel: panel["title"],
)


def test_there_is_a_dashboard() -> None:
    """The tests below have something to look at."""
    assert [path.stem for path in DASHBOARDS] == ["modeltail-model"]


def test_committed_dashboards_are_what_the_generator_writes(tmp_path: Path) -> None:
    """Nobody has edited the JSON by hand, and nobody forgot to write it anew."""
    script = GRAFANA / "build_dashboards.py"
    subprocess.run([sys.executable, script, "--output", tmp_path], check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in DASHBOARDS}


@every_dashboard
def test_dashboard_satisfies_grafanas_own_types(path: Path) -> None:
    """Nothing is misspelt or of a wrong type."""
    schema = json.loads((Path(__file__).parent / "grafana-dashboard.schema.json").read_text())
    errors = jsonschema.Draft7Validator(schema).iter_errors(content(path))
    assert [error.message for error in errors if tuple(error.path) not in UNTYPED] == []


@every_dashboard
def test_dashboard_has_an_identity_and_is_not_editable(path: Path) -> None:
    """A provisioned dashboard keeps its address and is changed in the repository only."""
    dashboard = content(path)
    assert dashboard["uid"] == path.stem
    assert "id" not in dashboard
    assert dashboard["editable"] is False
    assert dashboard["title"]
    assert dashboard["description"].endswith(".")
    assert dashboard["tags"] == ["modeltail"]


@every_dashboard
def test_variables_follow_the_conventions(path: Path) -> None:
    """The data source can be chosen, and lists are read anew when the time range changes."""
    variables = content(path)["templating"]["list"]
    assert [variable["name"] for variable in variables] == VARIABLES
    assert variables[0]["type"] == "datasource"
    assert variables[0]["query"] == "prometheus"
    for variable in variables[1:]:
        assert variable["datasource"]["uid"] == "$datasource"
        assert variable["refresh"] == 2
        assert variable["label"] == variable["name"].capitalize()
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
        (selector,) = selectors(match[1])
        assert {match[2], *selector.labels} <= exported()[selector.metric]
    for variable in variables[1:3]:
        assert (variable["multi"], variable["allValue"]) == (True, ".+")


@every_dashboard
def test_panels_have_ids_and_places_of_their_own(path: Path) -> None:
    """No two panels share an id or a cell of the grid, and none stands out on the right."""
    every = content(path)["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    cells: set[tuple[int, int]] = set()
    for panel in every:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        covered = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not covered & cells, panel["title"]
        cells |= covered


@every_panel
def test_panel_says_what_it_is(panel: dict[str, Any]) -> None:
    """A title, a description that says how to read it, a unit, the chosen data source, a query."""
    assert panel["title"]
    assert re.search(r"\w\.$", panel["description"])
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
    if panel["type"] in {"timeseries", "heatmap"}:
        assert all(target["legendFormat"] for target in panel["targets"])


@every_panel
def test_series_of_a_panel_exist(panel: dict[str, Any]) -> None:
    """Every series is exported with the labels asked for, of the chosen jobs and instances."""
    known = exported() | from_prometheus()
    for target in panel["targets"]:
        for selector in selectors(expand(target["expr"])):
            assert selector.metric in known
            assert {"job", "instance"} <= selector.labels <= known[selector.metric]
            counter = selector.metric.endswith(("_total", "_bucket"))
            assert counter == (selector.function in {"rate", "increase"}), selector


@every_panel
def test_legend_names_labels_that_exist(panel: dict[str, Any]) -> None:
    """No legend stays empty for want of a label."""
    known = exported() | from_prometheus()
    for target in panel["targets"]:
        have = {
            label
            for selector in selectors(expand(target["expr"]))
            for label in known[selector.metric]
        }
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= have


@every_panel
def test_rates_use_the_interval_that_grafana_proposes(panel: dict[str, Any]) -> None:
    """Ranges grow with the time range on display, so that no peak falls between two points."""
    expected = OTHER_RANGES.get(panel["title"], "[$__rate_interval]")
    for target in panel["targets"]:
        assert set(re.findall(r"\[[^\]]+\]", target["expr"])) <= {expected}


def test_provisioning_names_what_dashboards_need() -> None:
    """One default Prometheus under a fixed uid, and the folder of the dashboards."""
    folder = GRAFANA / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "modeltail.yml").read_text())
    assert sources["apiVersion"] == 1
    prometheus, alertmanager = sources["datasources"]
    assert (prometheus["type"], prometheus["isDefault"]) == ("prometheus", True)
    assert prometheus["jsonData"]["alertmanagerUid"] == alertmanager["uid"]
    scrapes = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["global"]
    assert prometheus["jsonData"]["timeInterval"] == scrapes["scrape_interval"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "modeltail.yml").read_text())["providers"]
    assert provider["options"]["path"] == "$MODELTAIL_DASHBOARDS"
    assert provider["allowUiUpdates"] is False


def test_links_of_notifications_lead_to_a_dashboard() -> None:
    """The address in the notification templates is that of a dashboard of ours."""
    template = (ROOT / "alertmanager" / "templates" / "links.tmpl").read_text()
    (uid,) = re.findall(r"/d/([\w-]+)", template)
    assert uid in [content(path)["uid"] for path in DASHBOARDS]
    (names,) = re.findall(r"\^\(([\w|]+)\)\$", template)
    assert {*names.split("|"), "job"} <= set(VARIABLES)
