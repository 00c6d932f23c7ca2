from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.display_level import FARTHEST, GAMMA, DisplayLevel


@pytest.mark.parametrize("alarms", [1.0, 4.0, 0.3])
def test_as_many_are_shown_as_were_asked_for(alarms):
    """Be there more or fewer lines with p <= alpha."""
    pvalue = np.random.default_rng(0).random(400_000) / alarms
    shown = DisplayLevel(0.001).shown(pvalue)
    assert shown[100_000:].mean() == pytest.approx(0.001, rel=0.15)


def test_a_line_that_is_shown_lowers_the_level_and_others_raise_it():
    """By the formula."""
    level = DisplayLevel(0.01)
    assert level.shown(np.array([0.5, 0.01, 0.01])).tolist() == [False, True, False]
    expected = 0.01 * np.exp(3 * GAMMA * 0.01 - GAMMA)
    assert level.level == pytest.approx(expected)


def test_the_level_stays_near_alpha():
    """A tenth, and ten times."""
    level = DisplayLevel(0.01)
    level.shown(np.full(1000, 1e-9))
    assert level.level == pytest.approx(0.01 / FARTHEST, rel=GAMMA)
    level.shown(np.ones(100_000))
    assert level.level == pytest.approx(0.01 * FARTHEST)


@given(st.lists(st.sampled_from([0.0005, 0.004, 0.009, 0.02, 0.09, 0.5]), max_size=60), st.data())
def test_the_cut_changes_nothing(pvalues, data):
    """Nor does a restart in between."""
    cut = data.draw(st.integers(0, len(pvalues)))
    whole, first, second = DisplayLevel(0.01), DisplayLevel(0.01), DisplayLevel(0.01)
    expected = whole.shown(np.array(pvalues))
    shown = first.shown(np.array(pvalues[:cut]))
    second.load(first.dump())
    shown = np.append(shown, second.shown(np.array(pvalues[cut:])))
    assert shown.tolist() == expected.tolist()
    assert second.level == pytest.approx(whole.level)
