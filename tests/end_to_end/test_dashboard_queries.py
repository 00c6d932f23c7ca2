"""Every query of every dashboard, on a real Prometheus that scrapes a real exporter."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo import stack, watched
from demo.programs import Program, run_to_end
from demo.replay import Replay
from demo.session import endless_syslog
from tests.end_to_end.dashboard_queries import Choice, Findings, Prometheus
from tests.end_to_end.model_logs import MODELS, ModelLogs
from tests.end_to_end.test_stack import eventually
from tests.stack.dashboards import DASHBOARDS, content, panels

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("dashboards")]

LAPSE = 120.0
"""What durations of the shipped rules are divided by: an hour becomes half a minute."""
MODELTAIL = str(Path(sys.executable).with_name("modeltail"))
CHOICES = [
    Choice("digits", "mean_ink"),
    Choice("support", "age"),
    Choice("support", "plan"),
    Choice("prices", "area"),
    Choice("search"),
    Choice("tags"),
    Choice("new"),
]
NOTHING_HAPPENED = {
    "modeltail-exporter": {
        ("Failures", "C"): "every file could be opened",
        ("Failures", "D"): "there are fewer series than the limit",
    },
}
"""Queries that give nothing while all is well, with the reason, by dashboard and panel."""

each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def configuration(files: watched.Files) -> dict[str, Any]:
    """Return the demo's configuration with more models, and all there is to configure."""
    made = watched.configuration(files)
    folder = files.predictions.parent
    (digits,) = made["models"]
    # Too much to ask for, so that alerts fire.
    digits["thresholds"] |= {"min_accuracy": 0.999, "max_calibration_error": 0.001}
    digits["slo"] = {
        "availability": {"objective": 0.999},
        "latency": {"objective": 0.99, "below_seconds": 0.5},
        "quality": {"objective": 0.99},
    }
    digits["server"] = {"pid_file": str(files.directory / "digits.pid")}
    for name in MODELS:
        model: dict[str, Any] = {"name": name, "paths": [str(folder / f"{name}.jsonl")]}
        if name in {"search", "tags"}:
            model["task"] = {"search": "ranking", "tags": "multilabel"}[name]
        else:
            drift = {"reference": str(files.directory / f"{name}.ref"), "density": {}}
            model["drift"] = {**drift, "min_samples": 50}
        if name == "support":
            model["thresholds"] = {"min_accuracy": 0.5}
            model["slices"] = ["region"]
            model["rules"] = {"fields": {"features.age": {"min": 30}}}
        made["models"].append(model)
    first = {"drift": {"reference": {"first": 100_000}}}
    made["models"].append({"name": "new", "paths": made["models"][1]["paths"], **first})
    found, lost = str(files.configuration), str(files.directory / "lost.csv")
    made["dependencies"] = [
        {"name": "configuration", "path": found, "expect_every": "1h"},
        {"name": "lost", "path": lost},
    ]
    return made


def build_references(files: watched.Files) -> None:
    """Build the reference of every model that has one, and train the model of the syslog."""
    config = ["--config.file", str(files.configuration)]
    logs = {"digits": files.reference_predictions}
    logs |= {name: files.predictions.with_name(f"{name}.reference.jsonl") for name in MODELS}
    commands = [
        [MODELTAIL, "reference", "build", *config, "--model", name, "-o", f"{name}.ref", str(log)]
        for name, log in logs.items()
        if name not in {"search", "tags"}
    ]
    train = [MODELTAIL, "syslog", "train", "-o", str(files.markov), str(watched.TRAINING_LOG)]
    for command in commands:
        command[command.index("-o") + 1] = str(files.directory / command[command.index("-o") + 1])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run_to_end, [train, *commands]))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start models, exporter and Prometheus; yield when the slowest rules have results."""
    servers = stack.find_servers()
    assert isinstance(servers, stack.Servers), f"not installed: {servers}"
    files = watched.Files(tmp_path_factory.mktemp("dashboards"))
    files.predictions.parent.mkdir()
    files.configuration.write_text(yaml.safe_dump(configuration(files)))
    addresses = stack.Addresses.choose()
    with ExitStack() as running:

        def keep(program: Program) -> Program:
            running.callback(program.stop)
            return program

        service = keep(watched.start_model_service(files, rate=50.0, calm=5.0))
        (files.directory / "digits.pid").write_text(str(service.pid))
        replay = Replay(endless_syslog(), files.syslog, speed=400.0)
        replay.start()
        running.callback(replay.stop)
        logs = ModelLogs(files.predictions.parent)
        logs.write_references()
        build_references(files)
        running.enter_context(logs)
        keep(watched.start_exporter(files, addresses.exporter))
        # Every second, the rules alone would keep a processor busy.
        written = stack.write_prometheus(files.directory, addresses, LAPSE, "2s")
        keep(stack.start_prometheus(servers, files.directory, written, addresses))
        asked = Prometheus(f"http://{addresses.prometheus}")
        for slow in (
            "job_model_slo:model_error_budget_remaining:ratio",
            'job_model_version_feature_bin:model_feature_value:increase1d{model="digits"}',
            'ALERTS{alertstate="firing",model="digits"}',
            'ALERTS{alertstate="firing",alertname="ModelErrorBudgetBurn"}',
        ):
            eventually(lambda query=slow: asked.ask("query", query=query)["result"], 60)
        yield asked


@pytest.fixture(scope="module")
def findings(prometheus: Prometheus) -> dict[str, Findings]:
    """Return what came of the queries, by dashboard."""
    return {
        path.stem: prometheus.look(content(path), CHOICES, NOTHING_HAPPENED.get(path.stem, {}))
        for path in DASHBOARDS
    }


@each_dashboard
def test_no_query_fails_and_none_is_empty_without_a_reason(
    findings: dict[str, Findings], path: Path
) -> None:
    """Every panel shows something, but for what did not happen."""
    found = findings[path.stem]
    shown = len(panels(content(path)))
    # For whoever runs it with -s.
    sys.stdout.write(
        f"\n{path.stem}: {shown} panels, {found.queries} queries, {found.series} series\n"
    )
    excused = NOTHING_HAPPENED.get(path.stem, {})
    assert [one for one in found.empty if one not in excused] == []


@each_dashboard
def test_legends_name_labels_of_the_results(findings: dict[str, Findings], path: Path) -> None:
    """No legend is empty where it should tell lines apart, and no two are the same."""
    assert findings[path.stem].nameless == []
    assert findings[path.stem].ambiguous == []


@each_dashboard
def test_columns_of_a_table_have_the_same_labels(findings: dict[str, Findings], path: Path) -> None:
    """So that Grafana puts them into one row."""
    assert findings[path.stem].apart == []


@each_dashboard
def test_every_variable_offers_something(prometheus: Prometheus, path: Path) -> None:
    """There is something to choose."""
    offered = prometheus.offers(content(path), CHOICES)
    assert [name for name, values in offered.items() if not values] == []


@each_dashboard
def test_annotations_are_queries(prometheus: Prometheus, path: Path) -> None:
    """Marks of alerts, versions and starts can be looked up."""
    for mark in content(path)["annotations"]["list"]:
        target = {"expr": mark["target"]["expr"], "instant": False}
        for choice in CHOICES:
            prometheus.labels(target, choice)


def test_marks_of_what_happened_are_there(prometheus: Prometheus) -> None:
    """The models' versions and the exporter are new, and alerts fire."""
    (path,) = [path for path in DASHBOARDS if path.stem == "modeltail-model"]
    alerts, deployed = content(path)["annotations"]["list"]
    choice = Choice("support")
    new = prometheus.labels({"expr": deployed["target"]["expr"], "instant": False}, choice)
    assert {labels["version"] for labels in new} == {"1", "2"}
    firing = {"expr": alerts["target"]["expr"], "instant": False}
    assert prometheus.labels(firing, Choice("digits"))
