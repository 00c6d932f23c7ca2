from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.drift.grid import Grid

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, unique=True, max_size=20), st.lists(FINITE, max_size=20))
def test_any_value_falls_into_the_bin_that_a_search_finds(edges, values):
    """Also far outside, next to an edge, and where the range of the edges is not finite."""
    edges = np.unique(np.array(edges, dtype=float))
    with np.errstate(over="ignore"):
        near = [np.nextafter(edge, way) for edge in edges for way in (-np.inf, np.inf)]
    values = np.array([*values, *edges, *np.array(near)[np.isfinite(near)]], dtype=float)
    expected = np.searchsorted(edges, values, side="left")
    assert Grid(edges).cells(values).tolist() == expected.tolist()


@pytest.mark.parametrize("draw", ["normal", "lognormal", "uniform", "standard_cauchy"])
def test_quantile_edges_of_common_distributions(draw):
    """With and without a long tail."""
    values = getattr(np.random.default_rng(1), draw)(size=5000)
    edges = np.unique(np.quantile(values, np.linspace(0.01, 0.99, 99)))
    expected = np.searchsorted(edges, values, side="left")
    assert Grid(edges).cells(values).tolist() == expected.tolist()
