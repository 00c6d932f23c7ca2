from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.stack.rules import PROMTOOL, ROOT, RULE_FILES, TEST_FILES, alert_names

PROMETHEUS = ROOT / "prometheus"


def promtool(*arguments: str | Path) -> str:
    """Run promtool; fail with what it printed unless it is content."""
    command = [PROMTOOL, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_rules_pass_the_linter() -> None:
    """Every rule file loads, and promtool has nothing to remark."""
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_rules_do_what_their_unit_tests_say(path: Path) -> None:
    """Alerts fire when they must, stay quiet when they must, resolve; recordings are exact."""
    promtool("test", "rules", path)


def test_every_alert_is_tested_to_fire_and_to_be_quiet() -> None:
    """Each alert has expected annotations at one moment and is expected absent at another."""
    fires, quiet = set(), set()
    for path in TEST_FILES:
        for group in yaml.safe_load(path.read_text())["tests"]:
            for case in group.get("alert_rule_test", []):
                (fires if case.get("exp_alerts") else quiet).add(case["alertname"])
    assert sorted(fires) == alert_names()
    assert sorted(quiet | {"Watchdog"}) == alert_names()


@pytest.mark.parametrize("late", ["increase1h", "increase1d"])
def test_a_fleet_is_compared_over_every_range_in_the_same_way(late: str) -> None:
    """Only what is counted differs: since the start, or of late."""
    rules = yaml.safe_load((PROMETHEUS / "rules" / "fleet_drift.yml").read_text())
    groups = {group["name"]: group["rules"] for group in rules["groups"]}
    since_start = {
        one["record"]: one["expr"].split() for one in groups["modeltail-fleet-drift-sum"]
    }
    rated = re.compile(rf"increase\((\w+)\[{late.removeprefix('increase')}\]\)")
    of_late = {
        one["record"].replace(late, "sum"): rated.sub(r"\1", one["expr"])
        .replace(late, "sum")
        .split()
        for one in groups[f"modeltail-fleet-drift-{late}"]
    }
    assert of_late == since_start


@pytest.mark.parametrize("targets", ["targets", "targets/compose"])
def test_configuration_is_valid_natively_and_under_compose(targets: str, tmp_path: Path) -> None:
    """One configuration file finds its rules and the target files of either place."""
    shutil.copy(PROMETHEUS / "prometheus.yml", tmp_path)
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    shutil.copytree(
        PROMETHEUS / targets, tmp_path / "targets", ignore=shutil.ignore_patterns("compose")
    )
    assert "WARNING" not in promtool("check", "config", tmp_path / "prometheus.yml")


def test_target_files_are_the_same_in_both_places() -> None:
    """What prometheus.yml looks for is there natively and under compose."""
    native = sorted(path.name for path in (PROMETHEUS / "targets").glob("*.yml"))
    compose = sorted(path.name for path in (PROMETHEUS / "targets" / "compose").glob("*.yml"))
    assert native == compose


def test_native_targets_stay_on_this_machine() -> None:
    """A native Prometheus asks loopback addresses only until somebody says otherwise."""
    for path in (PROMETHEUS / "targets").glob("*.yml"):
        for group in yaml.safe_load(path.read_text()):
            assert all(target.startswith("127.0.0.1:") for target in group["targets"])
