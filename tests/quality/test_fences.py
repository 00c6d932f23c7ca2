from __future__ import annotations

import numpy as np
import pytest

from exporter.drift.columns import Moments, NumericColumn
from exporter.quality.fences import Fences


def column(values):
    """Return the column of a reference of these values."""
    values = np.sort(np.array(values, dtype=np.float64))
    n = len(values)
    moments = Moments(
        float(values.mean()) if n else None,
        float(values.std(ddof=1)) if n > 1 else None,
        float(values[0]) if n else None,
        float(values[-1]) if n else None,
    )
    return NumericColumn("x", n, 0, np.empty(0), np.array([n]), moments, values)


def test_fences_by_hand():
    """Of 0 … 100: quartiles 25 and 75, mean 50, standard deviation 29.3."""
    fences = Fences.of(column(range(101)))
    assert fences.low.tolist() == pytest.approx([25 - 150, 50 - 3 * np.sqrt(101 * 102 / 12)])
    assert fences.high.tolist() == pytest.approx([75 + 150, 50 + 3 * np.sqrt(101 * 102 / 12)])
    assert fences.beyond(np.array([50.0, 140.0, -40.0, 226.0, np.nan])) == [1, 3]


def test_on_a_fence_is_inside():
    """Only what is beyond counts."""
    fences = Fences.of(column(range(101)))
    assert fences.beyond(np.array([225.0, -125.0]))[0] == 0


@pytest.mark.parametrize(("values", "far"), [([], [0, 0]), ([7], [0, 0]), ([7, 7, 7, 7], [0, 0])])
def test_without_spread_nothing_is_far(values, far):
    """Else every other value would be."""
    assert Fences.of(column(values)).beyond(np.array([7.0, 1e300])) == far


def test_half_of_one_value_leaves_the_deviation():
    """The quartiles are the same: only zscore can tell."""
    assert Fences.of(column([0] * 80 + [1] * 20)).beyond(np.array([0.0, 1.0, 5.0])) == [0, 1]
