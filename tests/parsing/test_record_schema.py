from __future__ import annotations

import json
import math
import re
from typing import get_type_hints

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logging import EventFields
from exporter.parsing.fields import OPTIONAL_NUMBERS, RECORD_FIELDS
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.record_schema import json_schema, kind, rows
from tests.logging.events import Memory

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
CLASSES = WORDS | st.booleans() | st.integers(-100, 100)
SCALARS = CLASSES | st.floats(-1e9, 1e9)
RATIOS = st.floats(0, 1)
AMOUNTS = st.floats(0, 1e9)

VALUES = {
    "request_id": WORDS | st.integers(0, 10**9),
    "model": WORDS,
    "model_version": WORDS | st.integers(0, 99),
    "confidence": RATIOS,
    "probabilities": st.dictionaries(WORDS, RATIOS, min_size=1, max_size=4),
    "latency_ms": AMOUNTS,
    "latency_s": AMOUNTS,
    "latency_us": AMOUNTS,
    "error_type": WORDS,
    "escalated": st.booleans(),
    "currency": WORDS,
    "finish_reason": WORDS,
    "features": st.dictionaries(WORDS, SCALARS | st.none(), max_size=4),
    "slice": st.dictionaries(WORDS, SCALARS, max_size=4),
    "attributions": st.dictionaries(WORDS, st.floats(-9, 9), max_size=4),
    "package_versions": st.dictionaries(WORDS, WORDS, min_size=1, max_size=4),
    "embedding": st.lists(st.floats(-9, 9), max_size=4),
    "shadow": st.dictionaries(st.sampled_from(["version", "prediction"]), WORDS),
    "arm": WORDS,
    "true_label": CLASSES,
    **{
        name: st.floats(max(low, -1e9), min(high, 1e9))
        for name, (low, high) in OPTIONAL_NUMBERS.items()
    },
}


def read(lines):
    """Parse lines as the exporter does, all features included."""
    return JsonLines(features=None).parse([line.encode() for line in lines], received=0.0)


def test_it_is_a_schema_of_its_dialect():
    """Every keyword is one that draft 2020-12 knows, and every field has a meaning."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert list(SCHEMA["properties"]) == list(RECORD_FIELDS)
    assert [name for name, *_ in rows()] == [f"`{name}`" for name in RECORD_FIELDS]
    assert all(meaning.endswith(".") for *_, meaning in rows())


def test_values_are_made_for_every_field():
    """The property test below forgets none."""
    assert VALUES.keys() | {"timestamp"} == set(get_type_hints(EventFields))


@given(prediction=CLASSES, fields=st.fixed_dictionaries({}, optional=VALUES))
def test_what_the_logger_writes_is_valid_and_read_without_violation(prediction, fields):
    """The logger, the schema and the parser mean the same."""
    memory = Memory()
    memory.log.prediction(prediction, **fields)
    [line] = memory.lines
    VALIDATOR.validate(json.loads(line))
    parsed = read([line])
    assert not +parsed.batch.violations
    assert not +parsed.batch.invalid
    assert parsed.batch.attempt.tolist() == [True]


@pytest.mark.parametrize(
    "event",
    [
        {"prediction": 0.5, "true_label": 0.25},
        {"prediction": None, "confidence": 0.5},
        {"request_id": 17, "true_label": "cat"},
        {"error": True},
        {"error_type": "Timeout"},
        {"cost": 0.25},
        {"package_versions": {"numpy": "2.0"}},
        {"timestamp": "2026-01-31T12:00:00Z", "prediction": 1},
        {"timestamp": "2026-01-31 12:00:00.5+01:00", "prediction": 1},
        {"timestamp": 1_767_225_600, "prediction": 1},
        {"timestamp": 1_767_225_600_000, "prediction": 1},
        {"prediction": "a", "confidence": None, "latency_ms": None, "features": None},
        {"prediction": "a", "something": "else"},
    ],
)
def test_good_records(event):
    """Valid, and read without a violation."""
    VALIDATOR.validate(event)
    parsed = read([json.dumps(event)])
    assert not +parsed.batch.violations
    assert not +parsed.batch.invalid


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "not valid under any"),
        ({"timestamp": 1, "features": {"age": 1}}, "not valid under any"),
        ({"prediction": None}, "not valid under any"),
        ({"prediction": ""}, "not valid under any"),
        ({"error": False}, "not valid under any"),
        ({"prediction": {"class": "a"}}, "is not of type"),
        ({"prediction": "a", "confidence": 1.5}, "greater than the maximum"),
        ({"prediction": "a", "confidence": "high"}, "is not of type"),
        ({"prediction": "a", "probabilities": {}}, "non-empty|not have enough|too few"),
        ({"prediction": "a", "probabilities": {"a": 2}}, "greater than the maximum"),
        ({"prediction": "a", "latency_ms": -1}, "less than the minimum"),
        ({"prediction": "a", "latency_ms": "5ms"}, "is not of type"),
        ({"prediction": "a", "cost": -0.1}, "less than the minimum"),
        ({"prediction": "a", "tokens_in": True}, "is not of type"),
        ({"prediction": "a", "request_id": ""}, "non-empty|too short"),
        ({"prediction": "a", "request_id": "x" * 257}, "is too long"),
        ({"prediction": "a", "slice": "north"}, "is not of type"),
        ({"prediction": "a", "error_type": 7}, "is not of type"),
        ({"prediction": "a", "escalated": "perhaps"}, "is not of type"),
        ({"prediction": "a", "timestamp": "yesterday"}, "does not match"),
        ({"prediction": "a", "timestamp": -5}, "less than the minimum"),
    ],
)
def test_bad_records(event, message):
    """Invalid, and told by the exporter as well: as a violation, or as a record of no use."""
    errors = list(VALIDATOR.iter_errors(event))
    assert len(errors) == 1
    assert re.search(message, errors[0].message)
    parsed = read([json.dumps(event)])
    assert +parsed.batch.violations or +parsed.batch.invalid


@pytest.mark.parametrize(("name", "limits"), OPTIONAL_NUMBERS.items())
def test_ranges_are_those_of_the_parser(name, limits):
    """A limit that is infinite is none."""
    rules = kind(name).schema
    low, high = limits
    assert rules.get("minimum", -math.inf) == low
    assert rules.get("maximum", math.inf) == high
