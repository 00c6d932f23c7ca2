"""Columns as Prometheus compares them."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.drift.fleet import FIRST, MOST_BINS, FleetColumn
from tests.drift.test_comparison import classes, numbers


def test_neighbouring_bins_are_folded():
    """A hundred into fifty; what is folded adds up, and edges are those of the reference."""
    column = numbers("x")
    fleet = FleetColumn.of(column)
    assert len(column.counts) == 100
    assert fleet.size == len(fleet.edges) == MOST_BINS
    counts = np.random.default_rng(1).multinomial(1000, np.full(100, 0.01))
    folded = fleet.folded(counts)
    assert folded.tolist() == counts.reshape(50, 2).sum(axis=1).tolist()
    assert [float(edge) for edge in fleet.edges[:-1]] == column.edges[1::2].tolist()
    assert fleet.edges[-1] == "+Inf"
    assert FIRST not in fleet.edges


@pytest.mark.parametrize("bins", [1, 2, 49, 50, 51, 99, 100, 101, 136])
def test_any_number_of_bins_can_be_folded(bins):
    """Nothing is lost, and no bin is empty of cells."""
    column = numbers("x")
    last = FleetColumn.of(column).last
    assert (np.diff(last) > 0).all()
    edges = np.arange(bins - 1, dtype=float)
    some = type(column)("x", 5, 0, edges, np.ones(bins, int), column.moments, edges)
    fleet = FleetColumn.of(some)
    assert fleet.size == min(bins, MOST_BINS)
    assert fleet.folded(np.ones(bins, int)).sum() == bins
    assert (fleet.folded(np.ones(bins, int)) > 0).all()


def test_only_what_can_not_fall_is_summed():
    """A column with a negative edge has no sum."""
    column = numbers("x")
    assert not FleetColumn.of(column).summed
    positive = type(column)(
        "x", 5, 0, np.array([0.0, 2.0]), np.ones(3, int), column.moments, np.ones(3)
    )
    assert FleetColumn.of(positive).summed


def test_categories_keep_apart():
    """Also one that is called `other` itself."""
    column = classes("p", 5, 4, 3, 2)
    assert FleetColumn.of(column).categories == ("a", "b", "c", "other")
    named = type(column)("p", 9, 0, ("other", "=other", "b"), np.array([3, 2, 1, 3]))
    assert FleetColumn.of(named).categories == ("=other", "==other", "b", "other")


def test_edges_are_written_as_go_writes_them():
    """Of either sign: strconv.FormatFloat(edge, 'g', -1, 64), ".0" added to whole numbers."""
    written = {
        -123456789.5: "-1.234567895e+08",
        -1234567.0: "-1.234567e+06",
        -5.0: "-5.0",
        -1e-07: "-1e-07",
        0.0: "0.0",
        0.0001: "0.0001",
        999999.5: "999999.5",
        1e16: "1e+16",
        2.5e6: "2.5e+06",
    }
    edges = np.array(sorted(written))
    column = numbers("x")
    some = type(column)("x", 5, 0, edges, np.ones(len(edges) + 1, int), column.moments, edges)
    assert FleetColumn.of(some).edges == (*(written[edge] for edge in edges.tolist()), "+Inf")
