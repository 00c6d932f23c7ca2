"""Counters and gauges from which Prometheus computes the drift of a fleet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config import DriftSettings
from exporter.drift.fleet import FleetColumn
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.feature_values import FeatureValues
from exporter.monitors.reference_facts import ReferenceFacts
from exporter.storage.encoding import decode, encode
from tests.monitors.builders import batch, exposition, through_storage

LABELS = {"model": "bot", "version": "1"}
SETTINGS = DriftSettings(reference=Path("ref"))


def records(n, seed):
    """Return predictions with numbers of either sign, positive ones, and classes."""
    random = np.random.default_rng(seed)
    return [
        {
            "prediction": str(random.choice(["no", "yes"])),
            "features": {
                "age": float(random.integers(0, 90)),
                "delta": float(random.normal()),
                "plan": str(random.choice(["gold", "tin", "rare"], p=[0.5, 0.49, 0.01])),
            },
        }
        for _ in range(n)
    ]


def profiled(found):
    """Return a reference of records."""
    profile = Profile()
    profile.add(batch(*found, features=None))
    return Reference("bot", "1", Provenance((), len(found), None, None), profile.columns())


REFERENCE = profiled(records(2000, 1))
NAMES = ("age", "delta", "plan")


def fleet(reference=REFERENCE):
    """Return all columns of a reference."""
    return [FleetColumn.of(column) for column in reference.columns]


def monitor(reference=REFERENCE, budget=None, columns=None):
    """Return a monitor of the reference."""
    columns = fleet(reference) if columns is None else columns
    return FeatureValues(LABELS, reference, columns, budget or SeriesBudget.unlimited())


def facts(budget=None):
    """Return what is said of the reference."""
    budget = budget or SeriesBudget.unlimited()
    return ReferenceFacts({"model": "bot"}, REFERENCE, fleet(), SETTINGS, budget)


def shown(one):
    """Return the value of each series by its name and labels but model and version."""
    found = {}
    for family in one.families(one.snapshot(), 0.0):
        for sample in family.samples:
            labels = {
                key: value for key, value in sample.labels.items() if key not in (*LABELS, "model")
            }
            assert labels.pop("reference") == REFERENCE.label
            found[sample.name, *labels.values()] = sample.value
    return found


def test_counts_are_those_of_the_values():
    """At each edge, in each category, and their sum where it can only rise."""
    found = records(1500, 2)
    one = monitor()
    one.update(batch(*found, {"error": "timeout"}, {"true_label": "no"}, features=NAMES))
    values = shown(one)
    ages = np.array([record["features"]["age"] for record in found])
    for (name, feature, *rest), value in values.items():
        if name == "model_feature_value_bucket" and feature == "age":
            assert value == (ages <= float(rest[0])).sum()
    assert values["model_feature_value_count", "age"] == 1500
    assert values["model_feature_value_sum", "age"] == ages.sum()
    # Without a sum OpenMetrics wants no count either.
    assert not {name for name, feature, *_ in values if feature == "delta"} - {
        "model_feature_value_bucket"
    }
    plans = [record["features"]["plan"] for record in found]
    for plan in ("gold", "tin", "rare"):
        assert values["model_feature_category_total", "plan", plan] == plans.count(plan)
    assert values["model_feature_category_total", "plan", "other"] == 0


def test_everything_begins_at_0():
    """So that an increase from nothing is seen."""
    values = shown(monitor())
    assert set(values.values()) == {0}
    assert ("model_feature_value_bucket", "age", "+Inf") in values


def test_values_that_are_missing_or_negative():
    """The former are in no bucket, the latter add nothing to a sum, which would fall."""
    one = monitor()
    one.update(
        batch(
            {"prediction": "no", "features": {"age": None, "delta": 1.0}},
            {"prediction": "no", "features": {"age": -5.0, "plan": "new"}},
            {"prediction": "no", "features": {"age": 7.0}},
            features=NAMES,
        )
    )
    values = shown(one)
    assert values["model_feature_value_count", "age"] == 2
    assert values["model_feature_value_sum", "age"] == 7
    assert values["model_feature_value_bucket", "delta", "+Inf"] == 1
    assert values["model_feature_category_total", "plan", "other"] == 1


def test_facts_fit_the_counters():
    """The distribution function has the same edges, ends at 1, and each edge knows the last."""
    known = shown(facts())
    counted = shown(monitor())
    edges = [key[2] for key in counted if key[:2] == ("model_feature_value_bucket", "age")]
    rows = [key[2:] for key in known if key[:2] == ("model_feature_reference_cdf_ratio", "age")]
    assert [edge for edge, _ in rows] == edges
    assert [before for _, before in rows] == ["-Inf", *edges[:-1]]
    assert known["model_feature_reference_cdf_ratio", "age", "+Inf", edges[-2]] == 1
    assert known["model_feature_reference_edges", "age"] == len(edges)
    plan = next(column for column in REFERENCE.columns if column.name == "plan")
    assert known["model_feature_reference_samples", "plan"] == pytest.approx(2000 / plan.tau)
    share = known["model_feature_reference_category_ratio", "plan", "gold"]
    assert share == plan.counts[plan.categories.index("gold")] / 2000
    # alpha .05 over four columns, three degrees of freedom: chi2.isf(.0125, 3).
    assert known["model_drift_critical_value", "plan", "chi2"] == pytest.approx(10.8613, abs=1e-3)


def test_what_is_claimed_is_what_is_shown():
    """Of the counters and of the reference."""
    for build in (lambda budget: monitor(budget=budget), facts):
        budget = SeriesBudget.unlimited()
        assert budget.used == 0
        assert len(shown(build(budget))) == budget.used > 0


def test_columns_for_which_there_are_no_series_are_left_out():
    """And refusals are counted."""
    budget = SeriesBudget(100)
    values = shown(monitor(budget=budget))
    assert {key[1] for key in values} == {"age", "plan", "prediction"}
    assert budget.refused == {"model_feature_value": 1}
    assert budget.used == len(values) <= 100


def test_counts_of_another_reference_are_refused():
    """They were counted at other edges."""
    with pytest.raises(ValueError, match="reference"):
        monitor(profiled(records(2000, 9))).load(decode(encode(monitor().dump())))


def test_only_counts_of_the_same_columns_are_added_up():
    """They would be those of another column."""
    first, second, *_ = fleet()
    with pytest.raises(ValueError, match="different cells"):
        monitor(columns=[first]).merge(monitor(columns=[second]))


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "age": st.none() | st.integers(-5, 120),
        "delta": st.none() | st.floats(-4, 4).map(lambda value: round(value, 3)),
        "plan": st.none() | st.sampled_from(["gold", "tin", "rare", "other", "new"]),
    },
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"features": FIELDS},
        optional={
            "prediction": st.sampled_from(["no", "yes"]),
            "error": st.just("timeout"),
            "true_label": st.just("no"),
        },
    ),
    max_size=12,
)


def counted(*batches):
    """Return a monitor that has taken in batches."""
    one = monitor()
    for found in batches:
        if found:
            one.update(batch(*found, features=NAMES))
    return one


@settings(deadline=None)
@given(RECORDS, RECORDS, st.randoms(use_true_random=False))
def test_only_which_records_there_were_matters(first, second, random):
    """Neither order nor batches, nor which monitor had them, nor a restart between them."""
    expected = exposition(counted([*first, *second]))
    mixed = [*first, *second]
    random.shuffle(mixed)
    assert exposition(counted(mixed)) == expected
    assert exposition(counted(first, second)) == expected
    merged = counted(first)
    merged.merge(counted(second))
    assert exposition(merged) == expected
    restored = through_storage(counted(first), monitor())
    if second:
        restored.update(batch(*second, features=NAMES))
    assert exposition(restored) == expected
