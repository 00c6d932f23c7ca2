from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.commands.reference.plotting import ASCII, BLOCKS, Histogram, Ink, quantile
from exporter.drift.columns import Moments, NumericColumn


def column(values):
    """Return a column of numbers that all are in its sample."""
    values = np.sort(np.array(values, dtype=np.float64))
    counts = np.array([len(values)])
    nothing = Moments(None, None, None, None)
    return NumericColumn("x", len(values), 0, np.empty(0), counts, nothing, values)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", BLOCKS), ("cp437", ASCII), ("ascii", ASCII), ("latin-1", ASCII)],
)
def test_ink_is_what_the_stream_can_write(encoding, expected):
    """All of it: some old code pages have a few of the blocks."""
    assert Ink.of(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is expected


def test_a_stream_without_encoding_takes_all():
    """A buffer of texts never encodes."""
    assert Ink.of(io.StringIO()) is BLOCKS


@pytest.mark.parametrize("ink", [BLOCKS, ASCII])
def test_shapes(ink):
    """The highest is whole, nothing is blank, and what is there is to be seen."""
    lowest, *_, highest = ink.heights
    assert ink.shape([0, 1, 10**6]) == f" {lowest}{highest}"
    assert ink.shape([0, 0]) == "  "
    assert ink.shape([]) == ""


@given(st.floats(0, 1), st.integers(1, 200))
def test_bars_are_as_long_as_their_share(share, width):
    """To an eighth of a character, and none is longer than the room."""
    for ink in (BLOCKS, ASCII):
        bar = ink.bar(share, width)
        parts = len(ink.lengths)
        drawn = sum(ink.lengths.index(character) + 1 for character in bar)
        assert abs(drawn - share * width * parts) <= (0.5 if share * width * parts > 0.5 else 1)
        assert len(bar) <= width
        assert bool(bar) == (share > 0)


def test_a_few_values_are_counted_each_apart():
    """A bin of numbers would hide that they are so few."""
    histogram = Histogram.of(column([3, 1, 1, 2.5]), 4)
    assert histogram.labels == ["1", "2.5", "3"]
    assert histogram.counts.tolist() == [2, 1, 1]


def test_bins_are_of_one_width():
    """A value at an edge is in the bin below, and the outer ones hold the rest."""
    histogram = Histogram.of(column(np.arange(1, 1001) / 2), 4)
    # From the 1st percentile, 5, to the 99th, 495.
    assert histogram.edges.tolist() == [127.5, 250, 372.5]
    assert histogram.labels == ["up to 127.5", "127.5 to 250", "250 to 372.5", "over 372.5"]
    assert histogram.counts.tolist() == [255, 245, 245, 255]


def test_bins_of_integers_hold_equally_many():
    """All but the last one, and those beyond the range."""
    histogram = Histogram.of(column([*range(100), -1000]), 16)
    # From the 1st percentile, 0, to the 99th, 98.
    assert histogram.edges.tolist() == [*range(6, 98, 7)]
    assert histogram.counts.tolist() == [8, *[7] * 13, 2]


def test_a_value_far_off_does_not_hide_the_others():
    """It is in the outer bin."""
    histogram = Histogram.of(column([*range(1000), 1e9]), 10)
    assert histogram.counts.max() < 120


def test_a_column_that_hardly_varies_has_its_extremes():
    """Where the middle 98 % are one value, the range is that of all."""
    histogram = Histogram.of(column([0] * 9990 + [value / 8 for value in range(1, 11)]), 5)
    assert histogram.edges.tolist() == [0.25, 0.5, 0.75, 1]
    assert histogram.counts.tolist() == [9992, 2, 2, 2, 2]


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=300),
    st.integers(2, 30),
)
def test_every_value_is_in_a_bin(values, bins):
    """However large and however close together numbers are; and each bin has its label."""
    histogram = Histogram.of(column(values), bins)
    assert histogram.counts.sum() == len(values)
    assert len(histogram.labels) == len(histogram.counts) <= bins
    assert all(low < high for low, high in pairwise(histogram.edges.tolist()))


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1).map(sorted),
    st.sampled_from([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]),
)
def test_quantiles_are_those_of_numpy(values, share):
    """Its `inverted_cdf`: always one of the values."""
    expected = np.quantile(values, share, method="inverted_cdf")
    assert quantile(np.array(values), share) == expected
