from __future__ import annotations

from pathlib import Path

import pytest

from exporter.assembly import SYSLOG_GROUP, assemble
from exporter.config import Configuration
from exporter.drift import reference_file
from exporter.errors import UsageError
from exporter.monitors import names
from exporter.pipeline import Pipeline
from exporter.storage import encoding
from exporter.windows import Window
from tests.drift.test_comparison import numbers, reference
from tests.monitors.builders import batch


def configuration(**sections) -> Configuration:
    """Return a configuration of two models and two syslog sources."""
    return Configuration.model_validate(
        {
            "windows": ["5m"],
            "models": [{"name": n, "paths": [f"/logs/{n}"]} for n in ("one", "two")],
            "syslog": [{"name": n, "paths": [f"/logs/{n}"]} for n in ("auth", "cron")],
            **sections,
        }
    )


def monitors(assembled, group: str) -> list[str]:
    """Return the names of the monitors of a group."""
    return [monitor.name for monitor, _ in assembled.groups[group].snapshot()]


def test_every_source_is_there_in_order():
    """Models first; a group for each model, one for all of syslog."""
    assembled = assemble(configuration(), replay=False)
    assert [source.name for source in assembled.sources] == ["one", "two", "auth", "cron"]
    assert list(assembled.groups) == ["one", "two", SYSLOG_GROUP]
    assert assembled.windows_end == {}
    assert set(assembled.isolation.errors) == set(names.ALL)


def test_a_replay_ends_its_windows_at_the_last_event_of_each_group():
    """Not at the time of the clock."""
    assembled = assemble(configuration(), replay=True)
    assert list(assembled.windows_end) == ["one", "two", SYSLOG_GROUP]
    assert {end() for end in assembled.windows_end.values()} == {None}


def test_without_syslog_there_is_no_group_for_it():
    """Nor its metrics."""
    assert list(assemble(configuration(syslog=[]), replay=False).groups) == ["one", "two"]


def test_monitors_can_be_left_out():
    """Neither run nor exposed."""
    without = ["facts", "syslog_counts"]
    assembled = assemble(configuration(), replay=False, without=without)
    assert "facts" not in monitors(assembled, "one")
    assert "validation" in monitors(assembled, "one")
    assert "syslog_counts" not in monitors(assembled, SYSLOG_GROUP)
    assert not set(without) & set(assembled.isolation.errors)


@pytest.mark.parametrize(
    "section",
    [
        {"models": [{"name": "m", "paths": ["x"], "drift": {"reference": "/no/such.ref"}}]},
        {"syslog": [{"name": "s", "paths": ["x"], "model": "/no/such.markov"}]},
    ],
)
def test_a_file_that_can_not_be_read_is_named(section):
    """Before anything runs."""
    with pytest.raises(UsageError, match=r"/no/such\.(ref|markov)"):
        assemble(configuration(**section), replay=False)


@pytest.mark.parametrize(
    ("drift", "compared"),
    [({}, {"x", "y"}), ({"columns": {"y": {}}}, {"y"}), ({"fleet": False}, set())],
)
def test_columns_that_are_tested_are_compared_over_a_fleet(tmp_path, drift, compared):
    """What an exporter counts, and what it says of the reference, is of the same columns."""
    reference_file.write(reference(numbers("x"), numbers("y")), tmp_path / "ref")
    model = {"name": "m", "paths": ["x"], "drift": {"reference": str(tmp_path / "ref"), **drift}}
    assembled = assemble(configuration(models=[model]), replay=False)
    assembled.groups["m"].update(batch({"prediction": "a"}, windows=[Window("5m", 300.0)]))
    columns = {"reference_facts": set(), "feature_values": set()}
    for monitor, snapshot in assembled.groups["m"].snapshot():
        if monitor.name in columns:
            columns[monitor.name] = {
                sample.labels["feature"]
                for family in monitor.families(snapshot, 0.0)
                for sample in family.samples
            }
    assert columns == {"reference_facts": compared, "feature_values": compared}


def restarted(limit: float, state=None):
    """Return the group of a model with a limit of latency, with the stored state of another one."""
    slo = {"latency": {"objective": 0.99, "below_seconds": limit}}
    models = [{"name": "m", "paths": ["x"], "slo": slo}]
    group = assemble(configuration(models=models), replay=False).groups["m"]
    if state is not None:
        group.load(encoding.decode(encoding.encode(state)))
    return group


def counts(group) -> dict[str, float]:
    """Return the largest sample of the counters that tell how much was counted."""
    found: dict[str, float] = {}
    for monitor, snapshot in group.snapshot():
        for family in monitor.families(snapshot, 0.0):
            for sample in family.samples:
                found[sample.name] = max(found.get(sample.name, 0), sample.value)
    wanted = ("model_predictions_total", "model_latency_seconds_count")
    return {name: found[name] for name in wanted}


@pytest.mark.parametrize(("limit", "known"), [(0.3, 1), (0.4, 0)])
def test_another_limit_of_latency_costs_nothing_but_its_histogram(limit, known):
    """Whatever else was stored of the model is restored."""
    before = restarted(0.3)
    before.update(batch({"prediction": "a", "latency_s": 0.2}, windows=[Window("5m", 300.0)]))
    later = restarted(limit, before.dump())
    assert counts(later) == {"model_predictions_total": 1, "model_latency_seconds_count": known}


def test_series_are_limited_as_configured():
    """Over all models."""
    assembled = assemble(configuration(limits={"series": 123}), replay=False)
    assert assembled.budget.limit == 123


def test_sources_read_what_is_configured(tmp_path):
    """Paths, start and columns that a collector put in front."""
    (tmp_path / "auth").write_text("web1/eth0 Nov 22 10:15:00 web1 sshd[7]: hello\n")
    (tmp_path / "one").write_text('{"score": {"top": "a"}}\n')
    (tmp_path / "two").write_text('{"prediction": "a"}\n')
    settings = configuration(
        models=[
            {"name": "one", "paths": [f"{tmp_path}/one"], "fields": {"prediction": "score.top"}},
            {"name": "two", "paths": [f"{tmp_path}/two"], "start": "end"},
        ],
        syslog=[{"name": "auth", "paths": [f"{tmp_path}/au*"], "leading_fields": 1}],
    )
    assembled = assemble(settings, replay=False)
    snapshots: list = []
    pipeline = Pipeline(
        assembled.sources,
        assembled.groups,
        assembled.isolation,
        assembled.budget,
        None,
        snapshots.append,
        lambda: 1_763_806_600.0,
    )
    pipeline.look()
    pipeline.read()
    with Path(tmp_path / "two").open("a") as log:
        log.write('{"prediction": "b"}\n')
    pipeline.look()
    pipeline.read()
    pipeline.checkpoint_and_publish()
    pipeline.close()
    assert [(s.name, s.read, s.parsed) for s in snapshots[0].sources] == [
        ("one", 1, 1),
        ("two", 1, 1),
        ("auth", 1, 1),
    ]


@pytest.mark.parametrize(
    ("task", "measured"),
    [
        ("auto", {"regression", "intervals"}),
        ("regression", {"regression", "intervals"}),
        ("classification", set()),
        ("ranking", {"ranking"}),
        ("multilabel", {"multilabel"}),
    ],
)
def test_the_task_decides_how_predictions_are_judged(task, measured):
    """A version has the monitors of its task, beside those of every task."""
    models = [{"name": "m", "paths": ["/logs/m"], "task": task}]
    assembled = assemble(configuration(models=models, windows=["1m", "1h"]), replay=False)
    assembled.groups["m"].update(batch({"latency_ms": 3}, task=task))
    of_tasks = {"regression", "intervals", "ranking", "multilabel"}
    assert of_tasks & set(monitors(assembled, "m")) == measured


def test_rules_have_a_monitor_and_ask_for_their_features(tmp_path):
    """Only where there are any; records in the log are held against them."""
    (tmp_path / "log").write_text('{"prediction": "a", "features": {"age": 329, "x": 1}}\n')
    rules = {"fields": {"features.age": {"max": 130}}}
    models = [
        {"name": "one", "paths": [str(tmp_path / "log")]},
        {"name": "two", "paths": [str(tmp_path / "log")], "rules": rules},
    ]
    assembled = assemble(configuration(models=models, syslog=[]), replay=True)
    assert "data_quality" not in monitors(assembled, "one")
    pipeline = Pipeline(
        assembled.sources,
        assembled.groups,
        assembled.isolation,
        assembled.budget,
        None,
        lambda _: None,
        lambda: 1_763_806_600.0,
    )
    pipeline.drain()
    pipeline.close()
    (quality,) = [
        snapshot
        for monitor, snapshot in assembled.groups["two"].snapshot()
        if monitor.name == "data_quality"
    ]
    assert quality.violations == {
        ("features.age", "type"): 0,
        ("features.age", "finite"): 0,
        ("features.age", "max"): 1,
    }
