"""How far estimates are off in parts of a reference."""

from __future__ import annotations

import numpy as np
import pytest

from exporter.estimation.curve import CELLS
from exporter.estimation.reliability import LEAST, Reliability, Spread, cells_of
from exporter.estimation.spreading import PERIODS, spreads
from tests.estimation.worlds import by_confidence, by_score

SIZE = 20_000


def drawn(random, extra):
    """Return (reliability, cells, right) of a model that is off by `extra`, float64[n], where."""
    size = len(extra)
    score = random.beta(2, 2, size).round(2)
    actual = random.uniform(size=size) < np.clip(score + extra, 0, 1)
    predicted = score >= 0.5
    reliability = Reliability(*by_score(score, predicted, actual), ("no", "yes"))
    return reliability, predicted * CELLS + cells_of(score), predicted == actual


def test_there_is_hardly_any_where_calibration_is_the_same_everywhere():
    """Chance alone gives some half of the time, and little."""
    random = np.random.default_rng(1)
    found = spreads(*drawn(random, np.zeros(SIZE)), [random.normal(size=SIZE) for _ in range(9)])
    assert set(found) == {"accuracy", "f1", "roc_auc"}
    assert max(spread.periods for spread in found.values()) < 0.015


def test_periods_that_differ_show():
    """Half of the time more comes true than the score says, half of it less."""
    random = np.random.default_rng(2)
    extra = np.repeat([0.2, -0.2] * (PERIODS // 2), SIZE // PERIODS)
    reliability, at, right = drawn(random, extra)
    # Where positive is predicted accuracy moves up, where negative down: see F1 instead.
    assert spreads(reliability, at, right, [])["f1"].periods > 0.05


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_parts_by_inputs_that_differ_show(kind):
    """For each unit by which the scores of a part differ from those of the whole."""
    random = np.random.default_rng(3)
    group = np.arange(SIZE) % 2
    sure = np.where(group, random.beta(4, 2, SIZE), random.beta(2, 4, SIZE)).round(2)
    right = random.uniform(size=SIZE) < np.clip(sure + np.where(group, -0.15, 0.15), 0, 1)
    reliability, at = by_confidence(sure, right), cells_of(sure)
    feature = group.astype(np.int64)
    if kind == "numbers":
        feature = group + random.uniform(size=SIZE)
    found = spreads(reliability, at, right, [feature])["accuracy"]
    share = reliability.curve.distance(np.bincount(at[group == 1], minlength=CELLS))
    p = reliability.curve.probability[at]
    off = [(p[group == which] - right[group == which]).mean() for which in (0, 1)]
    assert max(map(abs, off)) > 0.02
    assert found.periods < 0.01
    if kind == "categories":
        assert found.shift == pytest.approx(np.sqrt(np.mean(np.square(off))) / share, rel=0.1)
    else:
        assert found.shift > 0.02


def test_too_few_or_too_much_the_same_are_no_parts():
    """Rare categories, missing values, a single value, and too short a time."""
    random = np.random.default_rng(4)
    size = PERIODS * LEAST - 1
    reliability, at, right = drawn(random, np.zeros(size))
    rare = np.arange(size) // (LEAST - 1)
    nothing = [rare, np.full(size, np.nan), np.full(size, 3.0), np.full(size, -1)]
    found = spreads(reliability, at, right, nothing)
    assert set(found.values()) == {Spread(0.0, 0.0)}
