from __future__ import annotations

import numpy as np
import pytest

from exporter.quality.fields import split, values_of
from tests.monitors.builders import parse


def test_paths_lead_to_fields_and_into_maps():
    """The name within a map may have dots of its own."""
    assert split("confidence") is None
    assert split("features.net.income") == ("features", "net.income")
    assert split("attributions.age") == ("attributions", "age")


@pytest.mark.parametrize("path", ["age", "features", "features.", "true_label", "latency_ms", ""])
def test_other_paths_are_refused(path):
    """What a rule can't be about is named, with what it can be about."""
    with pytest.raises(ValueError, match="nothing that a rule can be about; known: prediction,"):
        split(path)


def test_logged_values_are_told_apart():
    """Null is missing; a text and a boolean are no numbers; NaN and what is too large are none."""
    column = [1, 2.5, None, "3", True, float("nan"), 10**400]
    values = values_of(
        parse(*[{"prediction": "a", "features": {"x": one}} for one in column], features=("x",)),
        "features.x",
    )
    assert values.missing().tolist() == [False, False, True, False, False, False, False]
    mistyped = values.mistyped(frozenset({int, float}))
    assert mistyped.tolist() == [False, False, False, True, True, False, False]
    assert values.not_finite().tolist() == [False] * 5 + [True, True]
    assert values.mistyped(frozenset({int, float, str, bool})) is None
    assert values.show(3) == "3"


def test_a_feature_that_no_record_has_is_missing_everywhere():
    """Whether somebody asked the parser for it or not."""
    records = [{"prediction": "a"}, {"prediction": "b"}]
    for features in ((), ("x",)):
        values = values_of(parse(*records, features=features), "features.x")
        assert values.missing().tolist() == [True, True]


def test_fields_of_the_schema_are_read_where_they_are():
    """Each by its own name; the latency in seconds."""
    batch = parse(
        {
            "request_id": "r1",
            "prediction": 2.5,
            "latency_ms": 500,
            "model_version": "7",
            "cost": 0.25,
            "currency": "EUR",
            "slice": {"region": "eu"},
            "attributions": {"age": -1.5},
        }
    )
    numbers = {"prediction": 2.5, "latency_s": 0.5, "cost": 0.25, "attributions.age": -1.5}
    for path, number in numbers.items():
        assert values_of(batch, path).numbers().tolist() == [number]
    classes = {"request_id": "r1", "model_version": "7", "currency": "EUR", "slice.region": "eu"}
    for path, name in classes.items():
        assert values_of(batch, path).classes().decode() == [name]
        assert values_of(batch, path).show(0) == name
    absent = values_of(batch, "tokens_in")
    assert np.isnan(absent.numbers()).all()
    assert absent.missing().all()
    assert absent.show(0) is None
