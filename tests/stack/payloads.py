"""What a real Alertmanager with the shipped configuration posts to Slack, PagerDuty, the switch.

`make payloads ALERTMANAGER=/path/to/alertmanager` writes it anew below `payloads/`, one folder for
each version; tests/stack/test_payloads.py holds it against what the services document.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.stack.alertmanager_process import alertmanager, binary, version
from tests.stack.receiver import Receiver

GOLDEN = Path(__file__).parent / "payloads"
_SCHEMAS = Path(__file__).parent / "schemas"
SLACK = json.loads((_SCHEMAS / "slack-message.schema.json").read_text())
PAGERDUTY = json.loads((_SCHEMAS / "pagerduty-event.schema.json").read_text())
EXTERNAL_URL = "http://alertmanager.example:9093"
RUNBOOKS = "https://github.com/modeltail/modeltail/blob/main/docs/runbooks"

# What anybody may write into a log that becomes a label: Slack's markup, mentions, disguised links,
# quotes and braces of JSON, templates, lines that are not ours, and characters that turn the text.
HOSTILE = (
    "<!channel> <@U012AB3CD> <http://x.example|y> & *bold* _it_ ~no~ `code` ```block```"
    '\r\n> quote\n• forged line","event_action":"resolve"} \\" {{ .ExternalURL }} ${HOME} %s'
    "\t\u202egpj.exe\u2066\u200b\u2028end"
)
# With the rest of the description, a map for YAML, with a template in its value.
YAML = 'm: x {{ .ExternalURL }} {{{ printf "%05d" 7 }}}'
LONG = "long" * 2560
"""Ten kilobytes."""


@dataclass(frozen=True)
class Scenario:
    """Alerts that make one group, and where it has to arrive.

    Attributes
    ----------
    name
        Of the scenario, as the golden files have it.
    alerts
        As Prometheus posts them.
    paths
        Of the receivers.
    ends
        Whether the alerts end as well.
    """

    name: str
    alerts: tuple[dict[str, Any], ...]
    paths: tuple[str, ...]
    ends: bool = False

    @property
    def alertname(self) -> str:
        """Name of the alerts, by which the payloads are told apart."""
        return str(self.alerts[0]["labels"]["alertname"])


def _alert(name: str, severity: str, summary: str, description: str, **labels: str) -> Any:
    return {
        "labels": {"alertname": name, "severity": severity, "job": "modeltail", **labels},
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": f"{RUNBOOKS}/{name.lower()}.md",
        },
        "startsAt": "2026-01-31T09:30:00Z",
        "generatorURL": "http://prometheus.example:9090/graph",
    }


def _stopped(model: str) -> Any:
    return _alert(
        "ModelPredictionsStopped",
        "critical",
        "A busy model has stopped making predictions.",
        f"The last prediction of model {model} in the logs that a:9877 reads is 21m 0s old; "
        "over the last day there were at least two a minute.",
        instance="a:9877",
        model=model,
    )


def _low(model: str) -> Any:
    return _alert(
        "ModelConfidenceLow",
        "critical",
        "A model's mean confidence is below its limit.",
        f"Mean confidence of model {model} version 1 over the last 5m is 60%; the limit is 70%.",
        instance="a:9877",
        model=model,
        version="1",
        window="5m",
    )


def _missing(feature: str, model: str) -> Any:
    return _alert(
        "ModelMissingValues",
        "warning",
        "A feature is missing in more than 10 % of a model's predictions.",
        f"Feature {feature} is missing in 12% of the predictions of model {model} version 1.",
        instance="a:9877",
        model=model,
        version="1",
        feature=feature,
    )


def _hostile_errors() -> Any:
    labels = {"instance": f"a {HOSTILE}", "model": HOSTILE, "version": HOSTILE, "window": "5m"}
    return _alert(
        "ModelErrorRatioHigh",
        "critical",
        f"A model fails: {HOSTILE}",
        f"8% of the predictions of model {HOSTILE} version {HOSTILE} failed; the limit is 5%.",
        **labels,
    )


SCENARIOS = (
    Scenario(
        "critical",
        (
            _alert(
                "ModelAccuracyLow",
                "critical",
                "A model's accuracy is below its limit.",
                "Accuracy of model digits version 1 over the last 1h is at most 70% "
                "(95 % confidence); the limit is 80%. Seen by a:9877.",
                instance="a:9877",
                model="digits",
                version="1",
                window="1h",
            ),
        ),
        ("/pagerduty", "/slack"),
        ends=True,
    ),
    Scenario(
        "group",
        tuple(_missing(f"pixel_{number}", "scans") for number in range(12)),
        ("/slack",),
    ),
    Scenario("hostile", (_hostile_errors(),), ("/pagerduty", "/slack")),
    Scenario("long", (_stopped(LONG),), ("/pagerduty", "/slack")),
    Scenario("yaml", (_low(YAML),), ("/pagerduty", "/slack")),
    Scenario(
        "watchdog",
        (_alert("Watchdog", "none", "Alerting works from end to end.", "This always fires."),),
        ("/watchdog",),
    ),
)


def _resolved(alert: dict[str, Any]) -> dict[str, Any]:
    return alert | {"endsAt": "2026-01-31T10:15:00Z"}


def _is_about(scenario: Scenario, path: str, *, ended: bool, body: Any) -> bool:
    if scenario.alertname not in json.dumps(body):
        return False
    if path == "/pagerduty":
        return bool(ended == (body["event_action"] == "resolve"))
    if path == "/slack":
        # 0.25 tells of old alerts at once, and of those that were posted with them a moment later.
        state = "RESOLVED" if ended else f"FIRING {len(scenario.alerts)}"
        return bool(body["attachments"][0]["title"].startswith(f"[{state}]"))
    return True


def _payloads(url: str, receiver: Receiver) -> Iterator[tuple[str, Any]]:
    for ended in (False, True):
        posted = [scenario for scenario in SCENARIOS if scenario.ends or not ended]
        alerts = [alert for scenario in posted for alert in scenario.alerts]
        if ended:
            alerts = [_resolved(alert) for alert in alerts]
        requests.post(f"{url}/api/v2/alerts", json=alerts, timeout=5).raise_for_status()
        for scenario in posted:
            for path in scenario.paths:
                body = receiver.wait(
                    path,
                    lambda body, scenario=scenario, path=path, ended=ended: _is_about(
                        scenario, path, ended=ended, body=body
                    ),
                )
                yield f"{path.strip('/')}.{scenario.name}{'.resolved' if ended else ''}", body


def capture(folder: Path, program: str) -> dict[str, Any]:
    """Return the payloads of each scenario, by `receiver.scenario`.

    Parameters
    ----------
    folder
        That does not exist yet, for Alertmanager to run in.
    program
        Alertmanager.
    """
    with (
        Receiver() as receiver,
        alertmanager(folder, receiver.url, program=program, external_url=EXTERNAL_URL) as url,
    ):
        return dict(_payloads(url, receiver))


def main() -> None:
    """Write the payloads of the program at hand."""
    program = binary()
    folder = GOLDEN / version(program)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        found = capture(Path(directory) / "alertmanager", program)
    for name, body in found.items():
        text = json.dumps(body, indent=2, sort_keys=True)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{len(found)} payloads in {folder}\n")


if __name__ == "__main__":
    main()
