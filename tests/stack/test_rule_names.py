from __future__ import annotations

import re

import pytest
from promql_parser import parse_duration

from exporter.config import DriftSettings
from exporter.config.models import Thresholds
from tests.stack.catalogue import exported, from_prometheus
from tests.stack.promql import grouping, selectors
from tests.stack.rules import ROOT, alert_names, alerts, all_rules, recordings

RUNBOOKS = "https://github.com/modeltail/modeltail/blob/main/docs/runbooks"
RUNBOOK_HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "False positives"]
SCRAPE_INTERVAL_SECONDS = 15
SEVERITIES = {"critical", "warning", "info", "none"}


def name(rule: dict) -> str:
    """Return the name of a rule, with its severity where it is an alert."""
    return rule.get("record") or f"{rule['alert']}-{rule['labels']['severity']}"


# Alerts without a limit of model_threshold, and why their limits are the same for everybody.
OWN_LIMITS = {
    "ModelDataInvalid": "says that a log is broken, not how good a model must be",
    "ModelFieldInvalid": "the same",
    "ModelMissingValues": "the same",
    "ModelLabelsStale": "the same",
    "ModelPredictionsStopped": "a gap that is no chance at the model's own rate",
    "ModelDriftDetected": "the exporter has compared with its configuration already",
    "ModelPredictionDriftDetected": "the same",
    "ModelDriftEvident": "the limit is a metric, and from the configuration",
    "ModelErrorBudgetBurn": "burn rates are multiples of what the configuration promises",
    "ModelObjectiveUnmeasured": "is of what the configuration promises",
    "ModelReferenceMismatch": "one edge without counterpart is a mistake",
    "ModelDependencyDown": "there, or not",
    "ModelDependencyStale": "the limit is a metric, and from the configuration",
    "ModelDependencySchemaChanged": "one change is one",
    "ModelServerDown": "there, or not",
    "ModelServerRestarting": "what a deployment does is about the same everywhere",
    "ModelVersionUnregistered": "registered, or not",
    "ModelServerFileDescriptorsHigh": "a share of the limit of the system",
}
# These tell of what has happened, not of what lasts.
AT_ONCE = {"Watchdog", "SyslogNovelMessages"}

every_rule = pytest.mark.parametrize("rule", all_rules(), ids=name)
every_alert = pytest.mark.parametrize("rule", alerts(), ids=name)


@every_rule
def test_series_of_a_rule_exist(rule: dict) -> None:
    """Every series is exported, or made by Prometheus, or recorded here, with those labels."""
    known = exported() | from_prometheus()
    recorded = {other["record"] for other in recordings()}
    for selector in selectors(rule["expr"]):
        if selector.metric in recorded:
            continue
        assert selector.metric in known
        assert selector.labels <= known[selector.metric], selector.metric


@every_rule
def test_labels_that_a_rule_groups_by_exist(rule: dict) -> None:
    """No aggregation or match names a label that none of the rule's series has."""
    known = exported() | from_prometheus()
    have = {label for one in selectors(rule["expr"]) for label in known.get(one.metric, ())}
    recorded = {other["record"] for other in recordings()}
    if not any(one.metric in recorded for one in selectors(rule["expr"])):
        assert grouping(rule["expr"]) <= have


@every_rule
def test_ranges_span_four_scrapes(rule: dict) -> None:
    """A range bears one failed scrape and more."""
    for selector in selectors(rule["expr"]):
        if selector.range_seconds:
            assert selector.range_seconds >= 4 * SCRAPE_INTERVAL_SECONDS


@every_rule
def test_counters_are_read_by_their_increase(rule: dict) -> None:
    """Counters and buckets under rate or increase only, gauges under neither."""
    for selector in selectors(rule["expr"]):
        counter = selector.metric.endswith(("_total", "_bucket"))
        if counter and rule.get("record", "").endswith(":sum"):
            # What a fleet has counted since it began, to be compared with what it should hold.
            assert not selector.function
            continue
        assert counter == (selector.function in {"rate", "increase"}), selector


@every_alert
def test_gauges_of_an_alert_bear_a_failed_scrape(rule: dict) -> None:
    """A gauge is never read at the instant alone, where one failed scrape would end it.

    What is recorded is so anew at each evaluation, from ranges.
    """
    recorded = {other["record"] for other in recordings()}
    for selector in selectors(rule["expr"]):
        if selector.metric in recorded:
            continue
        assert selector.range_seconds or selector.function == "absent", selector


@every_alert
def test_alert_is_complete(rule: dict) -> None:
    """Name, severity and annotations follow the conventions of monitoring mixins."""
    assert re.fullmatch(r"(Model|Syslog|Modeltail)[A-Z][A-Za-z]+|Watchdog", rule["alert"])
    # Of recorded series the ranges that the alert looks at.
    burning = rule["alert"] == "ModelErrorBudgetBurn"
    ranges = {"short", "long"} if burning else {"window"} & rule["labels"].keys()
    assert set(rule["labels"]) == {"severity"} | ranges
    assert rule["labels"]["severity"] in SEVERITIES
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert re.fullmatch(r"[A-Z][^{}]*\.", rule["annotations"]["summary"])
    description = rule["annotations"]["description"]
    assert description.endswith(".")
    assert "  " not in description
    assert ("$labels" in description) == (rule["alert"] != "Watchdog")
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOKS}/{rule['alert'].lower()}.md"


@every_alert
def test_an_alert_waits_for_some_evaluations_and_not_for_ever(rule: dict) -> None:
    """`for` is longer than a few evaluations, and at most three days."""
    if rule["alert"] in AT_ONCE:
        assert "for" not in rule
    else:
        assert parse_duration(rule["for"]).total_seconds() >= 4 * SCRAPE_INTERVAL_SECONDS
        assert parse_duration(rule["for"]).total_seconds() <= 3 * 86_400


@every_alert
def test_limits_come_from_the_configuration(rule: dict) -> None:
    """An alert on a model compares with `model_threshold`, unless there is a reason not to."""
    limited = any(one.metric == "model_threshold" for one in selectors(rule["expr"]))
    of_a_model = re.match(r"Model[A-Z]", rule["alert"]) is not None
    assert limited == (of_a_model and rule["alert"] not in OWN_LIMITS)


def test_reasons_for_own_limits_are_of_alerts_that_are_there() -> None:
    """No exception is left over."""
    assert set(alert_names()) >= OWN_LIMITS.keys() | AT_ONCE


def test_limits_of_alerts_are_those_of_the_configuration() -> None:
    """Every limit that an alert asks for can be set, and every one that can be set has an alert."""
    asked = {
        one for rule in alerts() for one in re.findall(r'threshold{name="(\w+)"}', rule["expr"])
    }
    drift = DriftSettings.model_validate({"reference": "x"})
    assert asked == Thresholds.model_fields.keys() | drift.limits.keys()


@every_alert
def test_a_description_names_labels_that_the_alert_has(rule: dict) -> None:
    """What notifications show of an alert is not empty."""
    known = exported() | from_prometheus()
    have = {label for one in selectors(rule["expr"]) for label in known.get(one.metric, ())}
    recorded = {other["record"] for other in recordings()}
    if not any(one.metric in recorded for one in selectors(rule["expr"])):
        named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["description"]))
        assert named <= have | rule["labels"].keys()


def test_recordings_are_named_by_convention() -> None:
    """A recorded name is level:metric:operations."""
    for rule in recordings():
        operations = r"(?:[a-z0-9]+_)?(?:rate|increase)\d+[mhd]|ratio(?:\d+[mhd])?|sum|max"
        assert re.fullmatch(rf"[a-z_]+:[a-z0-9_]+:(?:{operations})", rule["record"])


@pytest.mark.parametrize("alert", alert_names())
def test_alert_has_a_runbook(alert: str) -> None:
    """The page exists, is about the alert, and answers the five questions."""
    page = (ROOT / "docs" / "runbooks" / f"{alert.lower()}.md").read_text()
    assert page.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == RUNBOOK_HEADINGS
    sections = re.split(r"^## .+$", page, flags=re.MULTILINE)[1:]
    assert all(len(section.strip()) > 40 for section in sections)


def test_every_runbook_has_an_alert() -> None:
    """No page is left over from an alert that is gone."""
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages == {alert.lower() for alert in alert_names()}


@pytest.mark.parametrize("alert", alert_names())
def test_queries_of_a_runbook_use_series_that_exist(alert: str) -> None:
    """Somebody woken at night can paste every query of the page."""
    known = exported() | from_prometheus()
    recorded = {other["record"] for other in recordings()}
    page = (ROOT / "docs" / "runbooks" / f"{alert.lower()}.md").read_text()
    for block in re.findall(r"```promql\n(.*?)```", page, re.DOTALL):
        for query in filter(None, block.split("\n")):
            for selector in selectors(query):
                assert selector.metric in known.keys() | recorded
                if selector.metric in known:
                    assert selector.labels <= known[selector.metric], query


def test_table_of_alerts_is_complete() -> None:
    """docs/alerts.md lists each alert at each severity, with what it waits for, and its runbook."""
    table = (ROOT / "docs" / "alerts.md").read_text()
    rows = re.findall(r"^\| \[(\w+)\]\((\S+)\) \| (\w+) \| (\S+) \|", table, re.MULTILINE)
    expected = [
        (
            rule["alert"],
            f"runbooks/{rule['alert'].lower()}.md",
            rule["labels"]["severity"],
            rule.get("for", "0m"),
        )
        for rule in alerts()
    ]
    assert sorted(rows) == sorted(expected)
