"""What a window can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exporter.drift.binning import count
from exporter.drift.detectable import detectable
from exporter.drift.family import TestFamily as Family
from tests.drift.test_comparison import classes, numbers, settings
from tests.drift.test_family import family


def test_half_of_the_looks_find_that_difference():
    """Of normal values that moved by the shift, one of ten columns, 500 in a window."""
    random = np.random.default_rng(1)
    columns = [numbers(str(at), random=random) for at in range(10)]
    found = detectable(columns, settings(alpha=0.05), 500)
    assert found.samples == 500
    windows = np.array(
        [
            np.concatenate(
                [
                    count(random.normal(found.shift if at == 3 else 0.0, 1, 500), column.edges)
                    for at, column in enumerate(columns)
                ]
            )
            for _ in range(200)
        ],
        dtype=float,
    )
    tests: Family = family(*columns)
    rate = (tests.test(windows).adjusted[:, 3] <= 0.05).mean()
    # Chance adds to the largest distance: rather more than half.
    assert 0.4 < rate < 0.85


def test_dependent_values_tell_less():
    """The column that tells least is named."""
    columns = [numbers("x"), replace(numbers("y"), tau=4.0), classes("p", 50, 50, 0)]
    found = detectable(columns, settings(min_effect=0.0), 8000)
    assert (found.column, found.samples) == ("y", 2000)
    assert found.difference > detectable(columns[:1], settings(min_effect=0.0), 8000).difference


def test_too_few_tell_nothing():
    """And trifles are none, however many there are."""
    few = detectable([numbers("x")], settings(), 499)
    assert (few.samples, few.difference, few.shift) == (499, None, None)
    many = detectable([numbers("x", 100_000)], settings(), 1e7)
    assert many.difference == 0.05
    assert many.shift == pytest.approx(0.1254, abs=1e-4)
    assert detectable([classes("p", 500, 500, 0)], settings(), 1000) is None
    assert detectable([numbers("x", 99)], settings(), 1000) is None
