from __future__ import annotations

import numpy as np
import pytest

from exporter.density.sampling import chosen

VALUES = np.random.default_rng(0).standard_normal((20_000, 3))
TIMES = np.arange(20_000.0)


@pytest.mark.parametrize("share", [0.01, 0.25, 0.9])
def test_a_share_is_chosen(share):
    """Of records that differ, and of those that differ in their time alone."""
    noise = 4 * np.sqrt(share * (1 - share) / 20_000)
    assert chosen(VALUES, TIMES, share).mean() == pytest.approx(share, abs=noise)
    same = np.ones_like(VALUES)
    assert chosen(same, TIMES, share).mean() == pytest.approx(share, abs=noise)


def test_what_is_chosen_is_like_the_rest():
    """The mean of each column is, within four standard errors."""
    kept = VALUES[chosen(VALUES, np.full(20_000, np.nan), 0.25)]
    assert np.abs(kept.mean(axis=0)).max() < 4 / np.sqrt(len(kept))


def test_only_the_record_decides():
    """Not its neighbours; 0 is -0; a time that is missing or nonsense is a time."""
    whole = chosen(VALUES, TIMES, 0.3)
    assert chosen(VALUES[::-1], TIMES[::-1], 0.3).tolist() == whole[::-1].tolist()
    times = np.array([np.nan, np.inf, 0.0])
    assert len(set(chosen(np.zeros((3, 1)), times, 0.5).tolist())) == 1
    zeros = chosen(np.array([[0.0]] * 64 + [[-0.0]] * 64), np.tile(np.arange(64.0), 2), 0.5)
    assert zeros[:64].tolist() == zeros[64:].tolist()


def test_all_of_them():
    """A share of 1 leaves out none."""
    assert chosen(VALUES, TIMES, 1.0).all()
