"""What a failed scrape and a restart change for alerts: nothing, for none of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stack.disturbances import disturbed, failed_scrape, restart, samples, seconds
from tests.stack.mutations import RuleTestLoader
from tests.stack.rules import PROMTOOL, TEST_FILES, alerts

WAITS: dict[str, int] = {}
for rule in alerts():
    WAITS[rule["alert"]] = max(WAITS.get(rule["alert"], 0), seconds(rule.get("for", "0s")))
# Tests of days take minutes, and say the same.
QUICK = [path for path in TEST_FILES if not path.stem.endswith("_days")]


def run(document: dict[str, Any], disturb: Any, directory: Path, rule_files: list[str]) -> str:
    """Return what promtool says of the disturbed tests; empty if all pass."""
    file = directory / "disturbed.yml"
    tests = list(disturbed(document, disturb, WAITS))
    written = {**document, "rule_files": rule_files, "tests": tests}
    file.write_text(yaml.safe_dump(written, width=1_000_000))
    result = subprocess.run(
        [PROMTOOL, "test", "rules", file], capture_output=True, text=True, check=False
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr


def read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return a test file, and the paths of its rule files."""
    # S506: the loader is a safe one.
    document = yaml.load(path.read_text(), RuleTestLoader)
    return document, [str((path.parent / name).resolve()) for name in document["rule_files"]]


@pytest.mark.parametrize("disturb", [failed_scrape, restart], ids=lambda one: one.__name__)
@pytest.mark.parametrize("path", QUICK, ids=lambda path: path.stem)
def test_alerts_fire_and_are_quiet_all_the_same(disturb: Any, path: Path, tmp_path: Path) -> None:
    """At every moment that a rule test looks at, whatever happened while an alert was pending."""
    document, rule_files = read(path)
    assert run(document, disturb, tmp_path, rule_files) == ""


@pytest.mark.parametrize(
    ("name", "disturb", "change"),
    [
        ("model", failed_scrape, (r"max_over_time\((model_accuracy_upper_ratio)\[5m\]\)", r"\1")),
        ("modeltail", restart, (r"increase\((modeltail_monitor_errors_total)\[\w+\]\)", r"\1")),
    ],
    ids=["instant", "total"],
)
def test_a_rule_that_can_not_stand_it_is_found(
    name: str, disturb: Any, change: tuple[str, str], tmp_path: Path
) -> None:
    """One that reads an instant, and one that reads a total, fail the disturbed tests."""
    (path,) = [path for path in QUICK if path.stem == name]
    document, (rule_file, *_) = read(path)
    changed, count = re.subn(*change, Path(rule_file).read_text())
    assert count
    (tmp_path / "rules.yml").write_text(changed)
    assert "FAILED" in run(document, disturb, tmp_path, [str(tmp_path / "rules.yml")])


def test_samples_are_written_out_as_promtool_reads_them() -> None:
    """Steps, repetitions, holes and the ends of series."""
    assert samples("1-0.5x2 _x2 stale 7 NaNx1 1e3x0 -2") == [
        *("1", "0.5", "0"),
        *("_", "_", "stale", "7", "nan", "nan", "1000", "-2"),
    ]


def test_what_a_disturbance_does() -> None:
    """A failed scrape takes one sample of all series but `up`; a restart is of counters alone."""
    assert failed_scrape("x", ["1", "2", "3"], 1) == ["1", "stale", "3"]
    assert failed_scrape('up{job="a"}', ["1", "1"], 1) == ["1", "0"]
    assert failed_scrape("x", ["1", "_"], 1) == ["1", "_"]
    assert failed_scrape("x", ["1"], 5) == ["1"]
    assert restart("x_total", ["5", "_", "7", "9"], 2) == ["5", "_", "0", "2"]
    assert restart("x", ["5", "7"], 1) == ["5", "7"]
