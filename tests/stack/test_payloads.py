from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.stack.alertmanager_process import binary, version
from tests.stack.payloads import (
    GOLDEN,
    HOSTILE,
    LONG,
    PAGERDUTY,
    SCENARIOS,
    SLACK,
    YAML,
    capture,
)

CAPTURED = sorted(path.name for path in GOLDEN.iterdir())
NAMES = sorted(
    f"{path.strip('/')}.{scenario.name}{end}"
    for scenario in SCENARIOS
    for path in scenario.paths
    for end in ("", ".resolved")[: 1 + scenario.ends]
)


def golden(folder: str) -> dict[str, Any]:
    """Return what a version of Alertmanager posted, by the names of files."""
    return {path.stem: json.loads(path.read_text()) for path in (GOLDEN / folder).iterdir()}


def number(text: str) -> tuple[int, ...]:
    """Return a version that can be compared."""
    return tuple(map(int, text.split(".")))


def alike(body: Any) -> Any:
    """Return a payload without what depends on the version, see `test_versions`."""
    details = body.get("payload", {}).get("custom_details", {})
    details |= {key: str(details[key]) for key in details if key.startswith("num_")}
    return {key: body[key] for key in body if key != "notification_reason"}


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the Alertmanager at hand posts."""
    return capture(tmp_path_factory.mktemp("payloads") / "alertmanager", binary())


@pytest.fixture(scope="module", params=CAPTURED)
def payloads(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what each version of Alertmanager that was captured posted."""
    return golden(request.param)


@pytest.mark.end_to_end
def test_captured_payloads_are_what_alertmanager_posts(posted: dict[str, Any]) -> None:
    """Of a version that was not captured, all but what is known to vary is as in the one before."""
    running = version(binary())
    if running in CAPTURED:
        assert posted == golden(running)
        return
    before = max((one for one in CAPTURED if number(one) < number(running)), key=number)
    kept = golden(before)
    assert {name: alike(posted[name]) for name in posted} == {
        name: alike(kept[name]) for name in kept
    }


def test_versions() -> None:
    """The oldest and the newest that were captured differ in two ways, and neither matters."""
    assert CAPTURED == ["0.25", "0.33"]
    old, new = (golden(one) for one in CAPTURED)
    assert old["pagerduty.critical"]["payload"]["custom_details"]["num_firing"] == "1"
    assert new["pagerduty.critical"]["payload"]["custom_details"]["num_firing"] == 1
    assert new["watchdog.watchdog"]["notification_reason"] == "first notification"
    assert {name: alike(old[name]) for name in old} == {name: alike(new[name]) for name in new}


def test_payloads_have_the_documented_shape(payloads: dict[str, Any]) -> None:
    """All of them, and those about hostile and long labels too."""
    assert sorted(payloads) == NAMES
    schemas = {"slack": SLACK, "pagerduty": PAGERDUTY}
    checked = 0
    for name, body in payloads.items():
        schema = schemas.get(name.partition(".")[0])
        if schema is not None:
            jsonschema.Draft202012Validator(schema).validate(body)
            checked += 1
        assert len(json.dumps(body)) < 20_000
    assert checked == len(NAMES) - 1


@pytest.mark.parametrize(
    ("schema", "change"),
    [
        (PAGERDUTY, {"routing_key": "short"}),
        (PAGERDUTY, {"event_action": "fire"}),
        (PAGERDUTY, {"dedup_key": "k" * 256}),
        (PAGERDUTY, {"client_url": "javascript:alert(1)"}),
        (PAGERDUTY, {"payload": {"summary": "s", "source": "x", "severity": "page"}}),
        (PAGERDUTY, {"payload": {"summary": "s" * 1025, "source": "x", "severity": "info"}}),
        (SLACK, {"attachments": []}),
        (SLACK, {"text": "<!channel>"}),
    ],
)
def test_schemas_refuse_what_the_services_would(
    schema: dict[str, Any], change: dict[str, Any]
) -> None:
    """A payload that has been right no longer is."""
    name = "slack.critical" if schema is SLACK else "pagerduty.critical"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(golden("0.25")[name] | change)


def test_critical_alerts_resolve_what_they_triggered(payloads: dict[str, Any]) -> None:
    """PagerDuty knows an incident by its dedup_key."""
    begun, ended = payloads["pagerduty.critical"], payloads["pagerduty.critical.resolved"]
    assert (begun["event_action"], ended["event_action"]) == ("trigger", "resolve")
    assert begun["dedup_key"] == ended["dedup_key"]
    others = {payloads[name]["dedup_key"] for name in payloads if name.startswith("pagerduty")}
    assert len(others) == len([name for name in NAMES if name.startswith("pagerduty")]) - 1


def texts(node: Any) -> list[str]:
    """Return every string of a payload."""
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in texts(value)]
    return [node] if isinstance(node, str) else []


@pytest.mark.parametrize("name", ["slack.hostile", "pagerduty.hostile"])
def test_no_control_or_invisible_character_is_left(payloads: dict[str, Any], name: str) -> None:
    """A label can't start a line of its own, nor turn the direction of text."""
    for text in texts(payloads[name]):
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text
        )
    if name == "pagerduty.hostile":
        assert not any("\n" in text for text in texts(payloads[name]))


def test_text_from_a_log_stays_text_in_slack(payloads: dict[str, Any]) -> None:
    """Mentions, disguised links and formatting arrive as the characters they are."""
    (attachment,) = payloads["slack.hostile"]["attachments"]
    for field in ("title", "fallback", "text"):
        assert not re.search("[<>]|&(?!(amp|lt|gt);)", attachment[field])
        assert (
            "&lt;!channel&gt; &lt;@U012AB3CD&gt; &lt;http://x.example|y&gt; &amp; *bold*"
            in (attachment[field])
        )
    assert len(attachment["text"].splitlines()) == 2
    assert attachment["mrkdwn_in"] == ["pretext"]
    assert "pretext" not in attachment
    for action in attachment["actions"]:
        assert action["text"] in ("Runbook", "Dashboard", "Silence")


def test_text_from_a_log_stays_text_in_pagerduty(payloads: dict[str, Any]) -> None:
    """No label adds a field, ends an incident, or has a template expanded."""
    for name in ("pagerduty.hostile", "pagerduty.yaml"):
        body = payloads[name]
        assert body["event_action"] == "trigger"
        assert body["payload"].keys() == payloads["pagerduty.critical"]["payload"].keys()
        details = body["payload"]["custom_details"]
        assert details.keys() == payloads["pagerduty.critical"]["payload"]["custom_details"].keys()
        assert isinstance(details["firing"], str)
        assert ".ExternalURL }}" in details["firing"]
        assert "{{" not in "".join(texts(body["payload"]))
        assert "alertmanager.example" not in json.dumps(body)


def test_what_newer_versions_take_for_yaml_is_none() -> None:
    """The label alone would be a map whose values are templates; behind "> " nothing is."""
    assert isinstance(yaml.safe_load(f"Confidence of {YAML} is low. Since 09:30:00."), dict)
    for text in (YAML, HOSTILE, "- a", "[a, b]", "12", "", "# a", "|", ">-", "a: &x b"):
        with pytest.raises(yaml.YAMLError):
            yaml.safe_load(f"> {text} Since 2026-01-31 09:30:00 UTC.\n> b: c Since then.")


def test_long_labels_are_cut(payloads: dict[str, Any]) -> None:
    """Nobody reads ten kilobytes, and a link or silence of half a label would be about another."""
    assert all(len(text) < 1000 for text in texts(payloads["slack.long"]))
    assert all(len(text) < 1000 for text in texts(payloads["pagerduty.long"]))
    (attachment,) = payloads["slack.long"]["attachments"]
    links = [action["url"] for action in attachment["actions"]]
    assert links[1].endswith("?var-job=modeltail&var-instance=a%3A9877")
    assert links[2] == "http://alertmanager.example:9093/#/alerts"
    assert LONG[:100] not in "".join(links)


def test_ten_of_many_alerts_are_listed(payloads: dict[str, Any]) -> None:
    """One message tells of a group, and how many there are in all."""
    (attachment,) = payloads["slack.group"]["attachments"]
    assert attachment["title"] == "[FIRING 12] warning: ModelMissingValues scans"
    lines = attachment["text"].splitlines()
    assert len(lines) == 12
    assert lines[-1] == "• … 12 in all."


def test_secrets_of_the_captures_are_ours() -> None:
    """No real key is in a captured payload, and no folder of the machine that captured it."""
    for path in GOLDEN.rglob("*.json"):
        text = path.read_text()
        assert "hooks.slack.com" not in text
        assert str(Path.home()) not in text
        for key in re.findall(r'"routing_key": "(.*)"', text):
            assert key == "0123456789abcdef" * 2
