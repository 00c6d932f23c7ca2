"""Mean absolute error that is estimated without labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.estimation.expected_error import ExpectedError, Input
from exporter.estimation.regression_tree import Tree
from exporter.monitors.estimated_error import EstimatedError
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, exposition, series, through_storage

NAME = "model_estimated_mean_absolute_error"
RECORDS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["a", "b", None]), st.sampled_from([0, 1800])),
    min_size=1,
    max_size=12,
)


def tree(nodes, mean):
    """Return a tree of such means."""
    return Tree(nodes, np.array(mean), np.array(mean) / 7, np.full(len(mean), 300.0))


def known(highest=4.7):
    """Return an expected error by prediction and kind, of figures that are not exact in binary."""
    return ExpectedError(
        1000,
        1.3,
        (Input("kind", ("a", "b"), None), Input("prediction", None, 1.0)),
        (
            tree(((1, 5.0), (1, 2.0), None, None, None), [0.1, 1.1, highest]),
            tree(((0, -0.5), None, (0, 0.5), None, None), [0.3, 1.7, 3.1]),
        ),
    )


def record(prediction, kind="a", age=0, **more):
    """Return a prediction."""
    inputs = {} if kind is None else {"features": {"kind": kind}}
    return {"timestamp": NOW - age, "prediction": prediction, **inputs, **more}


def read(*records):
    """Return records as a batch."""
    return batch(*records, features=None, task="regression")


def monitor_of(found, cuts=None):
    """Return a monitor that has seen (prediction, kind, age), by default one after the other."""
    monitor = EstimatedError(LABELS, WINDOWS, known())
    for part in np.array_split(np.arange(len(found)), cuts or len(found)):
        if part.size:
            monitor.update(read(*(record(*found[row]) for row in part)))
    return monitor


def test_exposition_of_a_handful_of_records():
    """Failures, and ground truth alone, are not estimated; a label makes no difference."""
    monitor = EstimatedError(LABELS, WINDOWS, known())
    monitor.update(
        read(
            record(1),
            record(4, "b", true_label=1),
            record(9, None, age=1800),
            record(9, error="late"),
            {"timestamp": NOW, "request_id": "r", "true_label": 9},
        )
    )
    found = series(monitor)
    one, two, three = (0.1 + 1.7) / 2, (1.1 + 3.1) / 2, (4.7 + 0.3) / 2
    assert found["model_estimated_absolute_error_predictions_total"] == 3
    assert found["model_estimated_absolute_error_total"] == pytest.approx(one + two + three)
    assert found["model_window_estimated_errors{window=1m}"] == 2
    assert found["model_window_estimated_errors{window=1h}"] == 3
    assert found[f"{NAME}{{window=1m}}"] == pytest.approx((one + two) / 2)
    assert found[f"{NAME}{{window=1h}}"] == pytest.approx((one + two + three) / 3)
    low, high = (found[f"{NAME}_{end}{{window=1h}}"] for end in ("lower", "upper"))
    assert 0 <= low < found[f"{NAME}{{window=1h}}"] < high
    assert len(found) == 10


def test_an_empty_window_has_no_estimate():
    """The counters stay."""
    found = series(monitor_of([(1, "a", 0)]), now=NOW + 600)
    assert f"{NAME}{{window=1m}}" not in found
    assert found["model_window_estimated_errors{window=1h}"] == 1


def test_nothing_before_the_first_number():
    """Classes have no such error."""
    monitor = EstimatedError(LABELS, WINDOWS, known())
    monitor.update(batch({"prediction": "a"}))
    assert series(monitor) == {}


def test_another_reference_starts_afresh():
    """Its leaves mean something else."""
    other = EstimatedError(LABELS, WINDOWS, known(4.8))
    with pytest.raises(ValueError, match="has changed"):
        through_storage(monitor_of([(1, "a", 0)]), other)
    with pytest.raises(ValueError, match="different leaves"):
        other.merge(monitor_of([(1, "a", 0)]))


@settings(max_examples=40, deadline=None)
@given(RECORDS, RECORDS, st.randoms(), st.integers(1, 5))
def test_merged_stored_shuffled_and_cut_otherwise(first, second, chance, cuts):
    """To the last digit what one monitor shows that has seen all, one by one."""
    both = [*first, *second]
    whole = monitor_of(both)
    merged = monitor_of(first)
    merged.merge(monitor_of(second))
    assert exposition(merged) == exposition(whole)
    assert exposition(monitor_of(chance.sample(both, len(both)))) == exposition(whole)
    assert exposition(monitor_of(both, cuts)) == exposition(whole)
    restored = through_storage(whole, EstimatedError(LABELS, WINDOWS, known()))
    assert exposition(restored) == exposition(whole)
