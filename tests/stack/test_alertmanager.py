from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import jsonschema
import pytest
import requests
import yaml

from tests.stack.alertmanager_process import SHIPPED, alertmanager
from tests.stack.payloads import HOSTILE, PAGERDUTY, SLACK
from tests.stack.receiver import Receiver
from tests.stack.rules import alert_names

CONFIGURATION = SHIPPED / "alertmanager.yml"
RUNBOOKS = "https://github.com/modeltail/modeltail/blob/main/docs/runbooks"


@pytest.fixture(scope="module")
def receiver():
    """Yield a server that stands for Slack, PagerDuty and the dead man's switch."""
    with Receiver() as server:
        yield server


@pytest.fixture(scope="module")
def url(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory):
    """Yield the address of an Alertmanager with the shipped configuration."""
    folder: Path = tmp_path_factory.mktemp("alertmanager") / "shipped"
    with alertmanager(folder, receiver.url) as address:
        yield address


def alert(name: str, severity: str, description: str = "A description.", **labels: str) -> Any:
    """Return a firing alert as Prometheus posts it."""
    return {
        "labels": {"alertname": name, "severity": severity, "job": "modeltail", **labels},
        "annotations": {
            "summary": "A summary.",
            "description": description,
            "runbook_url": f"{RUNBOOKS}/{name.lower()}.md",
        },
        "generatorURL": "http://127.0.0.1:9090/graph",
    }


def post(url: str, *alerts: Any) -> None:
    """Do what Prometheus does when alerts fire or end."""
    requests.post(f"{url}/api/v2/alerts", json=alerts, timeout=5).raise_for_status()


def resolved(body: Any) -> Any:
    """Return the same alert as Prometheus posts it when it has ended."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    return body | {"endsAt": past.isoformat()}


def about(name: str):
    """Return a test of whether a Slack or PagerDuty payload is about the alert `name`."""
    return lambda body: name in str(body)


def test_configuration_is_valid() -> None:
    """The shipped configuration and templates pass Alertmanager's own check."""
    result = subprocess.run(
        ["amtool", "check-config", CONFIGURATION], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("severity", ["critical", "warning", "info", "none", "", "page"])
@pytest.mark.parametrize("name", sorted({*alert_names(), "FromSomebodyElse"}))
def test_routes(name: str, severity: str) -> None:
    """Severity alone decides who is told, and what has none that is known is not lost."""
    told = {"critical": "pagerduty,slack", "info": "nowhere"}.get(severity, "slack")
    receivers = "watchdog" if name == "Watchdog" else told
    command = ["amtool", "config", "routes", "test", f"--config.file={CONFIGURATION}"]
    labels = [f"alertname={name}", f"severity={severity}", "job=modeltail", "model=m"]
    result = subprocess.run(
        [*command, f"--verify.receivers={receivers}", *labels],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_secret_is_in_the_configuration() -> None:
    """Every secret is read from a file of the folder that git ignores."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    text = CONFIGURATION.read_text()
    files = re.findall(r"(?:api_url_file|routing_key_file): (\S+)", text)
    assert files == ["secrets/pagerduty_routing_key", "secrets/slack_api_url"]
    assert not re.search(
        r"^\s+(?:- )?(?:api_url|routing_key|service_key|password):", text, re.MULTILINE
    )
    assert configuration["global"] == {"resolve_timeout": "5m"}
    ignored = (SHIPPED / "secrets" / ".gitignore").read_text().split()
    assert ignored == ["*", "!.gitignore", "!README.md"]


def test_repeat_intervals_are_multiples_of_group_intervals() -> None:
    """Alertmanager looks at a group only once a group_interval, so a repeat in between is late."""
    seconds = {"s": 1, "m": 60, "h": 3600}

    def length(duration: str) -> int:
        return int(duration[:-1]) * seconds[duration[-1]]

    root = yaml.safe_load(CONFIGURATION.read_text())["route"]
    for route in [root, *root["routes"]]:
        merged = root | route
        assert length(merged["repeat_interval"]) % length(merged["group_interval"]) == 0


@pytest.mark.end_to_end
def test_critical_alert_reaches_pagerduty_and_slack_and_resolves(
    url: str, receiver: Receiver
) -> None:
    """Both payloads have their documented shape, say what and since when, and are resolved."""
    description = "Accuracy of model digits is at most 70%; the limit is 80%."
    fired = alert("ModelAccuracyLow", "critical", description, instance="a:9877", model="digits")
    post(url, fired)

    slack = receiver.wait("/slack", about("ModelAccuracyLow"))
    jsonschema.validate(slack, SLACK)
    (attachment,) = slack["attachments"]
    assert attachment["title"] == "[FIRING 1] critical: ModelAccuracyLow digits"
    assert attachment["color"] == "danger"
    first, second = attachment["text"].splitlines()
    assert first == "A summary."
    assert second.startswith(f"• {description} Since 20")
    assert re.search(r" Since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.$", second)
    runbook, dashboard, silence = (action["url"] for action in attachment["actions"])
    assert runbook == f"{RUNBOOKS}/modelaccuracylow.md"
    assert dashboard.endswith(
        "/d/modeltail-model?var-job=modeltail&var-instance=a%3A9877&var-model=digits"
    )
    assert unquote_plus(silence) == (
        f"{url}/#/silences/new?filter="
        '{alertname="ModelAccuracyLow",job="modeltail",model="digits"}'
    )

    pagerduty = receiver.wait("/pagerduty", about("ModelAccuracyLow"))
    jsonschema.validate(pagerduty, PAGERDUTY)
    assert pagerduty["event_action"] == "trigger"
    assert pagerduty["payload"]["summary"] == "ModelAccuracyLow digits: A summary."
    assert pagerduty["payload"]["severity"] == "critical"
    assert pagerduty["payload"]["component"] == "digits"
    details = pagerduty["payload"]["custom_details"]
    assert details["firing"].startswith(f"> {description} Since 20")
    assert details["resolved"] == "none"
    assert details["runbook"] == f"{RUNBOOKS}/modelaccuracylow.md"

    post(url, resolved(fired))
    end = receiver.wait("/slack", lambda body: "RESOLVED" in str(body))
    jsonschema.validate(end, SLACK)
    assert end["attachments"][0]["title"] == "[RESOLVED] critical: ModelAccuracyLow digits"
    assert end["attachments"][0]["color"] == "good"
    assert "• Resolved at 20" in end["attachments"][0]["text"]
    end = receiver.wait("/pagerduty", lambda body: body["event_action"] == "resolve")
    jsonschema.validate(end, PAGERDUTY)
    assert end["dedup_key"] == pagerduty["dedup_key"]


@pytest.mark.end_to_end
def test_silences_for_text_from_a_log_are_about_that_alert_only(
    url: str, receiver: Receiver
) -> None:
    """Alertmanager itself reads in the button's address the labels that the alert has."""
    labels = {"instance": "a:9877", "model": HOSTILE}
    post(
        url,
        alert("ModelLatencyHigh", "warning", **labels),
        alert("ModelLatencyHigh", "warning", **labels | {"model": f"{HOSTILE} not"}),
    )
    slack = receiver.wait("/slack", lambda body: "ModelLatencyHigh" in str(body))
    (link,) = (
        action["url"]
        for action in slack["attachments"][0]["actions"]
        if action["text"] == "Silence"
    )
    text = unquote_plus(link.partition("?filter=")[2])
    matchers = re.findall(r'\w+="(?:[^"\\]|\\.)*"', text)
    assert text == "{" + ",".join(matchers) + "}"
    meant = requests.get(f"{url}/api/v2/alerts", params={"filter": matchers}, timeout=5).json()
    assert len(meant) == 1
    assert slack["attachments"][0]["title"].endswith(" not") == meant[0]["labels"][
        "model"
    ].endswith(" not")


@pytest.mark.end_to_end
def test_warning_info_and_watchdog_go_where_they_belong(url: str, receiver: Receiver) -> None:
    """Warnings are not paged, information is not sent, the watchdog has a way of its own."""
    labels = {"instance": "w:9877", "host": "edge1"}
    post(
        url,
        alert("SyslogNovelMessages", "info", **labels),
        alert("SyslogHostSilent", "warning", **labels),
        alert("Watchdog", "none"),
    )
    watchdog = receiver.wait("/watchdog", about("Watchdog"))
    assert watchdog["status"] == "firing"
    slack = receiver.wait("/slack", about("SyslogHostSilent"))
    jsonschema.validate(slack, SLACK)
    assert slack["attachments"][0]["title"] == "[FIRING 1] warning: SyslogHostSilent edge1"
    assert slack["attachments"][0]["color"] == "warning"
    everything = str(receiver.posts("/slack")) + str(receiver.posts("/pagerduty"))
    assert "SyslogNovelMessages" not in everything
    assert "Watchdog" not in everything
    assert "SyslogHostSilent" not in str(receiver.posts("/pagerduty"))


def suppressed(url: str) -> set[tuple[str, ...]]:
    """Return (name, severity, instance, host) of the alerts that an inhibition holds back."""
    alerts = requests.get(f"{url}/api/v2/alerts", timeout=5).json()
    labels = ("alertname", "severity", "instance", "host")
    return {
        tuple(one["labels"].get(label, "") for label in labels)
        for one in alerts
        if one["status"]["inhibitedBy"]
    }


@pytest.mark.end_to_end
def test_inhibition_of_the_same_exporter_host_and_model_only(url: str, receiver: Receiver) -> None:
    """Critical silences warnings about the same thing; an exporter that is down, all it saw."""
    model = {"instance": "i:1", "model": "m"}
    post(
        url,
        alert("ModelErrorRatioHigh", "critical", **model, version="1", window="5m"),
        alert("ModelConfidenceLow", "warning", **model, version="2", window="5m"),
        alert("ModelDriftDetected", "warning", **model, version="1", window="1h"),
        alert("ModelMissingValues", "warning", instance="i:1", model="another"),
        alert("ModeltailLagging", "warning", instance="i:1", source="m"),
        alert("SyslogAnomalous", "critical", instance="i:2", host="h", window="5m"),
        alert("SyslogAnomalous", "warning", instance="i:2", host="h", window="5m"),
        alert("SyslogAnomalous", "warning", instance="i:2", host="g", window="5m"),
        alert("ModeltailDown", "critical", instance="i:3"),
        alert("ModelPredictionsStopped", "critical", instance="i:3", model="m"),
        alert("SyslogHostSilent", "warning", instance="i:3", host="h"),
        alert("ModeltailSourceMissing", "warning", instance="i:3", source="m"),
        alert("ModelLatencyHigh", "warning", instance="i:4", model="m"),
        alert("ModeltailDown", "critical"),
        alert("ModeltailIngestStalled", "critical", instance="i:5"),
        alert("ModelLabelsStale", "warning", instance="i:5", model="m"),
        alert("ModelDataInvalid", "warning", instance="i:5", model="m"),
    )
    receiver.wait("/slack", about("ModelDataInvalid"))
    assert suppressed(url) == {
        ("ModelConfidenceLow", "warning", "i:1", ""),
        ("SyslogAnomalous", "warning", "i:2", "h"),
        ("ModelPredictionsStopped", "critical", "i:3", ""),
        ("SyslogHostSilent", "warning", "i:3", "h"),
        ("ModeltailSourceMissing", "warning", "i:3", ""),
        ("ModelLabelsStale", "warning", "i:5", ""),
    }
