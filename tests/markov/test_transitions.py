from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov import transitions
from exporter.markov.transitions import TransitionCounts, TransitionMatrix, pack


def integers(*values: int) -> np.ndarray:
    """Return an int64 array."""
    return np.array(values, dtype=np.int64)


def counted(*sequence: int) -> TransitionCounts:
    """Count the transitions of one chain."""
    counts = TransitionCounts()
    counts.add(integers(*sequence[:-1]), integers(*sequence[1:]))
    return counts


def test_the_paper_s_matrix():
    """P_ij = n_ij / n_i, where the last message counts in no n_i."""
    matrix = counted(0, 1, 0, 2, 0, 1, 1).matrix(3)
    previous, following = integers(0, 0, 0, 1, 1, 1, 2, 2), integers(0, 1, 2, 0, 1, 2, 0, 2)
    assert matrix.probability(previous, following).tolist() == [
        0, 2 / 3, 1 / 3, 1 / 2, 1 / 2, 0, 1, 0,
    ]  # fmt: skip
    assert matrix.total == 6
    assert matrix.row_totals.tolist() == [3, 2, 1]


def test_a_state_that_is_only_last_stays():
    """It gets P_ii = 1."""
    matrix = counted(0, 0, 1).matrix(2)
    assert matrix.probability(integers(1, 1), integers(1, 0)).tolist() == [1, 0]


def test_a_matrix_without_transitions():
    """A log of one message has that state only."""
    matrix = TransitionCounts().matrix(1)
    assert matrix.probability(integers(0), integers(0)).tolist() == [1]
    assert matrix.total == 0


def test_unknown_states_have_no_probability():
    """From and to a negative state P is 0, and such transitions are not counted."""
    counts = TransitionCounts()
    counts.add(integers(-2, 0, -1, 0), integers(0, -1, 0, 1))
    matrix = counts.matrix(2)
    assert counts.total == 1
    assert matrix.probability(integers(-2, 0, -1, 0), integers(0, -1, 0, 1)).tolist() == [
        0,
        0,
        0,
        1,
    ]


def test_the_second_half_and_what_the_first_had_not():
    """Occurrences in the second half of transitions that begin there."""
    # Transitions: 01 10 01 12 | 22 22 20 01
    assert counted(0, 1, 0, 1, 2, 2, 2, 0, 1).second_half() == (4, 3)
    assert counted(0, 0).second_half() == (0, 0)
    assert TransitionCounts().second_half() == (0, 0)


@given(st.lists(st.integers(0, 4), max_size=60), st.lists(st.integers(1, 59), max_size=5))
def test_counting_in_batches(sequence, cuts):
    """Any cut into batches gives the counts, and the second half, of a loop."""
    pairs = list(pairwise(sequence))
    counts = TransitionCounts()
    edges = [0, *sorted(min(cut, len(pairs)) for cut in cuts), len(pairs)]
    for begin, end in pairwise(edges):
        part = pairs[begin:end]
        counts.add(integers(*(i for i, _ in part)), integers(*(j for _, j in part)))
        # Merging in between changes nothing.
        counts.matrix(5)
    expected = Counter(pairs)
    matrix = counts.matrix(5)
    keys = sorted(expected)
    assert matrix.pairs.tolist() == [before << 31 | after for before, after in keys]
    assert matrix.counts.tolist() == [expected[key] for key in keys]
    half = len(pairs) - len(pairs) // 2
    unseen = sum(pair not in set(pairs[:half]) for pair in pairs[half:])
    assert counts.second_half() == (len(pairs) // 2, unseen)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_rows_sum_to_one(sequence):
    """Every state goes somewhere."""
    matrix = counted(*sequence).matrix(6)
    grid = np.indices((6, 6)).reshape(2, -1).astype(np.int64)
    rows = matrix.probability(grid[0], grid[1]).reshape(6, 6).sum(axis=1)
    assert rows == pytest.approx(np.ones(6))


def test_merged_counts_add():
    """The other's states are renumbered."""
    first = counted(0, 1, 0).matrix(2)
    second = counted(0, 1, 1).matrix(2)
    merged = first.merged(second, renumbering=integers(1, 2), states=3)
    assert merged.pairs.tolist() == pack(integers(0, 1, 1, 2), integers(1, 0, 2, 2)).tolist()
    assert merged.counts.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("pairs", "counts", "message"),
    [
        ([1, 0], [1, 1], "ascend"),
        ([1, 1], [1, 1], "ascend"),
        ([0], [0], "positive"),
        ([0], [1, 1], "ascend"),
        ([2], [1], "outside 0 .. 1"),
        ([2 << 31], [1], "outside 0 .. 1"),
        ([-1], [1], "outside 0 .. 1"),
    ],
)
def test_impossible_matrices(pairs, counts, message):
    """Damaged content is refused."""
    with pytest.raises(ValueError, match=message):
        TransitionMatrix(integers(*pairs), integers(*counts), 2)


def test_pending_counts_are_merged_as_they_grow(monkeypatch):
    """What waits to be merged is bounded by what there is."""
    monkeypatch.setattr(transitions, "MIN_MERGE", 10)
    counts = TransitionCounts()
    for _ in range(100):
        counts.add(np.arange(8), np.arange(1, 9))
        assert counts._pending_size <= 10
    assert counts.matrix(9).counts.tolist() == [100] * 8
