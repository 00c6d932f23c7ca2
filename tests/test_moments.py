from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.moments import MomentRing, over_window, pool_all, pooled
from exporter.placement import place
from exporter.storage import encoding
from exporter.windows import Window

HOUR = Window("1h", 3600.0)
NOW = 1_000_000.0
values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def ring(numbers, ages=None):
    """Return a ring of numbers, some seconds old."""
    ages = np.zeros(len(numbers)) if ages is None else np.array(ages, dtype=float)
    made = MomentRing(HOUR)
    pool_all([made], place([HOUR], NOW - ages, np.array([NOW])), np.array(numbers, dtype=float))
    return made


@given(st.lists(values, min_size=1, max_size=5))
def test_pooled_parts_are_the_moments_of_all_values(parts):
    """Whatever parts the values come in, against numpy."""
    numbers = np.concatenate(parts)
    table = np.array([[len(part), np.mean(part), np.var(part) * len(part)] for part in parts])
    number, mean, deviations = pooled(table, np.zeros(len(parts), dtype=int), 1)[0]
    assert number == len(numbers)
    assert mean == pytest.approx(numbers.mean(), abs=1e-6)
    assert deviations == pytest.approx(numbers.var() * len(numbers), rel=1e-9, abs=1e-3)


def test_a_group_without_values_is_zero():
    """Nothing is divided by its number."""
    table = np.array([[0.0, 0.0, 0.0], [2.0, 5.0, 8.0], [0.0, 7.0, 0.0]])
    assert pooled(table, np.array([0, 1, 1]), 3).tolist() == [[0, 0, 0], [2, 5, 8], [0, 0, 0]]


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 5000)), min_size=1, max_size=60))
def test_a_window_has_the_moments_of_the_values_inside(records):
    """In any order; what is older than the window is not in it."""
    numbers, ages = (np.array(column) for column in zip(*records, strict=True))
    inside = HOUR.index(NOW - ages) > HOUR.index(np.array([NOW])) - 60
    number, mean, deviations = over_window(ring(numbers, ages).view(), NOW)
    assert number == inside.sum()
    if number:
        kept = numbers[inside]
        assert mean == pytest.approx(kept.mean(), abs=1e-9)
        assert deviations == pytest.approx(kept.var() * len(kept), rel=1e-9, abs=1e-9)


def test_a_small_variance_beside_a_large_mean_keeps_its_digits():
    """Sums of squares would give 0, or less."""
    numbers = 1e9 + np.random.default_rng(5).normal(0, 1e-2, 2_000)
    numbers = numbers[np.argsort(np.arange(2_000) % 7)]
    made = MomentRing(HOUR)
    for part in np.split(numbers, 20):
        pool_all([made], place([HOUR], np.full(100, NOW), np.array([NOW])), part)
    exact = ((numbers - numbers.mean()) ** 2).sum()
    assert over_window(made.view(), NOW)[2] == pytest.approx(exact, rel=1e-6)


def test_values_that_are_all_the_same_have_no_variance():
    """Not even by rounding."""
    assert over_window(ring([0.1] * 33, [n * 97 for n in range(33)]).view(), NOW)[2] == 0


@given(values, values, st.integers(0, 4000), st.integers(0, 4000))
def test_merged_rings_are_one_over_both(one, two, first, second):
    """Of the same sub-windows or of others."""
    merged, other = ring(one, [first] * len(one)), ring(two, [second] * len(two))
    merged.merge(other)
    both = ring([*one, *two], [first] * len(one) + [second] * len(two))
    found, expected = over_window(merged.view(), NOW), over_window(both.view(), NOW)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-3)


def test_rings_of_other_windows_can_not_be_merged():
    """Sub-windows of other lengths have nothing in common."""
    with pytest.raises(ValueError, match="can't merge"):
        ring([1.0]).merge(MomentRing(Window("1m", 60.0)))


def test_moments_survive_storage():
    """A ring that is restored goes on where the other stood."""
    first, second = ring([1.0, 2.0, 4.0], [0, 100, 200]), MomentRing(HOUR)
    second.load(encoding.decode(encoding.encode(first.dump())))
    assert over_window(second.view(), NOW) == over_window(first.view(), NOW)


def test_without_windows_there_is_nothing_to_do():
    """And with no records that count in one neither."""
    pool_all([], (), np.array([1.0]))
    assert over_window(ring([1.0], [9000]).view(), NOW) == (0, 0, 0)
