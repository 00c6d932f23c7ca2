from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString
from sklearn import metrics

from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.regression import DEFAULT_EDGES, GREATEST, Regression, edges_for
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
    through_storage,
)

TASK = "regression"
numbers = st.floats(-1e5, 1e5).map(lambda value: round(value, 3))
pairs = st.lists(st.tuples(numbers, numbers, st.integers(0, 4000)), max_size=30)


def records(found):
    """Return records of (prediction, label, age)."""
    return [
        {"timestamp": NOW - age, "prediction": prediction, "true_label": label}
        for prediction, label, age in found
    ]


def monitor_of(found, windows=WINDOWS):
    """Return a monitor that has seen records of (prediction, label, age)."""
    monitor = Regression(LABELS, windows)
    monitor.update(batch(*records(found), windows=windows, task=TASK))
    return monitor


def of_window(monitor, window="1h", now=NOW):
    """Return the rolling figures of one window by name."""
    mark = f"{{window={window}}}"
    found = series(monitor, now=now)
    return {key.removesuffix(mark): value for key, value in found.items() if key.endswith(mark)}


def same(found, expected):
    """Assert that the series are the same but for the rounding of sums."""
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e6])
def test_all_figures_are_those_of_scikit_learn(scale):
    """On random data in several batches, wherever the mean of the labels lies."""
    random = np.random.default_rng(3)
    label = (random.normal(100, 3, 600) * scale).round(9)
    prediction = (label + random.normal(0.5, 2, 600) * scale).round(9)
    monitor = Regression(LABELS, WINDOWS)
    for rows in np.split(np.arange(600), 6):
        found = zip(prediction[rows].tolist(), label[rows].tolist(), rows.tolist(), strict=True)
        monitor.update(batch(*records(found), task=TASK))
    same(
        of_window(monitor),
        {
            "model_mean_absolute_error": metrics.mean_absolute_error(label, prediction),
            "model_root_mean_squared_error": metrics.root_mean_squared_error(label, prediction),
            "model_mean_error": (prediction - label).mean(),
            "model_mean_absolute_percentage_error": metrics.mean_absolute_percentage_error(
                label, prediction
            ),
            "model_r2_score": metrics.r2_score(label, prediction),
        },
    )
    found = series(monitor)
    error = prediction - label
    assert found["model_squared_error_total"] == pytest.approx((error**2).sum())
    assert found["model_overestimate_total"] == (error > 0).sum()
    assert found["model_underestimate_total"] == (error < 0).sum()
    assert found["model_absolute_error_count"] == 600
    assert found["model_absolute_error_sum"] == pytest.approx(np.abs(error).sum())
    for edge in DEFAULT_EDGES:
        bucket = found[f"model_absolute_error_bucket{{le={floatToGoString(edge)}}}"]
        assert bucket == (np.abs(error) <= edge).sum()


def test_variance_explained_of_labels_far_from_zero():
    """Timestamps, say: sums of their squares would have lost all digits."""
    random = np.random.default_rng(7)
    label = 1.7e9 + random.normal(0, 5, 300)
    prediction = label + random.normal(0, 3, 300)
    monitor = monitor_of(zip(prediction.tolist(), label.tolist(), range(300), strict=True))
    exact = metrics.r2_score(label, prediction)
    assert of_window(monitor)["model_r2_score"] == pytest.approx(exact, rel=1e-9)


def test_exposition_of_a_handful_of_records():
    """A label of 0 is in no percentage, and is counted; what has no label is nowhere."""
    monitor = Regression(LABELS, WINDOWS[:1], edges=(1.0, 5.0))
    monitor.update(
        batch(
            {"prediction": 3.0, "true_label": 2},
            {"prediction": 1.0, "true_label": 4.0},
            {"prediction": 6, "true_label": 0},
            {"prediction": 2.0, "true_label": 2},
            {"prediction": 2.0},
            {"true_label": 2},
            {"prediction": 9.0, "true_label": 1, "error_type": "Timeout"},
            windows=WINDOWS[:1],
            task=TASK,
        )
    )
    assert series(monitor) == {
        "model_absolute_error_bucket{le=1.0}": 2,
        "model_absolute_error_bucket{le=5.0}": 3,
        "model_absolute_error_bucket{le=+Inf}": 4,
        "model_absolute_error_count": 4,
        "model_absolute_error_sum": 10,
        "model_squared_error_total": 46,
        "model_overestimate_total": 2,
        "model_underestimate_total": 1,
        "model_absolute_percentage_error_total": 1.25,
        "model_labels_zero_total": 1,
        "model_mean_absolute_error{window=1m}": 2.5,
        "model_root_mean_squared_error{window=1m}": 11.5**0.5,
        "model_mean_error{window=1m}": 1.0,
        "model_mean_absolute_percentage_error{window=1m}": 1.25 / 3,
        "model_r2_score{window=1m}": 1 - 46 / 8,
    }


def test_nothing_is_exposed_before_the_first_number():
    """A classifier gets no series of a regression."""
    monitor = Regression(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a", "true_label": "b"}, {"confidence": 0.5}))
    assert series(monitor) == {}


def test_one_label_has_no_variance():
    """Nor have several that are the same."""
    for found in ([(1.5, 2.0, 0)], [(1.5, 0.1, 0), (2.5, 0.1, 60), (3.5, 0.1, 900)]):
        figures = of_window(monitor_of(found))
        assert "model_r2_score" not in figures
        assert "model_mean_absolute_error" in figures


def test_percentages_need_a_label_other_than_zero():
    """An absent series, not one over 0."""
    figures = of_window(monitor_of([(1.5, 0, 0)]))
    assert "model_mean_absolute_percentage_error" not in figures
    assert figures["model_mean_error"] == 1.5


def test_an_empty_window_is_absent():
    """The counters stay."""
    monitor = monitor_of([(1.5, 2.0, 0)])
    assert "model_mean_absolute_error" not in of_window(monitor, "1m", NOW + 90)
    assert "model_mean_absolute_error" in of_window(monitor, "1h", NOW + 90)
    assert series(monitor, now=NOW + 9000)["model_underestimate_total"] == 1


def test_numbers_beyond_all_bounds_stay_finite():
    """Their squares would be infinite, and the sums with them for good."""
    monitor = monitor_of([(1e308, -1e308, 0), (-1e308, 1e308, 0), (1.0, 1e-320, 0)])
    assert all(np.isfinite(value) for value in series(monitor).values())
    assert of_window(monitor)["model_mean_absolute_error"] == pytest.approx(GREATEST * 4 / 3)


@settings(max_examples=50)
@given(pairs, st.randoms())
def test_the_order_of_records_does_not_matter(found, random):
    """Any permutation gives the same exposition."""
    shuffled = list(found)
    random.shuffle(shuffled)
    same(series(monitor_of(shuffled)), series(monitor_of(found)))


@settings(max_examples=50)
@given(pairs, pairs)
def test_merged_monitors_are_one_over_both(one, two):
    """Add up two, or feed one: the same."""
    merged = monitor_of(one)
    merged.merge(monitor_of(two))
    same(series(merged), series(monitor_of([*one, *two])))


def test_other_edges_cost_the_histogram_alone():
    """After a new reference was built."""
    first = monitor_of([(1.5, 2.0, 0), (7.25, 3.0, 100)])
    second = through_storage(first, Regression(LABELS, WINDOWS, edges=(1.0, 2.0)))
    found = series(second)
    assert found["model_absolute_error_count"] == 0
    assert found["model_underestimate_total"] == 1
    assert of_window(second) == of_window(first)
    with pytest.raises(ValueError, match="different edges"):
        first.merge(second)


def test_labels_that_come_later_count():
    """A batch of joined labels holds no attempt."""
    later = batch(*records([(1.5, 2.0, 0)]), task=TASK)
    later = dataclasses.replace(later, attempt=np.zeros(1, dtype=bool))
    monitor = Regression(LABELS, WINDOWS)
    monitor.update(later)
    assert series(monitor) == {}
    monitor.update(dataclasses.replace(later, joined=True))
    assert of_window(monitor)["model_mean_error"] == -0.5


def reference(*columns):
    """Return a reference of some columns."""
    return Reference("m", "1", Provenance((), 0, None, None), columns)


def numeric(name, std):
    """Return a column of some standard deviation."""
    moments = Moments(0.0, std, None, None)
    return NumericColumn(
        name, 10, 0, np.array([0.0]), np.array([5, 5]), moments, np.array([0.0, 1.0])
    )


@pytest.mark.parametrize(
    ("std", "edges"),
    [
        (1.0, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)),
        (7300.0, (100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4)),
        (3e-5, (5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4)),
    ],
)
def test_edges_follow_the_spread_of_the_reference(std, edges):
    """Round numbers from a hundredth of it to ten times as much."""
    assert edges_for(reference(numeric("age", 40.0), numeric("prediction", std))) == edges


@pytest.mark.parametrize("std", [None, 0.0, 1e200, 1e-200])
def test_edges_without_a_usable_spread(std):
    """One value in the reference, none, or beyond all bounds: as without a reference."""
    assert edges_for(reference(numeric("prediction", std))) == DEFAULT_EDGES
    assert edges_for(reference(numeric("age", 40.0))) == DEFAULT_EDGES
    assert edges_for(None) == DEFAULT_EDGES
    assert DEFAULT_EDGES[:3] == (0.001, 0.003, 0.01)
    assert DEFAULT_EDGES[-2:] == (300_000.0, 1_000_000.0)
