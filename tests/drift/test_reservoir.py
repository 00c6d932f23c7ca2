from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from exporter.drift.reservoir import Reservoir


def test_all_values_are_kept_up_to_the_capacity():
    """Below the capacity the reservoir is the stream."""
    reservoir = Reservoir(5_000)
    values = np.arange(4_321.0)
    for part in np.array_split(values, 7):
        reservoir.add(part)
    assert reservoir.values.tolist() == values.tolist()
    assert reservoir.seen == 4_321


def test_beyond_the_capacity_every_position_is_equally_likely():
    """Kept positions are uniform over the stream (Kolmogorov-Smirnov, p far from 0)."""
    reservoir = Reservoir(2_000)
    for part in np.array_split(np.arange(100_000.0), 13):
        reservoir.add(part)
    assert reservoir.seen == 100_000
    kept = reservoir.values
    assert len(set(kept.tolist())) == 2_000
    assert kstest(kept / 100_000, "uniform").pvalue > 0.01


@settings(max_examples=25)
@given(st.lists(st.integers(0, 60), max_size=12))
def test_the_sample_does_not_depend_on_the_batches(sizes):
    """The same log gives the same reference, however it is read."""
    stream = np.arange(float(sum(sizes)))
    whole, parts = Reservoir(50), Reservoir(50)
    whole.add(stream)
    for part in np.split(stream, np.cumsum(sizes)[:-1] if sizes else []):
        parts.add(part)
    assert whole.values.tolist() == parts.values.tolist()
