from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.reference import Provenance, Reference
from exporter.monitors.outliers import Outliers
from tests.monitors.builders import LABELS, batch, series


def number(name):
    """Return a column of the numbers 0 … 100: fences at -125 and 225, and near -38 and 138."""
    values = np.arange(101.0)
    moments = Moments(50.0, float(values.std(ddof=1)), 0.0, 100.0)
    return NumericColumn(name, 101, 0, np.empty(0), np.array([101]), moments, values)


REFERENCE = Reference(
    "bot",
    "",
    Provenance((), 1, None, None),
    (
        number("age"),
        number("confidence"),
        number("features.confidence"),
        CategoricalColumn("plan", 1, 0, ("gold",), np.array([1, 0])),
    ),
)


def fed(*batches):
    """Return a monitor that has seen these records."""
    monitor = Outliers(LABELS, REFERENCE)
    for records in batches:
        monitor.update(batch(*records, features=REFERENCE.features))
    return monitor


def counts(monitor):
    """Return the counts of iqr and zscore."""
    found = series(monitor)
    assert len(found) == 2
    return [found[f"model_outliers_total{{method={method}}}"] for method in ("iqr", "zscore")]


def predictions(*features):
    """Return a prediction with each of these features."""
    return [{"prediction": "a", "confidence": 0.5, "features": each} for each in features]


def test_values_far_from_the_reference_count():
    """Each value under each method; what is no finite number is none."""
    assert counts(fed()) == [0, 0]
    ages = [50, 140, -40, 226, -126, None, "x", float("nan"), float("inf"), float("-inf")]
    assert counts(fed(predictions(*[{"age": age} for age in ages]))) == [2, 4]


def test_each_numeric_feature_counts():
    """A feature that is called like an output is one; outputs and categories are none."""
    both = {"age": 300, "confidence": 300, "plan": 1e9}
    assert counts(fed(predictions(both))) == [2, 2]


def test_failed_attempts_do_not_count():
    """They are no predictions."""
    failed = {"error": True, "features": {"age": 300}}
    assert counts(fed([failed, *predictions({"age": 300})])) == [1, 1]
    assert counts(fed([failed])) == [0, 0]


def test_without_numbers_there_is_nothing_to_show():
    """A reference of categories alone has no fences."""
    reference = Reference("bot", "", REFERENCE.provenance, REFERENCE.columns[3:])
    assert series(Outliers(LABELS, reference)) == {}


records = st.lists(st.floats(-300, 300).map(lambda age: {"age": age})).map(
    lambda features: predictions(*features)
)
