from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from exporter.alerting.routing import Matcher, matchers, receivers, unguarded
from tests.stack.rules import ROOT, alerts

SHIPPED = ROOT / "alertmanager" / "alertmanager.yml"


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('severity="critical"', {"severity": "critical"}, True),
        ("severity=critical", {"severity": "warning"}, False),
        ('model!=""', {}, False),
        ('model!=""', {"model": "a"}, True),
        ('name=~"a|b"', {"name": "b"}, True),
        ('name=~"a|b"', {"name": "ab"}, False),
        (' name !~ "a.*" ', {"name": "ba"}, True),
        (r'name="say \"hi\""', {"name": 'say "hi"'}, True),
    ],
)
def test_matchers(text, labels, expected):
    """A label that is missing is empty; expressions match the whole value."""
    assert Matcher.parse(text).matches(labels) is expected


@pytest.mark.parametrize("text", ["severity", "=x", 'a="b" c', 'a=~"("'])
def test_what_is_no_matcher(text):
    """Is refused, and named."""
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        Matcher.parse(text)


def test_older_matchers():
    """Maps of labels, as before Alertmanager 0.22."""
    found = matchers({"match": {"a": "1"}, "match_re": {"b": "x|y"}})
    assert found == [Matcher("a", "=", "1"), Matcher("b", "=~", "x|y")]


def labelsets():
    """Yield labels as those of each shipped alert, and some others."""
    for rule in alerts():
        yield {"alertname": rule["alert"], "job": "modeltail", "model": "m", **rule["labels"]}
    yield {"alertname": "Other", "severity": "page"}
    yield {"alertname": "Other"}


def test_routes_are_those_of_amtool():
    """For every shipped alert, and for alerts of no severity that is known."""
    route = yaml.safe_load(SHIPPED.read_text())["route"]
    for labels in {tuple(sorted(labels.items())) for labels in labelsets()}:
        pairs = [f"{name}={value}" for name, value in labels]
        command = ["amtool", "config", "routes", "test", f"--config.file={SHIPPED}", *pairs]
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        assert ",".join(receivers(route, dict(labels))) == said.stdout.strip()


def test_routes_that_go_on():
    """Children inherit the receiver; the first that matches ends it unless it continues."""
    route = {
        "receiver": "a",
        "routes": [
            {"matchers": ['x="1"'], "receiver": "b", "continue": True},
            {"matchers": ['x="1"'], "routes": [{"matchers": ['y="1"'], "receiver": "c"}]},
            {"matchers": ['x=~".*"'], "receiver": "d"},
        ],
    }
    assert list(receivers(route, {"x": "1", "y": "1"})) == ["b", "c"]
    assert list(receivers(route, {"x": "1"})) == ["b", "a"]
    assert list(receivers(route, {})) == ["d"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"equal": ["model"]}, ["model"]),
        ({"equal": ["model"], "source_matchers": ['model!=""']}, []),
        ({"equal": ["job", "model", "host"], "target_matchers": ['host=~".+"']}, []),
        ({"equal": ["model", "alertname"]}, []),
        ({"equal": ["job"]}, []),
        ({"equal": ["model", "host"], "target_matchers": ['model=~".*"']}, ["model", "host"]),
        ({}, []),
    ],
)
def test_labels_that_both_may_lack(rule, expected):
    """Unless a matcher asks that one be there."""
    assert unguarded(rule) == expected
