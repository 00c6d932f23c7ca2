"""The worked examples of docs/architecture.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

import pytest

from tests.docs.markdown import DOCS, Block, blocks
from tests.docs.worked_copy import WorkedCopy

PAGE = DOCS / "architecture.md"
SECTIONS = (
    "How to add a monitor",
    "How to add a format",
    "How to add a drift test",
    "How to add an alert",
)


def added_tests(example: list[Block]) -> list[str]:
    """Return the test files that an example adds."""
    return [block.title for block in example if block.title.startswith("tests/")]


@pytest.fixture
def copy(tmp_path: Path) -> WorkedCopy:
    """Return a copy of the exporter."""
    return WorkedCopy(tmp_path / "project", ["exporter"])


def scanned(copy: WorkedCopy, folder: Path, model: str) -> dict[str, list[dict]]:
    """Return what the copy's `scan` prints for a model configured thus, by name of the series."""
    config = folder / "modeltail.yml"
    config.write_text(f"models: [{{name: m, paths: [log], {model}}}]\n")
    series: dict[str, list[dict]] = {}
    for line in copy.modeltail(
        "scan", "--config.file", str(config), "--format", "json"
    ).splitlines():
        one = json.loads(line)
        series.setdefault(one["name"], []).append(one)
    return series


def test_monitor(copy: WorkedCopy, tmp_path: Path) -> None:
    """The example's own test passes, and `scan` exposes the new metrics."""
    example = blocks(PAGE, SECTIONS[0])
    copy.apply(example)
    copy.pytest(*added_tests(example))
    (tmp_path / "log").write_text('{"timestamp": 7000, "confidence": 0.3}\n')
    series = scanned(copy, tmp_path, "")
    assert [one["value"] for one in series["model_guesses_total"]] == [1]
    assert [one["value"] for one in series["model_guess_ratio"]] == [1, 1, 1]


def test_monitor_can_be_left_out(copy: WorkedCopy) -> None:
    """The flag that the page names exists once the page was followed."""
    copy.apply(blocks(PAGE, SECTIONS[0]))
    # argparse breaks lines at hyphens too.
    assert "--no-monitor.guesses" in "".join(copy.modeltail("run", "--help").split())


def test_format(copy: WorkedCopy, tmp_path: Path) -> None:
    """The example's own test passes; `scan`, `check` and `reference build` read the format."""
    example = blocks(PAGE, SECTIONS[1])
    copy.apply(example)
    copy.pytest(*added_tests(example))
    log = tmp_path / "log"
    line = "timestamp:{}\tmodel_version:1\tprediction:spam\tconfidence:0.75\tfeatures.age:{}\n"
    log.write_text("".join(line.format(7000 + number, number) for number in range(4)))
    series = scanned(copy, tmp_path, "format: ltsv")
    assert [one["value"] for one in series["model_confidence_sum"]] == [3.0]
    config = ("--config.file", str(tmp_path / "modeltail.yml"))
    assert "4 of 4 lines parse" in copy.modeltail("check", *config)
    reference = ("-o", str(tmp_path / "ref"))
    assert "age" in copy.modeltail(
        "reference", "build", *config, "--model", "m", *reference, str(log)
    )


def test_drift_test(copy: WorkedCopy, tmp_path: Path) -> None:
    """The example's own test passes, and windows are compared by the new test."""
    example = blocks(PAGE, SECTIONS[2])
    copy.apply(example)
    copy.pytest(*added_tests(example))
    log, random = tmp_path / "log", Random(1)
    log.write_text(
        "".join(
            json.dumps(
                {
                    "timestamp": 7000 + n,
                    "prediction": random.choice("ab"),
                    "features": {"age": random.randrange(200)},
                }
            )
            + "\n"
            for n in range(200)
        )
    )
    columns = "{age: {test: freeman_tukey}, '*': {test: freeman_tukey}}"
    model = f"drift: {{reference: ref, min_samples: 2, columns: {columns}}}"
    config = tmp_path / "modeltail.yml"
    config.write_text("models: [{name: m, paths: [log]}]\n")
    build = ("--model", "m", "-o", str(tmp_path / "ref"), str(log))
    copy.modeltail("reference", "build", "--config.file", str(config), *build)
    series = scanned(copy, tmp_path, model)
    tested = {
        (one["labels"]["feature"], one["labels"]["test"]) for one in series["model_drift_pvalue"]
    }
    assert tested == {("age", "freeman_tukey"), ("prediction", "freeman_tukey")}


@pytest.mark.timeout(600)
def test_alert(tmp_path: Path) -> None:
    """Rule, unit test, runbook and table pass every test that the shipped ones pass."""
    parts = ["exporter", "scripts", "alertmanager", "prometheus", "tests/stack"]
    copy = WorkedCopy(tmp_path, [*parts, "docs/alerts.md", "docs/runbooks"])
    copy.apply(blocks(PAGE, SECTIONS[3]))
    copy.run(sys.executable, "-m", "scripts.generate_docs", "alerts.md")
    # What takes days of Prometheus' time is of other alerts.
    rest = "not slo and not fleet and not days"
    copy.pytest("tests/stack/test_rules.py", "tests/stack/test_rule_names.py", "-k", rest)


def test_every_example_is_followed() -> None:
    """No block of the page that names a file lies outside of the sections above."""
    titled = [block for block in blocks(PAGE) if block.title]
    followed = [block for section in SECTIONS for block in blocks(PAGE, section) if block.title]
    assert titled == followed
