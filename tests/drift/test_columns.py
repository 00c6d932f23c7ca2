from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.drift.columns import (
    CategoricalColumn,
    Moments,
    NumericColumn,
    column_name,
    feature_name,
)
from exporter.records import Categorical


def numeric(edges, counts):
    """Return a column with these cells and nothing else."""
    return NumericColumn(
        name="x",
        rows=sum(counts),
        missing=0,
        edges=np.array(edges, dtype=float),
        counts=np.array(counts),
        moments=Moments(None, None, None, None),
        sample=np.empty(0),
    )


def test_a_number_belongs_to_the_bin_whose_upper_edge_it_does_not_exceed():
    """Bins are open below and closed above; the first and the last are unbounded."""
    column = numeric([0.0, 1.0], [1, 1, 1])
    values = np.array([-5.0, 0.0, 0.5, 1.0, 1.1, 1e308])
    assert column.assign(values).tolist() == [0, 0, 1, 1, 2, 2]


def test_what_is_no_finite_number_has_no_cell():
    """NaN and both infinities are missing values."""
    column = numeric([0.0], [1, 1])
    assert column.assign(np.array([np.nan, np.inf, -np.inf, 1.0])).tolist() == [-1, -1, -1, 1]


def test_a_column_without_edges_has_one_cell():
    """A reference that never saw a number can still be counted against."""
    assert numeric([], [0]).assign(np.array([3.0, np.nan])).tolist() == [0, -1]


def test_categories_have_their_cell_and_unknown_ones_the_last():
    """Missing values have none, whatever the encoding of the batch."""
    column = CategoricalColumn("x", 3, 0, ("a", "b"), np.array([2, 1, 0]))
    batch = Categorical.encode(["new", "b", None, "a", "b", "newer"])
    assert column.assign(batch).tolist() == [2, 1, -1, 0, 1, 2]


def test_long_categories_are_told_apart_by_their_first_128_characters():
    """Free text costs bounded memory, and is cut the same in the reference and in the window."""
    column = CategoricalColumn("x", 1, 0, ("a" * 128,), np.array([1, 0]))
    assert column.assign(Categorical.encode(["a" * 1000, "a" * 127])).tolist() == [0, 1]


def test_a_batch_without_any_value_has_no_cells():
    """A feature that no record of the batch carries is missing in all of them."""
    column = CategoricalColumn("x", 1, 0, ("a",), np.array([1, 0]))
    assert column.assign(Categorical.empty(3)).tolist() == [-1, -1, -1]


@given(st.text())
def test_the_name_of_a_feature_can_be_recovered(feature):
    """No two features share a column, and none takes the place of an output."""
    column = column_name(feature)
    assert feature_name(column) == feature
    assert column not in ("prediction", "confidence")
