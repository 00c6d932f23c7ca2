"""What every monitor of predictions owes: only what was logged decides what is exposed.

Neither how the log was cut into batches, nor the order of records of the same window, nor a restart
in between, nor whether one process has read all of it or two have read a part each.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.assembly import assemble
from exporter.config import Configuration
from exporter.drift import reference_file
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.estimation.expected_error import ExpectedError, Input
from exporter.estimation.regression_tree import Tree
from exporter.estimation.reliability import CELLS, Reliability
from exporter.monitors import names
from exporter.parsing.embeddings import Embeddings
from exporter.storage import encoding
from tests.monitors.builders import NOW, WINDOWS, batch, exposition, parse, series

FEATURES = ("age", "color")
ELSEWHERE = {
    "registry": "reads a file of its own, no records",
    "changes": "follows records in their order",
    "drift_evidence": "follows records in their order",
    "drift_samples": "keeps the last values in the order of reading, and compares parts of them",
    "first_records": "takes the first ones in their order; in test_first_records.py",
    "trailing_reference": "shows nothing of its own; in test_trailing_drift.py",
    "dependencies": "reads files and URLs, no records",
    "server": "looks at processes, reads no records",
    "ground_truth": "joins records of which one changes what another counts for",
    "syslog_alarms": "scores a message by all those before it",
    "syslog_anomaly": "scores a message by the one before it",
    "syslog_counts": "reads syslog",
}
"""Monitors that are left out, and why."""
percents = st.integers(0, 100).map(lambda percent: percent / 100)
eighths = st.integers(0, 400).map(lambda number: number / 8)
CLASSES = ("ham", "spam", "eggs")
FIELDS = {
    "timestamp": st.sampled_from([NOW, NOW - 5, NOW - 70, NOW - 1800, NOW - 7200, NOW + 900, "?"]),
    "confidence": percents | st.just(2),
    "probabilities": st.dictionaries(st.sampled_from(CLASSES), percents, min_size=1),
    "latency_s": eighths,
    "error": st.sampled_from(["timeout", "memory"]),
    "features": st.fixed_dictionaries(
        {},
        optional={
            "age": st.integers(-40, 400) | st.none(),
            "color": st.sampled_from(["red", "blue", "green"]),
        },
    ),
    "input_length": st.integers(0, 900),
    "oov_ratio": percents,
    "escalated": st.booleans(),
    "cost": eighths,
    "currency": st.sampled_from(["EUR", "USD"]),
    "threshold": percents,
    "prediction_lower": eighths,
    "prediction_upper": eighths,
    "tokens_in": st.integers(0, 900),
    "tokens_out": st.integers(0, 900),
    "time_to_first_token_ms": eighths,
    "finish_reason": st.sampled_from(["stop", "length"]),
    "slice": st.fixed_dictionaries({}, optional={"region": st.sampled_from(["north", "south"])}),
    "shadow": st.fixed_dictionaries(
        {"version": st.sampled_from(["2", "3"])},
        optional={
            "prediction": st.sampled_from(CLASSES),
            "confidence": percents,
            "latency_ms": eighths,
        },
    ),
    "attributions": st.dictionaries(st.sampled_from(FEATURES), eighths),
    "uncertainty": percents,
    "embedding": st.lists(eighths, min_size=2, max_size=2) | st.just([1]),
    "package_versions": st.dictionaries(st.sampled_from(["numpy", "torch"]), st.just("1.2")),
}


def logs(answers):
    """Return records that may hold any field."""
    always = {"model_version": st.just("1"), "prediction": answers}
    optional = FIELDS | {"true_label": answers}
    return st.lists(st.fixed_dictionaries(always, optional=optional), min_size=2, max_size=10)


classes = logs(st.sampled_from(CLASSES[:2])) | logs(st.sampled_from(CLASSES))
LOGS = {
    "auto": classes | logs(eighths),
    "regression": logs(eighths),
    **dict.fromkeys(
        ("multilabel", "ranking"), logs(st.lists(st.sampled_from("abcd"), max_size=3, unique=True))
    ),
}
"""Strategies of records by task."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return the file of a reference that has what drift and estimates rest on."""
    random = np.random.default_rng(7)
    profile = Profile()
    profile.add(
        parse(
            *(
                {
                    "prediction": str(random.choice(CLASSES)),
                    "confidence": float(random.integers(40, 101)) / 100,
                    "features": {"age": int(age), "color": str(random.choice(["red", "blue"]))},
                    "attributions": {"age": float(age) / 8, "color": 1.0},
                    "embedding": [float(age) / 8, 20.0],
                    "uncertainty": float(age % 7),
                }
                for age in random.integers(18, 90, 400)
            ),
            features=FEATURES,
            embeddings=Embeddings(),
        )
    )
    predictions = np.full(CELLS, 50)
    nodes = ((1, 50.0), (0, 0.5), None, None, None)
    tree = Tree(nodes, np.array([0.5, 1.5, 3.5]), np.full(3, 0.25), np.full(3, 300.0))
    made = Reference(
        "bot",
        "1",
        Provenance((), 400, None, None),
        profile.columns(),
        Reliability(predictions[None, :], predictions[None, :] // 2),
        ExpectedError(
            1000,
            1.5,
            (Input("color", ("blue", "red"), None), Input("age", None, 40.0)),
            (tree, tree),
        ),
        profile.attributions(),
        profile.embedding(),
        profile.density(profile.columns()),
    )
    path = tmp_path_factory.mktemp("reference") / "bot.ref"
    reference_file.write(made, path)
    return path


class Log:
    """Is read as it is configured for a model with everything."""

    def __init__(self, task, reference):
        model = {
            "name": "bot",
            "paths": ["/logs/bot"],
            "task": task,
            "drift": {"reference": str(reference), "min_samples": 2, "density": {}},
            "slices": ["region", "color"],
            "slo": {"latency": {"objective": 0.99, "below_seconds": 0.3}},
            "rules": {"fields": {"features.age": {"min": 0, "max": 130}}},
        }
        windows = [window.name for window in WINDOWS]
        self._configuration = Configuration.model_validate({"windows": windows, "models": [model]})
        self.task = task

    def read(self, *batches, before=None):
        """Return monitors that have read lists of records, from the stored state of others on."""
        parts = assemble(self._configuration, replay=False, without=ELSEWHERE)
        group = parts.groups["bot"]
        if before is not None:
            group.load(encoding.decode(encoding.encode(before.dump())))
        for records in batches:
            if records:
                options = {"features": FEATURES, "embeddings": Embeddings(2)}
                group.update(batch(*records, task=self.task, **options))
        assert not +parts.isolation.errors
        return group


def monitors(group):
    """Return the monitors by name."""
    return {monitor.name: monitor for monitor, _ in group.snapshot()}


def assert_same(group, expected):
    """Compare all series, sums of floats as near as their order lets them be."""
    found, wanted = monitors(group), monitors(expected)
    assert found.keys() == wanted.keys()
    for name, monitor in found.items():
        assert series(monitor) == pytest.approx(series(wanted[name]), rel=1e-9, abs=1e-9), name


@pytest.fixture(scope="module", params=LOGS)
def log(request, reference):
    """Return how logs of a task are read."""
    return Log(request.param, reference)


EXAMPLES = settings(max_examples=20)


@EXAMPLES
@given(st.data())
def test_batches_do_not_matter(log, data):
    """One, or as many as there are records, or anything between."""
    found = data.draw(LOGS[log.task])
    assert_same(log.read(*([record] for record in found)), log.read(found))
    # Runs of many records are counted in another way than those of a few.
    times = data.draw(st.sampled_from([1, 40]))
    longer = [record for record in found for _ in range(times)]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(longer)), max_size=3)))
    parts = [longer[a:b] for a, b in itertools.pairwise([0, *cuts, len(longer)])]
    assert_same(log.read(*parts), log.read(longer))


@EXAMPLES
@given(st.data())
def test_order_does_not_matter(log, data):
    """The same records, shuffled."""
    found = data.draw(LOGS[log.task])
    assert_same(log.read(data.draw(st.permutations(found))), log.read(found))


@EXAMPLES
@given(st.data())
def test_restarts_do_not_matter(log, data):
    """What is stored is all there is to know."""
    found = data.draw(LOGS[log.task])
    cut = data.draw(st.integers(1, len(found) - 1))
    before = log.read(found[:cut])
    restored = monitors(log.read(before=before))
    for name, monitor in monitors(before).items():
        assert exposition(restored[name]) == exposition(monitor), name
    assert_same(log.read(found[cut:], before=before), log.read(found[:cut], found[cut:]))


@EXAMPLES
@given(st.data())
def test_parts_add_up(log, data):
    """Two processes that have read a part each, merged, know what one knows of both."""
    found = data.draw(LOGS[log.task])
    cut = data.draw(st.integers(1, len(found) - 1))
    merged, other = log.read(found[:cut]), log.read(found[cut:])
    theirs = monitors(other)
    whole = monitors(log.read(found))
    for name, monitor in monitors(merged).items():
        monitor.merge(theirs[name])
        assert series(monitor) == pytest.approx(series(whole[name]), rel=1e-9, abs=1e-9), name


def test_every_monitor_is_there_and_has_something_to_show(reference):
    """Else the others prove nothing of it."""
    common = {
        "timestamp": NOW,
        "model_version": "1",
        "confidence": 0.75,
        "latency_s": 0.5,
        "features": {"age": 40, "color": "red"},
        "input_length": 5,
        "escalated": True,
        "cost": 2,
        "currency": "EUR",
        "threshold": 0.5,
        "tokens_in": 5,
        "time_to_first_token_ms": 40,
        "finish_reason": "stop",
        "slice": {"region": "north"},
        "shadow": {"version": "2", "prediction": CLASSES[0]},
        "attributions": {"age": 0.5},
        "embedding": [1, 2],
        "uncertainty": 0.5,
        "package_versions": {"numpy": "2.0"},
    }
    classes = [{**common, "prediction": one, "true_label": one} for one in CLASSES[:2]]
    numbers = {"prediction": 2.5, "true_label": 3, "prediction_lower": 2, "prediction_upper": 4}
    broken = {"model_version": "1", "prediction": 1.5, "features": {"age": 1e6}}
    lists = {"prediction": ["a", "b"], "true_label": ["a"]}
    logged = [
        ("auto", classes),
        ("regression", [{**common, **numbers}, broken]),
        ("multilabel", [{**common, **lists}]),
        ("ranking", [{**common, **lists}]),
    ]
    found = set()
    for task, records in logged:
        group = Log(task, reference).read(records)
        found |= {
            name for name, monitor in monitors(group).items() if any(series(monitor).values())
        }
    assert found == set(names.ALL) - ELSEWHERE.keys()
