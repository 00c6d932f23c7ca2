"""Where each key is."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.joining.keys import KeyIndex


@pytest.mark.parametrize("start", [0, 2**32 - 20_000, 2**40 + 7])
def test_every_key_is_found_until_it_is_gone(start):
    """In whatever array or shelf it has come to lie, and wherever the last 32 bits wrap around."""
    random = np.random.default_rng(3)
    index = KeyIndex(spill=1000)
    index.first = start
    keys = random.integers(0, 2**64, 60_000, dtype=np.uint64)
    sizes = random.choice([1, 7, 400, 3000], 200)
    end = 0
    for size in sizes.tolist():
        added = keys[end : end + size]
        index.add(added, start + np.arange(end, end + len(added)))
        end += len(added)
        index.first = max(start, start + end - 20_000)
    assert end == len(keys)
    places = index.find(keys)
    gone = index.first - start
    assert (places[:gone] == -1).all()
    assert (places[gone:] == start + np.arange(gone, end)).all()
    assert (index.find(random.integers(0, 2**64, 1000, dtype=np.uint64)) == -1).all()
    assert index.find(np.empty(0, dtype=np.uint64)).tolist() == []


def test_what_is_gone_takes_no_memory():
    """Arrays that are merged leave it out."""
    index = KeyIndex(spill=1000)
    random = np.random.default_rng(3)
    for first in range(0, 500_000, 500):
        index.add(random.integers(0, 2**64, 500, dtype=np.uint64), first + np.arange(500))
        index.first = max(0, first - 5000)
    assert len(index) < 30_000
