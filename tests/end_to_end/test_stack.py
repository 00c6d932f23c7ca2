"""Log lines to delivered notifications, through real servers with the shipped configuration."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from demo import stack
from demo.programs import Program
from demo.receiver import Receiver
from tests.end_to_end.prediction_log import PredictionLog

pytestmark = pytest.mark.end_to_end

LAPSE = 60.0
MODELTAIL = Path(sys.executable).with_name("modeltail")
CONFIGURATION = """
windows: [10s]
models:
  - name: pets
    paths: [logs/*.jsonl]
    thresholds: {min_accuracy: 0.8}
syslog:
  - name: none
    paths: [logs/messages]
"""


@dataclass
class Stack:
    """The running stack, and what was sent to the stand-in for Slack and PagerDuty."""

    exporter: str
    prometheus: str
    archive: Path
    log: PredictionLog

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result of an instant query."""
        answer = requests.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=5
        ).json()
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def value(self, expression: str) -> float:
        """Return the only value of a query; NaN if there is none."""
        result = self.query(expression)
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else float("nan")

    def sent(self, service: str) -> list[dict[str, Any]]:
        """Return the payloads that came in for a service."""
        if not self.archive.exists():
            return []
        # The last line may be in the making.
        complete, _, _ = self.archive.read_text().rpartition("\n")
        entries = [json.loads(line) for line in complete.splitlines()]
        return [entry["payload"] for entry in entries if entry["path"] == f"/{service}"]


def eventually(condition: Callable[[], Any], seconds: float = 45) -> Any:
    """Return the first true result of a condition; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
    return result


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start receiver, exporter, Alertmanager and Prometheus; stop them by their pids."""
    servers = stack.find_servers()
    assert isinstance(servers, stack.Servers), f"not installed: {servers}"
    folder = tmp_path_factory.mktemp("stack")
    (folder / "logs").mkdir()
    (folder / "logs" / "messages").touch()
    (folder / "modeltail.yml").write_text(CONFIGURATION)
    addresses = stack.Addresses.choose()
    receiver = Receiver(folder / "notifications.jsonl", lambda _: None)
    programs: list[Program] = []
    try:
        arguments = ["run", "--config.file", "modeltail.yml", "--storage.path", "storage"]
        address = ["--web.listen-address", addresses.exporter]
        programs.append(Program("exporter", folder, [str(MODELTAIL), *arguments, *address]))
        programs[0].wait_for_url(f"http://{addresses.exporter}/-/ready")
        configuration = stack.write_alertmanager(folder, receiver.url, LAPSE)
        programs.append(stack.start_alertmanager(servers, folder, configuration, addresses))
        configuration = stack.write_prometheus(folder, addresses, LAPSE)
        programs.append(stack.start_prometheus(servers, folder, configuration, addresses))
        with PredictionLog(folder / "logs" / "pets.jsonl") as log:
            yield Stack(
                f"http://{addresses.exporter}",
                f"http://{addresses.prometheus}",
                folder / "notifications.jsonl",
                log,
            )
    finally:
        for program in reversed(programs):
            program.stop()
        receiver.stop()


def test_prometheus_parses_the_scrape(running: Stack) -> None:
    """Prometheus scrapes without an error and knows every series of the exposition."""
    eventually(lambda: running.value('up{job="modeltail"}') == 1)
    eventually(lambda: running.value('model_accuracy_ratio{model="pets"}') == 1)
    text = requests.get(f"{running.exporter}/metrics", timeout=5).text
    exposed = {
        sample.name for family in text_string_to_metric_families(text) for sample in family.samples
    }
    names = requests.get(f"{running.prometheus}/api/v1/label/__name__/values", timeout=5).json()
    assert exposed - set(names["data"]) == set()


def test_every_rule_is_evaluated(running: Stack) -> None:
    """All shipped rules load and evaluate without an error."""

    def rules() -> list[dict[str, Any]]:
        groups = requests.get(f"{running.prometheus}/api/v1/rules", timeout=5).json()
        every = [rule for group in groups["data"]["groups"] for rule in group["rules"]]
        return every if all(rule["health"] != "unknown" for rule in every) else []

    evaluated = eventually(rules)
    assert [rule["name"] for rule in evaluated if rule["health"] != "ok"] == []
    assert len(evaluated) > 20


def test_an_alert_is_delivered_and_resolves(running: Stack) -> None:
    """A model that becomes wrong pages in Slack's and in PagerDuty's shape, then all is well."""
    running.log.right_every = 2

    def about_accuracy(service: str, state: str) -> list[dict[str, Any]]:
        return [
            payload
            for payload in running.sent(service)
            if "ModelAccuracyLow" in json.dumps(payload) and state in json.dumps(payload)
        ]

    event = eventually(lambda: about_accuracy("pagerduty", '"trigger"'))[0]
    assert event["routing_key"] == "demo" * 8
    assert event["dedup_key"]
    assert event["payload"]["severity"] == "critical"
    assert event["payload"]["component"] == "pets"
    assert event["payload"]["class"] == "ModelAccuracyLow"
    assert event["payload"]["summary"]
    message = eventually(lambda: about_accuracy("slack", "FIRING"))[0]
    attachment = message["attachments"][0]
    assert "pets" in attachment["text"]
    assert attachment["fallback"]
    assert attachment["color"]

    running.log.right_every = 1
    resolved = eventually(lambda: about_accuracy("pagerduty", '"resolve"'))[0]
    assert resolved["dedup_key"] == event["dedup_key"]
    eventually(lambda: about_accuracy("slack", "RESOLVED"))
    assert running.query('ALERTS{alertname="ModelAccuracyLow"}') == []


def test_the_counter_in_prometheus_is_the_truth(running: Stack) -> None:
    """After the last line, Prometheus' counters equal what was written."""
    running.log.stop()
    written = running.log.written
    eventually(lambda: running.value("sum(model_predictions_total)") == written)
    assert running.value('modeltail_lines_total{source="pets"}') == written
    assert running.value('modeltail_records_parsed_total{source="pets"}') == written
    assert running.value("sum(modeltail_records_rejected_total)") == 0
