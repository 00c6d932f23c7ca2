from __future__ import annotations

import numpy as np
import pytest

from exporter.density import space
from exporter.density.space import MAX_DIMENSION, Space

NAN = np.nan
NUMBERS = np.linspace(0.0, 100.0, 1_001)


def test_the_units_are_quantiles():
    """The median is the centre, the range of nine tenths the scale; one outlier changes nothing."""
    columns = {"a": np.append(NUMBERS, 1e12), "b": -np.append(NUMBERS, NAN)}
    found = space.learn(columns, ("a", "b"))
    assert found.names == ("a", "b")
    assert found.centre == pytest.approx([50.05, -50.0])
    assert found.scale == pytest.approx([90 / 3.29, 90 / 3.29], rel=0.01)


def test_columns_that_tell_nothing_are_left_out():
    """Constants, those mostly missing, those so large that their spread is infinite."""
    mostly_missing = np.where(np.arange(1_001) % 5 == 0, NUMBERS, NAN)
    columns = {
        "constant": np.ones(1_001),
        "missing": mostly_missing,
        "none": np.full(1_001, NAN),
        "good": NUMBERS,
    }
    assert space.learn(columns, tuple(columns)).names == ("good",)
    assert space.learn(columns, ("constant", "missing", "none")) is None


def test_a_rare_value_gives_a_unit():
    """Of a column of zeros with a few ones the quantiles agree: the standard deviation is it."""
    rare = (np.arange(1_001) % 100 == 0).astype(float)
    assert space.learn({"rare": rare}, ("rare",)).scale == pytest.approx([rare.std()])


def test_of_too_many_columns_those_that_are_known_best_are_used():
    """In the order of the reference."""
    columns = {f"{number:02}": NUMBERS.copy() for number in range(MAX_DIMENSION + 2)}
    columns["00"][0] = columns["05"][0] = NAN
    found = space.learn(columns, tuple(columns))
    assert found.names == tuple(name for name in columns if name not in ("00", "05"))


def test_what_is_missing_is_at_the_centre():
    """A record with half of its numbers is known well enough; infinity is missing."""
    units = Space(("a", "b"), np.array([10.0, 0.0]), np.array([2.0, 4.0]), np.eye(2))
    values = np.array([[12.0, 2.0], [NAN, 4.0], [NAN, np.inf], [1e308, -1e308]])
    found, known = units.coordinates(values)
    assert found[:3].tolist() == [[1.0, 0.5], [0.0, 1.0], [0.0, 0.0]]
    assert known.tolist() == [True, True, False, True]
    assert found[3].tolist() == [1e6, -1e6]


def test_correlation_is_taken_away():
    """But for a tenth of the mean variance, which keeps noise in its place."""
    random = np.random.default_rng(0)
    first = random.standard_normal(5_000)
    columns = {"a": first, "b": 100 * (first + 0.5 * random.standard_normal(5_000))}
    found = space.learn(columns, ("a", "b"))
    coordinates, _ = found.coordinates(np.column_stack(list(columns.values())))
    plain = np.corrcoef(*columns.values())[0, 1]
    left = np.corrcoef(coordinates.T)[0, 1]
    # The variances of both directions, 1 + r and 1 - r, become these.
    along, across = (1 + plain) / (1.1 + plain), (1 - plain) / (1.1 - plain)
    assert plain > 0.85
    assert left == pytest.approx((along - across) / (along + across), abs=0.03)
    assert found.axes.tolist() == found.axes.T.tolist()
