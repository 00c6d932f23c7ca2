from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.event_time import EventTime
from exporter.records import Categorical, FeatureColumn, class_name
from tests.monitors.builders import NOW, WINDOWS, parse

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(st.lists(st.none() | st.text(max_size=2), max_size=30))
def test_encoding_loses_nothing(column):
    """Decoding returns the column; values are numbered by first appearance."""
    encoded = Categorical.encode(column)
    assert encoded.decode() == column
    assert encoded.codes.dtype == np.int32
    assert list(encoded.values) == list(dict.fromkeys(v for v in column if v is not None))


@given(st.lists(SCALARS, max_size=30))
def test_classes_are_named_one_by_one(column):
    """Whatever kinds are mixed, each value has its own name, and equal names one code."""
    encoded = Categorical.of_classes(column)
    assert encoded.decode() == [class_name(value) for value in column]
    assert len(set(encoded.values)) == len(encoded.values)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, None),
        ("", ""),
        ("1.0", "1.0"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (10**30, "1" + "0" * 30),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_class_names(value, name):
    """The same for every way of writing a value in JSON."""
    assert class_name(value) == name


def test_taking_and_blanking_rows():
    """Values that no longer occur stay, so that codes mean the same."""
    column = Categorical.encode(["a", None, "b", "a"])
    assert column.take(np.array([2, 3])).decode() == ["b", "a"]
    assert column.take(np.array([2, 3])).values == ("a", "b")
    assert column.where(np.array([True, True, False, False])).decode() == ["a", None, None, None]
    assert Categorical.empty(2).decode() == [None, None]


@given(st.lists(SCALARS | st.lists(st.integers(), max_size=1), max_size=20))
def test_a_feature_can_be_read_both_ways(raw):
    """As numbers, NaN for what is none; and as classes."""
    column = FeatureColumn(raw)
    numbers = column.numeric()
    for value, number in zip(raw, numbers.tolist(), strict=True):
        if type(value) in (int, float) and not math.isnan(value):
            assert number == float(value)
        else:
            assert math.isnan(number)
    scalars = FeatureColumn([value for value in raw if not isinstance(value, list)])
    assert scalars.categorical().decode() == [
        None if isinstance(value, float) and not math.isfinite(value) else class_name(value)
        for value in scalars.raw
    ]


def test_numbers_beyond_float_are_missing():
    """An integer of 400 digits does not stop its column."""
    assert FeatureColumn([1, 10**400]).numeric().tolist() == pytest.approx(
        [1, math.nan], nan_ok=True
    )


def test_taking_records_takes_every_column():
    """Counts of the batch stay with the original, so that they are not counted twice."""
    batch = EventTime(WINDOWS, replay=False).place(
        parse(
            {"timestamp": NOW - 3, "model_version": "1", "prediction": "a", "confidence": 0.5},
            {"timestamp": NOW - 90, "prediction": "b", "true_label": "c", "features": {"x": 1}},
            {"error_type": "E", "latency_s": 2, "features": {"x": 2}},
            {},
            features=["x"],
        )
    )
    assert len(batch) == 3
    part = batch.take(np.array([1, 2]))
    assert len(part) == 2
    assert part.prediction.decode() == ["b", None]
    assert part.label.decode() == ["c", None]
    assert part.version.decode() == [None, None]
    assert part.error_type.decode() == [None, "E"]
    assert part.failed.tolist() == [False, True]
    assert part.attempt.tolist() == [True, True]
    assert part.latency.tolist() == pytest.approx([math.nan, 2], nan_ok=True)
    assert part.features["x"].raw == [1, 2]
    assert part.event_time.tolist() == [NOW - 90, NOW]
    assert part.placements[0].late.tolist() == [True, False]
    assert batch.invalid == {"nothing_to_measure": 1}
    assert not part.invalid
    assert not part.violations


def test_a_category_that_is_not_finite_is_missing():
    """As in a numeric column: NaN is how many programs write that there is no value."""
    column = FeatureColumn(["a", math.nan, math.inf, -math.inf, 1.0, None])
    assert column.categorical().decode() == ["a", None, None, None, "1", None]
