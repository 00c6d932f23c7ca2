from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.stack.rules import ROOT

RULES = (ROOT / "prometheus" / "rules" / "slo.yml").read_text()
LEVELS = [("1h", "14.4", "28.8"), ("6h", "6", "12"), ("1d", "3", "6"), ("3d", "1", "2")]
"""The long window of each alert, its factor, and twice that."""


def cases(long):
    """Return the shipped test cases that expect the alert of a window to fire."""
    found = []
    for name in ("slo", "slo_days"):
        document = yaml.safe_load((ROOT / "prometheus" / "tests" / f"{name}.yml").read_text())
        expecting = [
            case
            for case in document["tests"]
            for expected in case.get("alert_rule_test", ())
            for alert in expected.get("exp_alerts", ())
            if alert["exp_labels"].get("long") == long
        ]
        if expecting:
            found.append({**document, "rule_files": ["slo.yml"], "tests": expecting[:1]})
    return found


def passes(rules, tests, directory):
    """Return whether promtool finds that rules do what tests say."""
    (directory / "slo.yml").write_text(rules)
    (directory / "tests.yml").write_text(yaml.safe_dump(tests))
    command = ["promtool", "test", "rules", str(directory / "tests.yml")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("long", "factor", "doubled"), LEVELS)
def test_an_alert_with_another_factor_is_noticed(long, factor, doubled, tmp_path):
    """Twice the factor, or below instead of above: the case of that window fails."""
    (tests,) = cases(long)
    assert passes(RULES, tests, tmp_path)
    comparison = rf"(model_burn_rate:ratio{long}\[5m\]\)) > {re.escape(factor)}\n"
    for instead in (f"> {doubled}", f"< {factor}"):
        changed, count = re.subn(comparison, rf"\1 {instead}\n", RULES)
        assert count == 1
        assert not passes(changed, tests, tmp_path)
