from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.density.row_sample import MAX_COLUMNS, RowSample


def filled(sizes, capacity=8):
    """Return a sample of records that hold their own numbers, in batches of these sizes."""
    sample, start = RowSample(capacity), 0
    for size in sizes:
        sample.add({"a": np.arange(start, start + size, dtype=float)}, size)
        start += size
    return sample


def test_all_records_while_there_is_room():
    """In their order; a column that comes later, or is left out, is missing before and after."""
    sample = filled([3])
    sample.add({"a": np.array([3.0, 4.0]), "b": np.array([1.0, 2.0])}, 2)
    sample.add({}, 1)
    assert sample.column("a").tolist() == pytest.approx([0, 1, 2, 3, 4, np.nan], nan_ok=True)
    assert np.isnan(sample.column("b")).tolist() == [True] * 3 + [False] * 2 + [True]
    assert sample.names == ("a", "b")
    assert sample.evenly().tolist() == sample.first().tolist() == list(range(6))


def test_then_a_share_of_them():
    """As many as fit, spread over all; and the first ones in any case."""
    sample = filled([5, 995, 3_000], capacity=200)
    assert sample.seen == 4_000
    assert sample.column("a").tolist() == sample.positions().tolist()
    assert sample.positions()[sample.first()].tolist() == list(range(200))
    even = sample.positions()[sample.evenly()]
    assert 60 < len(even) <= 200
    assert len(sample.positions()) == 200 + (even >= 200).sum()
    assert np.abs(np.mean(even) / 4_000 - 0.5) < 0.1
    # Neither is it always the same one of two that take turns.
    assert 0.3 < (even % 2).mean() < 0.7


@given(st.lists(st.integers(0, 40), max_size=8))
def test_how_it_is_cut_does_not_matter(sizes):
    """The same records are kept."""
    cut, whole = filled(sizes), filled([sum(sizes)])
    assert cut.positions().tolist() == whole.positions().tolist()
    assert cut.evenly().tolist() == whole.evenly().tolist()
    assert len(cut.evenly()) <= 8


def test_columns_are_bounded():
    """Those that come when there are enough are left out."""
    sample = RowSample()
    sample.add({f"{number}": np.zeros(1) for number in range(MAX_COLUMNS + 3)}, 1)
    assert len(sample.names) == MAX_COLUMNS
    assert np.isnan(sample.column(f"{MAX_COLUMNS}")).all()
