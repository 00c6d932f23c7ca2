from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.drift.sequential.adwin import BLOCK, Adwin
from exporter.storage import encoding


def filled(*parts, **options):
    """Return a detector that has seen these values."""
    adwin = Adwin(**options)
    for part in parts:
        adwin.add(np.asarray(part, dtype=np.float64))
    return adwin


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000), st.lists(st.integers(0, 1_500), max_size=8))
def test_batches_make_no_difference(seed, cuts):
    """To the last bit, and through a restart in between."""
    random = np.random.default_rng(seed)
    values = np.concatenate((random.random(900), random.random(600) * 0.5))
    whole = filled(values)
    parts = Adwin()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 1_500], strict=True):
        parts.add(values[start:end])
        restored = Adwin()
        restored.load(encoding.decode(encoding.encode(parts.dump())))
        parts = restored
    assert encoding.encode(parts.dump()) == encoding.encode(whole.dump())
    assert (parts.seen, parts.changes) == (1_500, whole.changes)


def test_the_window_holds_what_came_after_the_change():
    """A mean that falls from .9 to .7 is found within 200 values, and the old ones are dropped."""
    random = np.random.default_rng(1)
    adwin = filled(random.beta(9, 1, 10_000))
    assert (adwin.changes, adwin.n) == (0, 10_000)
    adwin.add(random.beta(7, 3, 2_000))
    assert adwin.changes >= 1
    assert 10_000 < adwin.changed_at <= 12_000
    assert adwin.n <= 2_300
    assert adwin.mean == pytest.approx(0.7, abs=0.02)


def test_a_change_is_found_soon():
    """Within 200 values of a fall from .9 to .7."""
    random = np.random.default_rng(2)
    adwin = filled(random.beta(9, 1, 10_000), random.beta(7, 3, 200))
    assert adwin.changes == 1


def test_a_sixth_part_of_one_size_makes_two_into_one():
    """The window is kept in logarithmically many parts, which add up to all values."""
    values = np.random.default_rng(3).random(200 * BLOCK)
    adwin = filled(values)
    sizes = adwin.dump()["parts"][:, 0] / BLOCK
    assert sizes.sum() == 200
    assert (np.diff(sizes) <= 0).all()
    assert max(np.unique(sizes, return_counts=True)[1]) <= 5
    assert adwin.mean == pytest.approx(values.mean(), rel=1e-12)


def test_without_a_change_few_are_reported():
    """Forty streams of 10,000 values: of confidences and of errors."""
    random = np.random.default_rng(4)
    changed = 0
    for _ in range(20):
        changed += filled(random.beta(9, 2, 10_000)).changes > 0
        changed += filled(random.random(10_000) < 0.1).changes > 0
    assert changed <= 3


def test_values_of_any_range_scale():
    """A thousand times the values with a thousand times the scale are the same changes."""
    random = np.random.default_rng(5)
    values = np.concatenate((random.random(2_000), random.random(2_000) * 0.8))
    small, large = filled(values), filled(values * 1_000, scale=1_000.0)
    assert (small.changes, small.changed_at) == (large.changes, large.changed_at)
    assert small.changes > 0


def test_few_values_and_constants_are_no_change():
    """Less than four blocks, and a variance of nothing."""
    assert filled(np.arange(100.0)).changes == 0
    assert filled(np.full(5_000, 0.5)).changes == 0
    assert Adwin().mean is None
