"""The rules of grafana/dashboard-linter, each with its exceptions and their reasons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser
import pytest

from tests.stack.dashboards import DASHBOARDS, content, expand, label_values, panels, variables
from tests.stack.promql import Selector, selectors

Json = dict[str, Any]
Finding = tuple[str, str]
"""What breaks a rule (a panel, a variable, the dashboard), and the part of it that does."""

RATES = {"rate", "irate", "increase"}

RECORDED = "what is recorded is added up over instances"
ALERTS = "alerts on what is recorded have no instance"
WINDOW = "labels, failures and restarts are too few for the range that Grafana proposes for rates"
DISPLAY = "a sum over the time on display"
LENGTHS = {"$window": WINDOW, "$__range": DISPLAY}


def texts(dashboard: Json) -> Iterator[tuple[Json, str]]:
    """Yield every query of every panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel, target["expr"]


def asked_for(dashboard: Json) -> Iterator[tuple[Json, Selector]]:
    """Yield every selector of every panel."""
    for panel, expression in texts(dashboard):
        for selector in selectors(expand(expression)):
            yield panel, selector


def template_datasource(dashboard: Json) -> Iterator[Finding]:
    """One variable of data sources, with the usual name and label."""
    sources = [one for one in variables(dashboard).values() if one["type"] == "datasource"]
    expected = ("datasource", "Data source", "prometheus")
    if [(one["name"], one["label"], one["query"]) for one in sources] != [expected]:
        yield "dashboard", str(sources)


def template_of_target(name: str) -> Callable[[Json], Iterator[Finding]]:
    """Jobs and instances can be chosen, several or all."""

    def rule(dashboard: Json) -> Iterator[Finding]:
        one = variables(dashboard).get(name, {})
        found = (one.get("type"), one.get("label"), one.get("multi"), one.get("allValue"))
        if found != ("query", name.capitalize(), True, ".+"):
            yield name, str(found)
        if one.get("datasource", {}).get("uid") != "$datasource":
            yield name, "datasource"

    return rule


def template_label_promql(dashboard: Json) -> Iterator[Finding]:
    """Variables are asked for in PromQL."""
    for name, variable in variables(dashboard).items():
        if variable["type"] == "query":
            text, _ = label_values(variable)
            if not parses(text):
                yield name, text


def template_on_time_change_reload(dashboard: Json) -> Iterator[Finding]:
    """Values are read anew when the time on display changes."""
    for name, variable in variables(dashboard).items():
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield name, "refresh"


def panel_datasource(dashboard: Json) -> Iterator[Finding]:
    """Every panel and every query asks the data source that was chosen."""
    chosen = {"type": "prometheus", "uid": "$datasource"}
    for panel in panels(dashboard):
        if any(one["datasource"] != chosen for one in (panel, *panel["targets"])):
            yield panel["title"], "datasource"


def panel_title_description(dashboard: Json) -> Iterator[Finding]:
    """Every panel has a title and a description."""
    for panel in panels(dashboard):
        if not panel["title"] or not panel["description"]:
            yield panel["title"], "text"


def panel_units(dashboard: Json) -> Iterator[Finding]:
    """Every panel has a unit that Grafana knows."""
    units = {"short", "percentunit", "s", "bytes", "Bps", "cps", "reqps", "sci"}
    for panel in panels(dashboard):
        properties = [
            setting["value"]
            for one in panel["fieldConfig"]["overrides"]
            for setting in one["properties"]
            if setting["id"] == "unit"
        ]
        if not {panel["fieldConfig"]["defaults"]["unit"], *properties} <= units:
            yield panel["title"], "unit"


def panel_no_targets(dashboard: Json) -> Iterator[Finding]:
    """Every panel asks for something."""
    for panel in panels(dashboard):
        if not panel["targets"]:
            yield panel["title"], "targets"


def target_promql(dashboard: Json) -> Iterator[Finding]:
    """Every query is PromQL."""
    for panel, expression in texts(dashboard):
        if not parses(expand(expression)):
            yield panel["title"], expression


def target_rate_interval(dashboard: Json) -> Iterator[Finding]:
    """Rates are over the range that Grafana proposes, so that no peak falls between two points."""
    for panel, expression in texts(dashboard):
        for length in re.findall(r"\[([^\]]+)\]", expression):
            if length != "$__rate_interval":
                yield panel["title"], length


def target_label(label: str) -> Callable[[Json], Iterator[Finding]]:
    """Every selector is of the jobs and instances that were chosen."""

    def rule(dashboard: Json) -> Iterator[Finding]:
        for panel, selector in asked_for(dashboard):
            if label not in selector.labels:
                yield panel["title"], selector.metric

    return rule


def target_counter_agg(dashboard: Json) -> Iterator[Finding]:
    """Counters are asked for their rate or increase, gauges for neither."""
    for panel, selector in asked_for(dashboard):
        counter = selector.metric.endswith(("_total", "_bucket", "_sum", "_count"))
        if counter != (selector.function in RATES):
            yield panel["title"], selector.metric


def uneditable_dashboard(dashboard: Json) -> Iterator[Finding]:
    """Provisioned dashboards are changed in the repository only."""
    if dashboard["editable"] is not False:
        yield "dashboard", "editable"


def parses(expression: str) -> bool:
    """Tell whether an expression is PromQL."""
    try:
        promql_parser.parse(expression)
    except ValueError:
        return False
    return True


def reason(rule: str, part: str) -> str | None:
    """Return why a part of a panel may break a rule, or nothing if it may not."""
    if rule == "target-rate-interval":
        return LENGTHS.get(part)
    if rule == "target-instance":
        recorded = ":" in part and not part.startswith("job_instance")
        return RECORDED if recorded else {"ALERTS": ALERTS}.get(part)
    return None


RULES: dict[str, Callable[[Json], Iterator[Finding]]] = {
    "template-datasource": template_datasource,
    "template-job": template_of_target("job"),
    "template-instance": template_of_target("instance"),
    "template-label-promql": template_label_promql,
    "template-on-time-change-reload": template_on_time_change_reload,
    "panel-datasource": panel_datasource,
    "panel-title-description": panel_title_description,
    "panel-units": panel_units,
    "panel-no-targets": panel_no_targets,
    "target-promql": target_promql,
    "target-rate-interval": target_rate_interval,
    "target-job": target_label("job"),
    "target-instance": target_label("instance"),
    "target-counter-agg": target_counter_agg,
    "uneditable-dashboard": uneditable_dashboard,
}
"""All rules of the linter but those for Loki, which nothing here asks."""


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES)
def test_dashboard_keeps_the_rules_of_the_linter(rule: str, path: Any) -> None:
    """Nothing breaks a rule without a reason that is written down."""
    found = list(RULES[rule](content(path)))
    assert [finding for finding in found if reason(rule, finding[1]) is None] == []


def test_every_exception_is_needed() -> None:
    """No reason is left over from a panel that is gone."""
    used = {
        reason(rule, part)
        for path in DASHBOARDS
        for rule, look in RULES.items()
        for _, part in look(content(path))
    }
    assert used == {RECORDED, ALERTS, WINDOW, DISPLAY}


def spoil(dashboard: Json, rule: str) -> None:
    """Break a rule in a dashboard."""
    panel = panels(dashboard)[0]
    target = panel["targets"][0]
    chosen = {one["name"]: one for one in dashboard["templating"]["list"]}
    whole = 'up{job="a",instance="b"}'
    changes: dict[str, Callable[[], Any]] = {
        "template-datasource": lambda: chosen["datasource"].update(name="prometheus"),
        "template-job": lambda: chosen["job"].update(allValue=""),
        "template-instance": lambda: chosen["instance"].update(multi=False),
        "template-label-promql": lambda: chosen["job"]["query"].update(
            query="label_values(up{, job)"
        ),
        "template-on-time-change-reload": lambda: chosen["job"].update(refresh=1),
        "panel-datasource": lambda: target.update(datasource={"type": "loki", "uid": "l"}),
        "panel-title-description": lambda: panel.update(description=""),
        "panel-units": lambda: panel["fieldConfig"]["defaults"].update(unit="furlongs"),
        "panel-no-targets": lambda: panel.update(targets=[]),
        "target-promql": lambda: target.update(expr="sum(up"),
        "target-rate-interval": lambda: target.update(expr=f"rate({whole}[5m])"),
        "target-job": lambda: target.update(expr='up{instance="b"}'),
        "target-instance": lambda: target.update(expr='up{job="a"}'),
        "target-counter-agg": lambda: target.update(expr=f"rate({whole}[$__rate_interval])"),
        "uneditable-dashboard": lambda: dashboard.update(editable=True),
    }
    changes[rule]()


@pytest.mark.parametrize("rule", RULES)
def test_the_linter_finds_what_breaks_a_rule(rule: str) -> None:
    """Each rule can fail."""
    dashboard = content(DASHBOARDS[0])
    before = list(RULES[rule](dashboard))
    spoil(dashboard, rule)
    new = [one for one in RULES[rule](dashboard) if one not in before]
    assert [finding for finding in new if reason(rule, finding[1]) is None]
