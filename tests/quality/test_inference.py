from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.loading import parse_as
from exporter.config.rules import Privacy, Rules, RuleSet
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.data_quality import DataQuality
from exporter.parsing.json_lines import JsonLines
from exporter.quality.inference import as_yaml, inferred
from tests.monitors.builders import WINDOWS, batch, unlimited


def reference(records):
    """Return the reference of these records."""
    profile = Profile()
    profile.add(JsonLines(features=None).parse([json.dumps(r).encode() for r in records], 0).batch)
    return Reference("bot", "1", Provenance((), len(records), None, None), profile.columns())


def of(values, name="x"):
    """Return the rules of a feature with these values."""
    made = reference([{"confidence": 0.5, "features": {name: value}} for value in values])
    return inferred(made).get(f"features.{name}")


def test_ages_are_rejected_as_they_should_be():
    """Rules inferred from good ages know the wrong ones."""
    rules = inferred(
        reference([{"prediction": "a", "features": {"age": 18 + n % 63}} for n in range(1000)])
    )
    assert rules["features.age"] == {"type": "integer", "min": 0, "max": 111, "required": True}
    monitor = DataQuality(
        {"model": "bot"},
        WINDOWS,
        Rules.model_validate({"fields": rules}),
        Privacy(),
        unlimited(),
    )
    wrong = ["I'm 23 years old.", float("nan"), -3.14, 329, 23, None]
    records = [{"prediction": "a", "features": {"age": age}} for age in wrong]
    monitor.update(batch(*records, features=("age",)))
    found = {key: n for key, n in monitor.snapshot().violations.items() if n}
    assert found == {
        # The text, and -3.14, which is not whole either.
        ("features.age", "type"): 2,
        ("features.age", "finite"): 1,
        ("features.age", "min"): 1,
        ("features.age", "max"): 1,
        ("features.age", "required"): 1,
    }
    assert monitor.snapshot().violating == 5


@pytest.mark.parametrize(
    ("low", "high", "limits"),
    [
        (10.0, 20.5, (4.0, 26.0)),
        (1.0, 20.5, (0, 31)),
        (-3.5, 0.0, (-5.3, 0)),
        (-1.25, 1.0, (-2.4, 2.2)),
        (0.001, 0.0042, (0, 0.0058)),
        (1e300, 1.2e300, (0.9e300, 1.3e300)),
    ],
)
def test_ranges_are_widened_by_half(low, high, limits):
    """Outward to two digits, and not over 0."""
    rules = of([low, high] * 200)
    assert (rules["min"], rules["max"]) == limits


def test_few_predictions_are_little_evidence():
    """Of 299 only the type is taken over."""
    assert of(range(299)) == {"type": "integer"}
    assert of(["a", "b"] * 149) == {"type": "text"}


def test_a_single_value_has_no_range():
    """Nor does one that overflows."""
    assert of([7] * 300) == {"type": "integer", "required": True}
    assert of([-1.7e308, 1.7e308] * 200) == {"type": "number", "required": True}


def test_what_was_missing_once_is_not_required():
    """The limits stay."""
    assert of([None, *[1.5, 2.5] * 200]) == {"type": "number", "min": 1, "max": 3}


def test_categories_are_all_there_are_if_each_came_again():
    """One that came once tells that there are others; so do many of them."""
    assert of(["b", "a"] * 150) == {"allowed": ["a", "b"], "required": True}
    assert of([*["b", "a"] * 150, "c"]) == {"type": "text", "required": True}
    assert of([f"city {n % 21}" for n in range(420)]) == {"type": "text", "required": True}
    assert of(["a" * 128, "b"] * 150) == {"type": "text", "required": True}


def test_flags_and_codes_are_no_texts():
    """Where they are too many to be listed."""
    assert of([True, False] * 150) == {"allowed": ["false", "true"], "required": True}
    assert of([*["8001", "8002"] * 150, "8003"]) == {"required": True}


def test_outputs_have_rules_of_their_own():
    """Classes are known; a number has a range; what a confidence may be the parser knows."""
    rules = inferred(
        reference([{"prediction": "ab"[n % 2], "confidence": 0.5} for n in range(300)])
    )
    assert rules == {
        "confidence": {"required": True},
        "prediction": {"allowed": ["a", "b"], "required": True},
    }
    rules = inferred(reference([{"prediction": n + 0.5} for n in range(300)]))
    assert rules == {"prediction": {"min": 0, "max": 450, "required": True}}


def test_the_file_says_what_was_seen():
    """And can be included as it stands."""
    records = [
        {"prediction": "a", "features": {"age": n, "a: b # c": "x" if n % 2 else None}}
        for n in range(300)
    ]
    text = as_yaml(reference(records))
    assert text.splitlines()[2:] == [
        "fields:",
        "  'features.a: b # c': {type: text}  # 1 category, 50.00% missing",
        "  features.age: {type: integer, min: 0, max: 450, required: true}  # 0 to 299",
        "  prediction: {allowed: [a], required: true}  # 1 category",
    ]
    assert parse_as(RuleSet, text, "rules").model_dump(exclude_unset=True)["fields"].keys() == {
        "features.a: b # c",
        "features.age",
        "prediction",
    }


values = st.one_of(
    st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=1, max_size=20),
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=20),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=20),
    st.lists(st.booleans(), min_size=1, max_size=20),
)


@settings(max_examples=60, deadline=None)
@given(values)
def test_a_reference_keeps_its_own_rules(column):
    """Whatever the values are, as the file is written and read."""
    records = [{"prediction": "a", "features": {"x": value}} for value in column] * 20
    text = as_yaml(reference(records))
    assert yaml.safe_load(text)["fields"] == inferred(reference(records))
    rules = Rules.model_validate(parse_as(RuleSet, text, "rules").model_dump())
    monitor = DataQuality({}, WINDOWS, rules, Privacy(), unlimited())
    monitor.update(batch(*records, features=("x",)))
    assert monitor.snapshot().violating == 0
