"""Courses of windows are what their sub-windows hold; shapes are shares of the same values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.monitors.accuracy import Accuracy
from exporter.monitors.coarse_shape import CATEGORIES, NUMERIC_CELLS, shape
from exporter.monitors.confidence import Confidence
from exporter.monitors.latency import Latency
from exporter.monitors.throughput import Throughput
from exporter.windows import SUBWINDOWS, Window
from tests.monitors.builders import NOW, batch, unlimited

MINUTE = Window("1m", 60.0)
LABELS = {"model": "bot", "version": "1"}


def records(*seconds_ago, **fields):
    """Return predictions of moments before NOW."""
    return [{"prediction": "a", "timestamp": NOW - age, **fields} for age in seconds_ago]


def course_of(monitor, *events, now=NOW):
    """Return the courses of a monitor that has seen these events, by name."""
    monitor.update(batch(*events, windows=(MINUTE,)))
    return {one.name: one for one in monitor.courses(monitor.snapshot(), now)}


def known(course):
    """Return the values that are there, by how many sub-windows ago."""
    newest = SUBWINDOWS - 1
    return {
        newest - at: value
        for at, value in enumerate(course.values.tolist())
        if not math.isnan(value)
    }


def test_predictions_and_failures_by_second():
    """A sub-window of a minute is a second; the last one is not over yet."""
    events = [*records(0, 3, 3, 10), *records(3, prediction=None, error="timeout")]
    found = course_of(Throughput(LABELS, (MINUTE,), unlimited()), *events)
    per_second = found["predictions"].values
    assert np.isnan(per_second[-1])
    assert per_second[-4] == 3
    assert per_second.size == SUBWINDOWS
    assert np.nansum(per_second) == 4
    assert known(found["failed"]) == {0: 0.0, 3: pytest.approx(1 / 3), 10: 0.0}
    assert (found["failed"].labels, found["failed"].window) == (LABELS, "1m")
    assert found["failed"].begin == NOW - SUBWINDOWS + 1


def test_what_has_left_the_window_is_not_drawn():
    """Nor is what another minute left in the same place of the ring."""
    monitor = Throughput(LABELS, (MINUTE,), unlimited())
    course_of(monitor, *records(0, 30))
    later = {one.name: one for one in monitor.courses(monitor.snapshot(), NOW + 45)}
    assert known(later["failed"]) == {45: 0.0}


def test_accuracy_confidence_and_latency():
    """Each of its own records; nothing where there are none."""
    right = records(2, 2, true_label="a", confidence=0.5, latency_ms=10)
    wrong = records(2, 5, true_label="b", confidence=0.8, latency_ms=1000)
    events = [*right, *wrong, *records(7)]
    accuracy = course_of(Accuracy(LABELS, (MINUTE,), unlimited()), *events)["accuracy"]
    assert known(accuracy) == {2: pytest.approx(2 / 3), 5: 0.0}
    confidence = course_of(Confidence(LABELS, (MINUTE,)), *events)["confidence"]
    assert known(confidence) == {2: pytest.approx(0.6), 5: pytest.approx(0.8)}
    latency = course_of(Latency(LABELS, (MINUTE,)), *events)["latency, p95"]
    assert known(latency) == {2: pytest.approx(0.01, rel=0.03), 5: pytest.approx(1.0, rel=0.03)}


def numeric(edges, counts):
    """Return a column of numbers."""
    nothing = Moments(None, None, None, None)
    edges, counts = np.array(edges, dtype=float), np.array(counts)
    return NumericColumn("age", 10, 0, edges, counts, nothing, np.empty(0))


def test_numbers_are_spread_over_cells_of_equal_width():
    """What lies beyond the outer edges is in the outer cells; nothing is lost."""
    column = numeric([0.0, 10.0, 20.0], [5, 50, 50, 5])
    found = shape(LABELS, "1m", column, column.counts, np.array([0, 100, 0, 0]))
    assert len(found.cells) == NUMERIC_CELLS
    assert (found.cells[0], found.cells[-1]) == ("0 to 1", "19 to 20")
    assert found.reference == pytest.approx(np.array([10, *[5] * 18, 10]) / 110)
    assert found.current == pytest.approx(np.array([0.1] * 10 + [0.0] * 10))


def test_a_column_of_one_number():
    """It, and what is above it."""
    column = numeric([3.0], [9, 1])
    found = shape(LABELS, "1m", column, column.counts, np.zeros(2))
    assert found.cells == ("to 3", "above")
    assert found.reference.tolist() == [0.9, 0.1]
    assert found.current.tolist() == [0, 0]


def test_rare_categories_are_shown_together():
    """With those that the reference does not have."""
    names = tuple(f"c{number}" for number in range(CATEGORIES + 3))
    counts = np.array([10] * CATEGORIES + [1, 1, 1, 2])
    column = CategoricalColumn("plan", 125, 0, names, counts)
    found = shape(LABELS, "1m", column, counts, counts)
    assert found.cells == (*names[:CATEGORIES], "other")
    assert found.reference[-1] == pytest.approx(5 / 125)
    assert found.reference.sum() == pytest.approx(1)
