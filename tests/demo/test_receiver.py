from __future__ import annotations

import json
import threading

import pytest
import requests

from demo.notifications import Notification, from_pagerduty, from_slack
from demo.receiver import Receiver
from demo.verdict import Verdict

SLACK = {
    "username": "modeltail",
    "attachments": [
        {
            "title": "[FIRING 2] critical: SyslogAnomalous edge1 &lt;!channel&gt;",
            "title_link": "http://127.0.0.1:3000/d/modeltail-model",
            "text": "A host&#39;s log is unlike its normal days.\n• Host edge1 …\n",
            "fallback": "…",
            "color": "danger",
        }
    ],
}
PAGERDUTY = {
    "routing_key": "k" * 32,
    "dedup_key": "abc",
    "event_action": "trigger",
    "payload": {
        "summary": "ModelAccuracyLow digits: A model's accuracy is below its limit.",
        "source": "modeltail",
        "severity": "critical",
        "class": "ModelAccuracyLow",
        "custom_details": {"firing": "Accuracy of model digits …", "resolved": ""},
    },
}


@pytest.fixture
def received():
    """Return the list that notifications are put into."""
    return []


@pytest.fixture
def receiver(tmp_path, received):
    """Return a receiver that is stopped after the test."""
    receiver = Receiver(tmp_path / "archive.jsonl", received.append, clock=lambda: 12.5)
    yield receiver
    receiver.stop()


def test_slack_is_read_as_people_would_see_it():
    """Entities of Slack's markup are shown as the characters they stand for."""
    assert from_slack(SLACK, 3.0) == Notification(
        service="slack",
        alert="SyslogAnomalous",
        resolved=False,
        title="[FIRING 2] critical: SyslogAnomalous edge1 <!channel>",
        text="A host's log is unlike its normal days.\n• Host edge1 …",
        after=3.0,
    )


def test_pagerduty_is_read_as_people_would_see_it():
    """The summary is the title, the firing alerts are the text."""
    assert from_pagerduty(PAGERDUTY, 3.0) == Notification(
        service="pagerduty",
        alert="ModelAccuracyLow",
        resolved=False,
        title="trigger (critical): ModelAccuracyLow digits: A model's accuracy is below its limit.",
        text="Accuracy of model digits …",
        after=3.0,
    )


def test_the_end_of_an_alert_is_recognised():
    """Slack says so in the title, PagerDuty in the action."""
    over = {"attachments": [{"title": "[RESOLVED] critical: ModelAccuracyLow digits"}]}
    assert from_slack(over, 1.0).resolved
    resolve = {**PAGERDUTY, "event_action": "resolve"}
    assert from_pagerduty(resolve, 1.0).resolved


@pytest.mark.parametrize(
    ("alert", "subject"),
    [
        ("ModelAccuracyLow", "model"),
        ("SyslogAnomalous", "syslog"),
        ("ModeltailDown", "exporter"),
        ("", "exporter"),
    ],
)
def test_the_first_word_of_a_name_is_its_subject(alert, subject):
    """ModeltailDown is about the exporter, though it begins like Model."""
    assert Notification("slack", alert, False, "", "", 0.0).subject == subject


def test_it_answers_as_the_services_do(receiver, received):
    """Slack says ok, PagerDuty accepts with the key; both notifications are told in order."""
    slack = requests.post(f"{receiver.url}/slack", json=SLACK, timeout=5)
    pagerduty = requests.post(f"{receiver.url}/pagerduty", json=PAGERDUTY, timeout=5)
    watchdog = requests.post(f"{receiver.url}/watchdog", json={"alerts": []}, timeout=5)
    assert (slack.status_code, slack.text) == (200, "ok")
    assert pagerduty.status_code == 202
    assert pagerduty.json() == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "abc",
    }
    assert (watchdog.status_code, receiver.heartbeats) == (200, 1)
    assert [(entry.service, entry.after) for entry in received] == [
        ("slack", 12.5),
        ("pagerduty", 12.5),
    ]


def test_payloads_are_kept_as_they_came(receiver, tmp_path):
    """The archive is what one would send to the real service, with the time and the path."""
    requests.post(f"{receiver.url}/slack", json=SLACK, timeout=5)
    requests.post(f"{receiver.url}/pagerduty", json=PAGERDUTY, timeout=5)
    lines = (tmp_path / "archive.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"after_seconds": 12.5, "path": "/slack", "payload": SLACK},
        {"after_seconds": 12.5, "path": "/pagerduty", "payload": PAGERDUTY},
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/slack", "{", 400),
        ("/slack", "{}", 400),
        ("/slack", '{"attachments":[]}', 400),
        ("/pagerduty", '{"payload":{"summary":"x"}}', 400),
        ("/teams", "{}", 404),
    ],
)
def test_what_the_services_would_refuse_is_refused(receiver, received, path, body, status):
    """A payload without what the service requires counts for nothing."""
    answer = requests.post(f"{receiver.url}{path}", data=body, timeout=5)
    assert answer.status_code == status
    assert received == []


def test_it_takes_many_at_once(receiver, received):
    """Alertmanager notifies from many routes at the same time."""
    senders = [
        threading.Thread(
            target=requests.post, args=(f"{receiver.url}/slack",), kwargs={"json": SLACK}
        )
        for _ in range(10)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(received) == 10


def notification(subject, service, after, resolved=False):
    """Return a notification about a model or a host."""
    alert = {"model": "ModelAccuracyLow", "syslog": "SyslogAnomalous", "exporter": "ModeltailDown"}
    return Notification(service, alert[subject], resolved, "", "", after)


def test_the_verdict_wants_every_kind_in_every_form():
    """Three of four are not enough, the exporter's own alerts and ends of alerts are nothing."""
    verdict = Verdict()
    verdict.take(notification("model", "slack", 10.0))
    verdict.take(notification("model", "pagerduty", 11.0))
    verdict.take(notification("syslog", "slack", 12.0))
    verdict.take(notification("syslog", "pagerduty", 13.0, resolved=True))
    verdict.take(notification("exporter", "pagerduty", 14.0))
    assert not verdict.complete
    assert verdict.missing == ["syslog alert to pagerduty"]
    verdict.take(notification("syslog", "pagerduty", 15.0))
    verdict.take(notification("syslog", "pagerduty", 99.0))
    assert verdict.complete
    assert verdict.lines() == [
        "delivered  model  alert to slack     after  10.0 s: ModelAccuracyLow",
        "delivered  model  alert to pagerduty after  11.0 s: ModelAccuracyLow",
        "delivered  syslog alert to slack     after  12.0 s: SyslogAnomalous",
        "delivered  syslog alert to pagerduty after  15.0 s: SyslogAnomalous",
    ]


def test_the_verdict_names_what_is_missing():
    """At the start that is everything."""
    assert Verdict().lines() == [
        "missing    model alert to slack",
        "missing    model alert to pagerduty",
        "missing    syslog alert to slack",
        "missing    syslog alert to pagerduty",
    ]
