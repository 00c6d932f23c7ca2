"""The budget knows of every series."""

from __future__ import annotations

import pytest

from exporter.assembly import assemble
from exporter.config import Configuration
from exporter.monitors.facts import Facts
from exporter.monitors.ground_truth import GroundTruth
from exporter.monitors.validation import Validation
from tests.monitors.builders import NOW, WINDOWS, batch, series

WHOLE = (Facts, Validation, GroundTruth)
"""Monitors of a model, not of one of its versions: their series are fixed."""
EVERYTHING = {
    "model_version": "1",
    "timestamp": NOW,
    "confidence": 0.75,
    "latency_s": 0.5,
    "input_length": 8,
    "oov_ratio": 0.25,
    "escalated": True,
    "cost": 1,
    "threshold": 0.5,
    "tokens_in": 8,
    "tokens_out": 8,
    "time_to_first_token_ms": 8,
}
LABELLED = {
    "finish_reason": "stop",
    "currency": "EUR",
    "attributions": {"age": 1},
    "package_versions": {"numpy": "2"},
}
SLICE = {"slice": {"region": "north"}}
NUMBERS = {"prediction": 1.5, "true_label": 2.5, "prediction_lower": 1, "prediction_upper": 2}
LISTS = {"prediction": ["a"], "true_label": ["a"]}


def counted(task, *records):
    """Return how many series of a version there are, and how many the budget knows of."""
    model = {"name": "bot", "paths": ["/logs/bot"], "task": task, "slices": ["region"]}
    windows = [window.name for window in WINDOWS]
    parts = assemble(
        Configuration.model_validate({"windows": windows, "models": [model]}), replay=False
    )
    group = parts.groups["bot"]
    group.update(batch(*records, task=task))
    assert not +parts.isolation.errors
    exposed = sum(
        len(series(monitor)) for monitor, _ in group.snapshot() if not isinstance(monitor, WHOLE)
    )
    return exposed, parts.budget.used


def classes(*names):
    """Return records that are right."""
    return [
        {**EVERYTHING, **LABELLED, **SLICE, "prediction": name, "true_label": name}
        for name in names
    ]


@pytest.mark.parametrize(
    ("task", "records"),
    [
        ("auto", classes("a", "b")),
        ("classification", classes("ham", "spam")),
        ("regression", [{**EVERYTHING, **LABELLED, **NUMBERS}]),
        ("multilabel", [{**EVERYTHING, **LABELLED, **LISTS}]),
        ("ranking", [{**EVERYTHING, **LABELLED, **LISTS}]),
    ],
)
def test_a_log_of_every_field_costs_what_it_shows(task, records):
    """Neither more nor less."""
    exposed, used = counted(task, *records)
    assert exposed == used


@pytest.mark.parametrize("number", [1, 3, 10, 30, 60])
def test_no_series_is_without_a_claim(number):
    """However many classes there are, with errors of as many types.

    What is counted beforehand are the figures of two classes, some of which more do not have.
    """
    names = [f"class {position}" for position in range(number)]
    errors = [{"model_version": "1", "error_type": name} for name in names]
    exposed, used = counted("auto", *classes(*names), *errors)
    assert exposed <= used
    assert used - exposed < 60


def test_fewer_fields_may_come_later():
    """A version takes the place of all that it can have without a new label value."""
    exposed, used = counted("auto", {"model_version": "1", "prediction": "a", "timestamp": NOW})
    assert exposed < used
