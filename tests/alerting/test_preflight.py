from __future__ import annotations

import shutil

import pytest

from exporter.alerting.preflight import problems
from exporter.errors import UsageError
from tests.stack.rules import ROOT

HOOK = "https://hooks.slack.com/services/T0/B0/abcdef"
GOOD = """\
templates: [templates/*.tmpl]
route:
  receiver: slack
  routes:
    - matchers: ['alertname="Watchdog"']
      receiver: watchdog
receivers:
  - name: slack
    slack_configs:
      - api_url_file: secrets/hook
  - name: watchdog
    webhook_configs:
      - url: http://127.0.0.1:9095/
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a template and a secret."""
    for name, content in (("templates/a.tmpl", "x"), ("secrets/hook", HOOK)):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(content)
        path.chmod(0o600)
    return tmp_path


def found(folder, text):
    """Return what is wrong with a configuration, without the name of the file."""
    path = folder / "alertmanager.yml"
    path.write_text(text)
    return [line.removeprefix(f"{path}:") for line in problems(path)]


def test_nothing_is_wrong(folder):
    """With a configuration that works."""
    assert found(folder, GOOD) == []


SECRET = "receivers.0.slack_configs.0.api_url"
CRITICAL = "  routes:\n    - {matchers: ['severity=\"critical\"'], receiver: nobody}"


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("secrets/hook", "secrets/none", f"10: {SECRET}_file", "there is no such file"),
        ("api_url_file: secrets/hook", f"api_url: {HOOK}", f"10: {SECRET}", "put it into a file"),
        ("templates/*.tmpl", "other/*.tmpl", "1: templates.0", "no file matches other/*.tmpl"),
        ("receiver: slack", "receiver: slak", "3: route.receiver", "there is no receiver 'slak'"),
        ("      receiver: watchdog", "      receiver: slack", "2: route", "of its own: nobody is"),
        ("  routes:", CRITICAL, "2: route", "alerts of severity critical are told to nobody"),
        ("['alertname=\"Watchdog\"']", "['alertname']", "2: route", "'alertname' is no matcher"),
        (
            "receivers:",
            "inhibit_rules:\n  - equal: [model]\nreceivers:",
            "8: inhibit_rules.0.equal",
            "two alerts without model are equal as well",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder, old, new, where, message):
    """And the field."""
    assert old in GOOD
    problems_there = [
        line for line in found(folder, GOOD.replace(old, new, 1)) if line.startswith(f"{where}: ")
    ]
    assert any(message in line for line in problems_there)


def test_a_receiver_that_no_route_leads_to(folder):
    """Is probably a name that is misspelt elsewhere."""
    assert found(folder, GOOD + "  - name: old\n") == ["14: receivers.2: no route leads to 'old'"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[]", ["1: expected a map with route and receivers"]),
     ("{}", ["1: route: expected a route with a receiver"])],
)  # fmt: skip
def test_what_is_no_configuration(folder, text, expected):
    """Is told at once."""
    assert found(folder, text) == expected


def test_what_can_not_be_read(tmp_path):
    """Is bad usage."""
    with pytest.raises(UsageError, match="can't be read"):
        problems(tmp_path / "none.yml")
    (tmp_path / "bad.yml").write_text("a: [")
    with pytest.raises(UsageError, match="not valid YAML"):
        problems(tmp_path / "bad.yml")


def test_the_shipped_configuration_lacks_its_secrets_only(tmp_path):
    """With them nothing is wrong."""
    shutil.copytree(ROOT / "alertmanager", tmp_path / "alertmanager")
    path = tmp_path / "alertmanager" / "alertmanager.yml"
    assert [line.rpartition(": ")[2] for line in problems(path)] == ["there is no such file"] * 2
    for name, secret in (("slack_api_url", HOOK), ("pagerduty_routing_key", "0aB" * 10 + "00")):
        file = path.parent / "secrets" / name
        file.write_text(secret)
        file.chmod(0o600)
    assert problems(path) == []
