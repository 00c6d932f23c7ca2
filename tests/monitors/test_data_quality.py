from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.rules import Privacy, Rules
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.data_quality import DataQuality
from tests.monitors.builders import (
    NOW,
    WINDOWS,
    batch,
    exposition,
    series,
    through_storage,
    unlimited,
)

MODEL = {"model": "bot"}
FIELDS = {"features.age": {"type": "number", "min": 0, "max": 130}}


def monitor(budget=None, privacy=None, *, replay=False, **rules):
    """Return a monitor of rules as they are written in YAML."""
    return DataQuality(
        MODEL,
        WINDOWS,
        Rules.model_validate(rules),
        Privacy.model_validate(privacy or {}),
        budget or unlimited(),
        replay=replay,
    )


def place(*records, **options):
    """Place predictions, unless they say otherwise."""
    return batch(
        *[{"prediction": "a", **record} for record in records], features=("age",), **options
    )


def ages(*values):
    """Return records with these ages."""
    return [{"features": {"age": value}} for value in values]


def violations(found):
    """Return the violations that are not 0, by field and rule."""
    prefix = "model_field_violations_total"
    return {name.removeprefix(prefix): n for name, n in found.items() if prefix in name and n}


def test_each_wrong_age_is_rejected_for_the_right_reason():
    """The age field of a lecture: four wrong values, four reasons, and one good value."""
    checked = monitor(fields=FIELDS)
    checked.update(place(*ages("I'm 23 years old.", float("nan"), -3.14, 329, 23)))
    assert series(checked) == {
        "model_field_violations_total{field=features.age,rule=type}": 1,
        "model_field_violations_total{field=features.age,rule=finite}": 1,
        "model_field_violations_total{field=features.age,rule=min}": 1,
        "model_field_violations_total{field=features.age,rule=max}": 1,
        "model_records_checked_total": 5,
        "model_records_violating_total": 4,
        "model_window_checked{window=1m}": 5,
        "model_window_checked{window=1h}": 5,
        "model_violating_ratio{window=1m}": 0.8,
        "model_violating_ratio{window=1h}": 0.8,
    }


def test_every_rule_is_exposed_before_it_is_broken():
    """At 0; a window without predictions has no share."""
    found = series(
        monitor(
            fields={"request_id": {"unique": True}, "confidence": {"min": 0.2, "required": True}},
            compare=["prediction_lower <= prediction"],
            duplicates=True,
            max_age="1h",
        )
    )
    assert set(found.values()) == {0}
    assert {name for name in found if "violations" in name} == {
        "model_field_violations_total{field=confidence,rule=min}",
        "model_field_violations_total{field=confidence,rule=required}",
        "model_field_violations_total{field=prediction_lower <= prediction,rule=compare}",
        "model_field_violations_total{field=record,rule=duplicate}",
        "model_field_violations_total{field=request_id,rule=unique}",
        "model_field_violations_total{field=timestamp,rule=stale}",
    }
    assert not [name for name in found if "ratio" in name]


def test_a_record_that_breaks_two_rules_counts_once():
    """Each rule counts its own; the record is one."""
    checked = monitor(
        fields={**FIELDS, "confidence": {"required": True}}, compare=["features.age < 200"]
    )
    checked.update(place(*ages(329, 23)))
    found = series(checked)
    assert violations(found) == {
        "{field=features.age,rule=max}": 1,
        "{field=confidence,rule=required}": 2,
        "{field=features.age < 200,rule=compare}": 1,
    }
    assert found["model_records_violating_total"] == 2


def test_failed_attempts_and_ground_truth_are_not_checked():
    """They have no features to be wrong about, and repeat a request by right."""
    checked = monitor(
        fields={"features.age": {"required": True}, "request_id": {"unique": True}},
        duplicates=True,
    )
    checked.update(
        batch(
            {"request_id": "r", "error": True, "timestamp": NOW},
            {"request_id": "r", "prediction": "a", "features": {"age": 1}, "timestamp": NOW},
            {"request_id": "r", "true_label": "a", "timestamp": NOW},
            {"error": True},
            features=("age",),
        )
    )
    found = series(checked)
    assert violations(found) == {}
    assert found["model_records_checked_total"] == 1


def test_a_request_that_comes_again_is_no_other_one():
    """In the same batch or a later one; records without a request are none."""
    checked = monitor(fields={"request_id": {"unique": True}})
    checked.update(place({"request_id": "r1"}, {"request_id": "r2"}, {"request_id": "r1"}, {}, {}))
    checked.update(place({}, {"request_id": "r2"}, {"request_id": 3}, {"request_id": "3"}))
    checked.update(place({}, {}))
    assert violations(series(checked)) == {"{field=request_id,rule=unique}": 3}


def test_equal_records_are_duplicates_where_they_can_be_told():
    """Without a time and a request of their own they may well be different ones."""
    checked = monitor(duplicates=True)
    dated = {"timestamp": NOW - 5, "confidence": 0.5}
    checked.update(place(dated, {"confidence": 0.5}, {"confidence": 0.5}))
    checked.update(place({**dated, "confidence": 0.25}, dated, {**dated, "true_label": "b"}))
    assert violations(series(checked)) == {"{field=record,rule=duplicate}": 2}


def test_what_is_read_too_late_is_stale():
    """Compared with the time of reading; not where the past is read on purpose."""
    records = [{"timestamp": NOW - age} for age in (7199, 7200, 7201)]
    checked = monitor(max_age="2h")
    checked.update(place(*records, {}))
    found = series(checked)
    assert violations(found) == {"{field=timestamp,rule=stale}": 1}
    assert found["model_records_violating_total"] == 1
    replayed = monitor(max_age="2h", replay=True)
    replayed.update(place(*records))
    assert violations(series(replayed)) == {}


def test_what_comes_from_the_future_is_violating():
    """It is counted under its rule where event times are made, here as a record."""
    checked = monitor(fields=FIELDS)
    checked.update(place({"timestamp": NOW + 61}, {"timestamp": NOW + 59}))
    found = series(checked)
    assert (violations(found), found["model_records_violating_total"]) == ({}, 1)


def test_windows_forget():
    """The share is that of the window, by event time."""
    checked = monitor(fields=FIELDS)
    old = {"timestamp": NOW - 600, "features": {"age": -1}}
    checked.update(place(old, *ages(1, 2, 3)))
    found = series(checked)
    assert found["model_violating_ratio{window=1m}"] == 0
    assert found["model_violating_ratio{window=1h}"] == 0.25


def test_offenders_are_kept_for_people():
    """Each with its field and rule; values only where they may be shown."""
    for show_values, values in (
        (False, ["text of 17 characters", "negative number"]),
        (True, ["'I'm 23 years old.'", "-3.14"]),
    ):
        checked = monitor(privacy={"show_values": show_values}, fields=FIELDS)
        records = ages("I'm 23 years old.", 23, -3.14)
        checked.update(place(*[{**one, "model_version": "7"} for one in records]))
        kept = checked.snapshot().offenders
        assert [one.value for one in kept] == values
        assert [(one.field, one.rule) for one in kept] == [
            ("features.age", "type"),
            ("features.age", "min"),
        ]
        assert {(one.event_time, one.version) for one in kept} == {(NOW, "7")}
        assert "23" not in exposition(checked)


def test_no_rule_crowds_out_another():
    """Of many records that break one rule the last few are kept."""
    checked = monitor(privacy={"show_values": True}, fields=FIELDS)
    checked.update(place(*ages(*range(-500, 0), 329)))
    kept = checked.snapshot().offenders
    assert [one.value for one in kept] == ["-3", "-2", "-1", "329"]


def test_fields_beyond_the_budget_share_a_series():
    """So that rules for thousands of features can't spend it all."""
    checked = monitor(
        SeriesBudget(4),
        fields={**FIELDS, "features.b": {"min": 0}, "features.c": {"required": True, "min": 0}},
    )
    checked.update(batch({"prediction": "a", "features": {"b": -1}}, features=("b", "c")))
    assert violations(series(checked)) == {
        "{field=other,rule=min}": 1,
        "{field=other,rule=required}": 1,
    }


ALL = {
    "fields": {
        "features.age": {"type": "integer", "required": True, "min": 0, "max": 130},
        "request_id": {"pattern": "r.*"},
        "prediction": {"allowed": ["a", "b"]},
    },
    "compare": ["features.age != 7"],
    "max_age": "30m",
}
WITH_MEMORY = {
    **ALL,
    "fields": {**ALL["fields"], "request_id": {"unique": True}},
    "duplicates": True,
}
records = st.lists(
    st.fixed_dictionaries(
        {
            "features": st.fixed_dictionaries(
                {"age": st.sampled_from([1, 7, -1, 200, 2.5, None, "x", True, float("nan")])}
            ),
            "timestamp": st.integers(int(NOW) - 4000, int(NOW) + 100),
        },
        optional={
            "prediction": st.sampled_from(["a", "b", "c"]),
            "request_id": st.sampled_from(["r1", "r2", "s"]),
            "error": st.booleans(),
        },
    ),
    max_size=8,
)


def fed(rules, *batches):
    """Return a monitor that has seen these records."""
    checked = monitor(**rules)
    for one in batches:
        checked.update(batch(*one, features=("age",)))
    return checked


@settings(max_examples=40)
@given(records, records)
def test_parts_add_up_to_the_whole(first, second):
    """Merging equals one pass over both."""
    merged = fed(ALL, first)
    merged.merge(fed(ALL, second))
    assert exposition(merged) == exposition(fed(ALL, first, second))


@settings(max_examples=40)
@given(records, st.randoms())
def test_the_order_of_records_does_not_matter(drawn, chance):
    """Nor how they are cut into batches."""
    shuffled = list(drawn)
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(shuffled))
    assert exposition(fed(ALL, drawn)) == exposition(fed(ALL, shuffled[:cut], shuffled[cut:]))


@settings(max_examples=40)
@given(records, records)
def test_state_survives_storage(first, second):
    """What came before is remembered across a restart."""
    restored = through_storage(fed(WITH_MEMORY, first), monitor(**WITH_MEMORY))
    assert exposition(restored) == exposition(fed(WITH_MEMORY, first))
    restored.update(batch(*second, features=("age",)))
    assert exposition(restored) == exposition(fed(WITH_MEMORY, first, second))


def test_other_rules_start_at_0():
    """Rules that are still there keep their counts."""
    before = monitor(fields=FIELDS)
    before.update(place(*ages(-1, 329)))
    fields = {"features.age": {"min": 0, "required": True}}
    after = through_storage(before, monitor(fields=fields, duplicates=True))
    found = series(after)
    assert violations(found) == {"{field=features.age,rule=min}": 1}
    assert found["model_records_checked_total"] == 2


@pytest.mark.parametrize(
    ("rules", "message"), [({"compare": ["cost < 1"]}, "different rules"), (WITH_MEMORY, "unique")]
)
def test_what_can_not_be_merged_is_refused(rules, message):
    """Other rules, and rules about what came before."""
    other = monitor(**rules)
    with pytest.raises(ValueError, match=message):
        monitor(**(WITH_MEMORY if rules is WITH_MEMORY else {"fields": FIELDS})).merge(other)
