from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from exporter import config
from exporter.errors import UsageError
from exporter.slo.plan import Plan, plan
from exporter.slo.rule_file import render
from tests.stack.promql import selectors
from tests.stack.rules import ROOT

TESTDATA = Path(__file__).parent / "testdata"
SHIPPED = ROOT / "deploy" / "compose" / "modeltail.yml"


def planned(*slos):
    """Return the plan of models with these objectives."""
    models = [{"name": f"m{number}", "paths": ["a"], "slo": slo} for number, slo in enumerate(slos)]
    return plan(config.Configuration.model_validate({"models": models}))


def test_the_rules_of_a_small_configuration():
    """To the letter."""
    configuration = config.load(TESTDATA / "small.yml")
    assert render(plan(configuration)) == (TESTDATA / "small.rules.yml").read_text()


def test_the_shipped_rules_are_those_of_the_shipped_configuration():
    """And of every model with objectives over 30 days and the same limit."""
    shipped = (ROOT / "prometheus" / "rules" / "slo.yml").read_text()
    assert render(plan(config.load(SHIPPED))) == shipped
    assert render(Plan((30,), (0.5,))) == shipped


def test_only_windows_and_limits_are_planned_for():
    """Objectives, names and the order of models change nothing."""
    one = {"availability": {"objective": 0.999, "window": "90d"}}
    two = {"latency": {"objective": 0.99, "below_seconds": 2.0, "window": "6d"}}
    three = {"latency": {"objective": 0.95, "below_seconds": 0.25, "window": "6d"}}
    assert planned(one, two, three) == Plan((6, 90), (0.25, 2.0))
    stricter = {"availability": {"objective": 0.99995, "window": "90d"}}
    texts = {render(planned(*slos)) for slos in itertools.permutations((one, two, three))}
    assert texts == {render(planned(stricter, two, three))}


def test_no_objectives_no_rules():
    """It is said, and no empty file is written."""
    with pytest.raises(UsageError, match="no model has objectives"):
        planned({}, {})


@pytest.mark.parametrize(
    "wanted",
    [Plan((6,), ()), Plan((10, 30), (0.5, 1.0)), Plan((7, 28, 30, 60, 90), (0.1, 0.3, 20.0))],
    ids=str,
)
def test_promtool_has_nothing_to_remark(wanted, tmp_path):
    """Whatever is promised: not even a series that two rules record."""
    path = tmp_path / "rules.yml"
    path.write_text(render(wanted))
    command = ["promtool", "check", "rules", "--lint=all", "--lint-fatal", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    rules = [rule for group in yaml.safe_load(render(wanted))["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        for selector in selectors(rule["expr"]):
            assert not selector.metric.startswith("job_") or selector.metric in recorded


def test_numbers_are_written_as_they_are():
    """No rest of binary floating point anywhere."""
    text = render(Plan((7, 30), (0.1, 0.3, 1.1, 2.2)))
    assert not re.search(r"\d\.\d{7,}", text)
    assert {f'le="{edge}"' for edge in ("0.1", "0.3", "1.1", "2.2")} <= set(
        re.findall(r'le="[\d.]+"', text)
    )


def test_one_rule_serves_two_windows_that_share_a_pair():
    """Objectives over 10 and 30 days are both judged over a day: at 1 and at 3 times the budget."""
    rules = yaml.safe_load(render(Plan((10, 30), ())))["groups"][1]["rules"]
    (shared,) = [
        rule["expr"]
        for rule in rules
        if rule["labels"] == {"severity": "warning", "short": "2h", "long": "1d"}
    ]
    assert re.findall(r"ratio1d\[5m\]\) > (\S+)", shared) == ["1", "3"]
    assert re.findall(r"== (\d+)", shared) == ["864000", "2592000"]
