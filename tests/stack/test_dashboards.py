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

from tests.stack.catalogue import exported, from_prometheus, recorded
from tests.stack.dashboards import (
    DASHBOARDS,
    GRAFANA,
    content,
    every_panel,
    expand,
    label_values,
    panels,
    texts,
    variables,
)
from tests.stack.promql import grouping, selectors
from tests.stack.rules import ROOT, alert_names

UIDS = {
    "modeltail-data-quality": ["model", "version", "window"],
    "modeltail-drift": ["model", "version", "window", "feature"],
    "modeltail-exporter": [],
    "modeltail-fleet": ["models", "window"],
    "modeltail-model": ["model", "version", "window"],
    "modeltail-slo": ["model", "slo"],
    "modeltail-syslog": ["host", "window"],
}
"""The dashboards, and what can be chosen beside data source, job and instance."""

# The types behind the schema know Grafana's own annotations only, not those of a data source.
UNTYPED = ("annotations", "list")

each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
each_panel = pytest.mark.parametrize(
    "panel",
    [panel for _, panel in every_panel()],
    ids=[f"{uid}-{panel['id']}-{panel['title']}" for uid, panel in every_panel()],
)


def known_series() -> dict[str, frozenset[str]]:
    """Return the labels of every series that there is, by name."""
    return exported() | from_prometheus() | recorded()


def test_there_are_seven_dashboards() -> None:
    """The tests below have something to look at."""
    assert [path.stem for path in DASHBOARDS] == list(UIDS)


def test_committed_dashboards_are_what_the_generator_writes(tmp_path: Path) -> None:
    """Nobody has edited the JSON by hand, and nobody forgot to write it anew."""
    script = GRAFANA / "build_dashboards.py"
    subprocess.run([sys.executable, script, "--output", tmp_path], check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in DASHBOARDS}


@each_dashboard
def test_dashboard_satisfies_grafanas_own_types(path: Path) -> None:
    """Nothing is misspelt or of a wrong type."""
    schema = json.loads((Path(__file__).parent / "grafana-dashboard.schema.json").read_text())
    errors = jsonschema.Draft7Validator(schema).iter_errors(content(path))
    assert [error.message for error in errors if tuple(error.path)[:2] != UNTYPED] == []


@each_dashboard
def test_dashboard_has_an_identity(path: Path) -> None:
    """A provisioned dashboard keeps its address, and works in Grafana 11 to 13."""
    dashboard = content(path)
    assert dashboard["uid"] == path.stem
    assert "id" not in dashboard
    assert dashboard["title"]
    assert dashboard["description"].endswith((".", "?"))
    assert dashboard["tags"] == ["modeltail"]
    assert 39 <= dashboard["schemaVersion"] <= 41


@each_dashboard
def test_variables_are_those_that_apply(path: Path) -> None:
    """Lists hold what is exported under the label asked for, of the jobs and instances chosen."""
    chosen = variables(content(path))
    assert list(chosen) == ["datasource", "job", "instance", *UIDS[path.stem]]
    for name, variable in chosen.items():
        if name == "datasource":
            continue
        text, label = label_values(variable)
        (selector,) = selectors(text)
        assert {label, *selector.labels} <= exported()[selector.metric]
        assert name in {label, f"{label}s"}
        assert ("job" in selector.labels) == (name != "job")


def test_a_variable_is_the_same_on_every_dashboard() -> None:
    """A link to another dashboard carries choices that make sense there."""
    kinds: dict[str, set[tuple[Any, ...]]] = {}
    for path in DASHBOARDS:
        for name, variable in variables(content(path)).items():
            kind = (variable.get("multi"), variable.get("includeAll"), variable["label"])
            kinds.setdefault(name, set()).add(kind)
    assert {name: len(found) for name, found in kinds.items()} == dict.fromkeys(kinds, 1)


@each_dashboard
def test_only_variables_that_exist_are_used(path: Path) -> None:
    """No query and no link waits for a choice that cannot be made."""
    used = {
        name or other
        for text in texts(content(path)["panels"])
        for name, other in re.findall(r"\$(?:(\w+)|\{(\w+)[:}])", text)
    }
    grafanas = {"__rate_interval", "__range", "__url_time_range"}
    assert used - grafanas <= set(variables(content(path)))
    # The exporter's own board shows all of its metrics, and the rest chooses something.
    assert set(UIDS[path.stem]) <= used


@each_dashboard
def test_panels_have_ids_and_places_of_their_own(path: Path) -> None:
    """No two panels share an id or a cell of the grid, and none stands out on the right."""
    dashboard = content(path)
    open_ones = dashboard["panels"]
    closed = [row["panels"] for row in open_ones if row.get("panels")]
    every = [panel for group in (open_ones, *closed) for panel in group]
    assert len({panel["id"] for panel in every}) == len(every)
    for group in (open_ones, *closed):
        cells: set[tuple[int, int]] = set()
        for panel in group:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            covered = {
                (place["x"] + right, place["y"] + down)
                for right in range(place["w"])
                for down in range(place["h"])
            }
            assert not covered & cells, panel["title"]
            cells |= covered


@each_dashboard
def test_a_title_is_there_once(path: Path) -> None:
    """A runbook can name a panel, and no two say different things under one name."""
    titles = [panel["title"] for panel in panels(content(path))]
    per_row = [one for one in titles if titles.count(one) > 1]
    # The figure at a glance and its course have the same name.
    kinds = {(panel["title"], panel["type"]) for panel in panels(content(path))}
    assert len(kinds) == len(titles), per_row


@each_panel
def test_panel_says_how_to_read_it_and_when_it_has_something_to_show(panel: dict[str, Any]) -> None:
    """Sentences, and no empty panel on a fresh install."""
    for text in (panel["description"], panel["fieldConfig"]["defaults"]["noValue"]):
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")
    assert len(panel["description"]) > 30
    if panel["type"] in {"timeseries", "heatmap"}:
        assert all(target["legendFormat"] for target in panel["targets"])


@each_panel
def test_alerts_that_a_panel_names_exist(panel: dict[str, Any]) -> None:
    """An alert that is renamed takes along what panels say of it."""
    named = set(re.findall(r"\b(?:Model|Modeltail|Syslog)[A-Z]\w+", panel["description"]))
    assert named <= set(alert_names())


@each_panel
def test_series_of_a_panel_exist(panel: dict[str, Any]) -> None:
    """Every series is exported or recorded, with the labels that are asked for."""
    known = known_series()
    for target in panel["targets"]:
        for selector in selectors(expand(target["expr"])):
            assert selector.labels <= known[selector.metric], selector


@each_panel
def test_labels_that_a_panel_groups_by_and_names_exist(panel: dict[str, Any]) -> None:
    """No sum is by a label that nothing has, and no legend stays empty for want of one."""
    known = known_series()
    for target in panel["targets"]:
        expression = expand(target["expr"])
        have = {label for one in selectors(expression) for label in known[one.metric]} | {"le"}
        assert grouping(expression) <= have
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= have


@each_panel
def test_lines_of_several_instances_are_told_apart(panel: dict[str, Any]) -> None:
    """What is not added up has all its labels in the legend, but for those chosen alone."""
    alone = {"job", "model", "window", "reference", "test"}
    known = known_series()
    for target in panel["targets"] if panel["type"] == "timeseries" else []:
        expression = expand(target["expr"])
        if re.search(r"\b(sum|min|max|count)\b", expression):
            continue
        have = {label for one in selectors(expression) for label in known[one.metric]}
        pinned = set(re.findall(r'(\w+)="', expression))
        named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert have - alone - pinned <= named, target


@each_panel
def test_columns_that_are_sorted_linked_or_drawn_exist(panel: dict[str, Any]) -> None:
    """A renamed column takes everything along that speaks of it."""
    renamed = [
        set(one["options"]["renameByName"].values())
        for one in panel.get("transformations", [])
        if "renameByName" in one["options"]
    ]
    if not renamed:
        return
    labels = set().union(*(grouping(expand(target["expr"])) for target in panel["targets"]))
    have = renamed[0] | labels
    options = panel["options"]
    named = {one["displayName"] for one in options.get("sortBy", [])}
    named |= {options["xField"]} if "xField" in options else set()
    for one in panel["fieldConfig"]["overrides"]:
        if one["matcher"]["id"] == "byName":
            named.add(one["matcher"]["options"])
    for text in texts(panel):
        named |= set(re.findall(r"__data\.fields\.(\w+)", text))
    assert named <= have


@each_dashboard
def test_links_lead_to_dashboards_of_ours(path: Path) -> None:
    """Every address is that of a dashboard with the variables that the link sets."""
    for text in texts(content(path)):
        if not text.startswith("/d/"):
            continue
        (uid,) = re.findall(r"^/d/([\w-]+)\?", text)
        there = set(variables(content(GRAFANA / "dashboards" / f"{uid}.json")))
        set_there = set(re.findall(r"var-(\w+)=", text))
        assert set_there <= there
        assert "${__url_time_range}" in text


@each_dashboard
def test_dashboards_are_linked_with_time_and_variables(path: Path) -> None:
    """The menu of dashboards keeps what was chosen."""
    (menu,) = content(path)["links"]
    assert (menu["type"], menu["tags"], menu["asDropdown"]) == ("dashboards", ["modeltail"], True)
    assert menu["includeVars"]
    assert menu["keepTime"]


@each_dashboard
def test_alerts_and_what_was_deployed_are_marked(path: Path) -> None:
    """What happened can be seen beside what was measured."""
    marks = content(path)["annotations"]["list"]
    deploy = {
        "modeltail-exporter": "Starts of exporters",
        "modeltail-syslog": "Starts of exporters",
    }
    assert [one["name"] for one in marks] == [
        "Firing alerts",
        deploy.get(path.stem, "Deployments"),
    ]
    known = known_series()
    for mark in marks:
        for selector in selectors(mark["target"]["expr"]):
            assert selector.labels <= known[selector.metric]


@pytest.mark.parametrize(
    ("name", "board", "panel"),
    [
        ("min_accuracy", "model", "Accuracy, version $version"),
        ("min_confidence", "model", "Mean confidence"),
        ("max_latency_p95_seconds", "model", "Latency"),
        ("max_error_ratio", "model", "Share of failed predictions"),
        ("max_calibration_error", "model", "Calibration error"),
        ("drift_alpha", "drift", "Adjusted p-value by feature"),
        ("drift_alpha", "drift", "Improbable inputs, p-value"),
        ("drift_min_effect", "drift", "Size of the difference of attributions"),
    ],
)
def test_limits_of_the_configuration_are_drawn(name: str, board: str, panel: str) -> None:
    """One place decides: a limit is a series, never a number in the dashboard."""
    every = panels(content(GRAFANA / "dashboards" / f"modeltail-{board}.json"))
    (found,) = [one for one in every if (one["title"], one["type"]) == (panel, "timeseries")]
    limits = [one["expr"] for one in found["targets"] if one["legendFormat"] == "limit"]
    assert len(limits) == 1
    assert "model_threshold" in limits[0]
    assert f'name="{name}"' in limits[0]


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


def test_grafana_opens_with_a_dashboard_of_ours() -> None:
    """Whoever opens Grafana sees all models at a glance."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    home = compose["services"]["grafana"]["environment"][
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    ]
    assert Path(home).name == "modeltail-fleet.json"
