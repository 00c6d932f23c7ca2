from __future__ import annotations

import pytest

from exporter.config.rules import FieldRules
from exporter.quality.fields import values_of
from exporter.quality.rules import MAX_MATCHED, rules_of
from tests.monitors.builders import parse

LECTURE = ["I'm 23 years old.", float("nan"), -3.14, 329, 23]


def broken(values, path="features.x", **settings):
    """Return by rule which of the values break it."""
    records = [{"prediction": "a", "features": {"x": value}} for value in values]
    found = values_of(parse(*records, features=("x",)), path)
    masks = {rule.name: rule.broken(found) for rule in rules_of(path, FieldRules(**settings))}
    return {
        name: [value for value, bad in zip(values, mask.tolist(), strict=True) if bad]
        for name, mask in masks.items()
        if mask is not None
    }


def test_each_wrong_age_is_rejected_for_the_right_reason():
    """A text, NaN, a negative number and an age that nobody reaches; 23 passes."""
    found = broken(LECTURE, type="number", min=0, max=130)
    assert found.pop("finite") == pytest.approx([float("nan")], nan_ok=True)
    assert found == {"type": ["I'm 23 years old."], "min": [-3.14], "max": [329]}


def test_limits_expect_a_number():
    """A text below no limit is no good age either."""
    assert broken(["23", True, 23], min=0) == {"type": ["23", True]}
    assert broken(["23", 23], type="number") == {"type": ["23"]}


def test_limits_belong_to_what_they_limit():
    """Equal to a limit is within it; infinite is not finite, and nothing else."""
    assert broken([0, 10, -1, 11], min=0, max=10) == {"min": [-1], "max": [11]}
    infinite = [float("inf"), float("-inf")]
    assert broken(infinite, min=0, max=10) == {"finite": infinite}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("number", ["a", True]),
        ("integer", ["a", 2.5, True]),
        ("text", [1, 2.5, 3.0, True]),
        ("boolean", ["a", 1, 2.5, 3.0]),
    ],
)
def test_types_are_told_apart(kind, wrong):
    """A boolean is no number, 3.0 is a whole one; null is of no type."""
    assert broken(["a", 1, 2.5, 3.0, True, None], type=kind) == {"type": wrong}


def test_new_categories_are_found_in_any_spelling():
    """Numbers and booleans go by their names as classes."""
    assert broken(["free", "gold", None], allowed=["free", "pro"]) == {"allowed": ["gold"]}
    assert broken([True, 1, 2.0, "x"], allowed=[True, 1, 2]) == {"allowed": ["x"]}


def test_a_pattern_is_for_the_whole_text():
    """A part that matches is not enough."""
    found = broken(["a@b.ch", "a@b.ch, c@d.ch", "", None], pattern=r"\S+@\S+")
    assert found == {"pattern": ["a@b.ch, c@d.ch", ""]}


def test_a_very_long_text_matches_nothing():
    """An expression can take quadratic time."""
    long = "a" * MAX_MATCHED
    assert broken([long, long + "a"], pattern="a*") == {"pattern": [long + "a"]}


def test_null_and_absent_are_missing():
    """NaN is there, though not finite; an empty text is a text."""
    assert broken([None, float("nan"), "", 0], required=True) == {"required": [None]}


def test_good_values_break_nothing():
    """All rules at once."""
    settings = {"type": "integer", "required": True, "min": 0, "max": 9, "allowed": [1, 2]}
    assert broken([1, 2, 2], **settings) == {}


def test_the_parser_sees_to_the_type_of_its_own_fields():
    """A confidence that is no number is dropped there: here it is missing."""
    batch = parse({"prediction": "a", "confidence": 7}, {"prediction": "a", "confidence": 0.2})
    rules = list(rules_of("confidence", FieldRules(required=True, min=0.5)))
    masks = {rule.name: rule.broken(values_of(batch, "confidence")).tolist() for rule in rules}
    assert masks == {"required": [True, False], "min": [False, True]}
