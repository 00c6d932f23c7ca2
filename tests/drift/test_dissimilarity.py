"""Distances of windows from the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from exporter.drift.binning import count
from exporter.drift.columns import Moments
from exporter.drift.dissimilarity import DISTANCES, Dissimilarity
from tests.drift.test_comparison import classes, numbers


def columns():
    """Return a numeric column with moments, and one of classes."""
    column = numbers("x")
    moments = Moments(
        float(column.sample.mean()),
        float(column.sample.std(ddof=1)),
        float(column.sample[0]),
        float(column.sample[-1]),
    )
    return [replace(column, moments=moments), classes("p", 500, 300, 200, 0)]


def test_each_is_that_of_scipy_or_its_formula():
    """Of columns of different numbers of cells, measured together."""
    number, category = columns()
    random = np.random.default_rng(1)
    values = random.normal(0.5, 1, 3000)
    counts = np.concatenate((count(values, number.edges), [100, 200, 50, 50])).astype(float)
    found = Dissimilarity([number, category], [*DISTANCES]).measure(counts, [0, 1])
    p, q = np.array([0.5, 0.3, 0.2, 0]), np.array([0.25, 0.5, 0.125, 0.125])
    assert found["total-variation"][1] == pytest.approx(np.abs(p - q).sum() / 2)
    assert found["l-infinity"][1] == pytest.approx(0.25)
    assert found["hellinger"][1] == pytest.approx(
        np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2)
    )
    assert found["jensen-shannon"][1] == pytest.approx(jensenshannon(p, q, 2), abs=0.02)
    exact = wasserstein_distance(values, number.sample) / number.moments.std
    assert found["wasserstein"][0] == pytest.approx(exact, abs=0.05)
    assert np.isnan(found["wasserstein"][1])


def test_psi_is_less_what_chance_makes_of_it():
    """About 0 on average without drift, of few records and of many."""
    number, category = columns()
    random = np.random.default_rng(2)
    for n in (1000, 10_000):
        found = [
            Dissimilarity([number, category], ["psi"]).measure(
                np.concatenate(
                    (
                        count(random.normal(size=n), number.edges),
                        random.multinomial(n, [0.5, 0.3, 0.2, 0]),
                    )
                ).astype(float),
                [0, 1],
            )["psi"]
            for _ in range(100)
        ]
        assert np.abs(np.mean(found, axis=0)).max() < 0.03


def test_some_columns_can_be_measured():
    """Those that have enough values."""
    both = columns()
    counts = np.concatenate((both[0].counts, both[1].counts)).astype(float)
    found = Dissimilarity(both, ["total-variation"]).measure(counts, [1])
    assert found["total-variation"].tolist() == [0.0]
    assert Dissimilarity(both, ["psi"]).measure(counts, [])["psi"].tolist() == []
    assert Dissimilarity([], ["psi"]).measure(np.zeros(0), [])["psi"].tolist() == []


def test_chance_makes_more_of_what_depends_on_itself():
    """Each column by the autocorrelation time that is known by the time it is measured."""
    number, category = columns()
    measures = Dissimilarity([number, category], ["psi"])
    counts = np.concatenate((count(np.linspace(-2, 2, 1000), number.edges), [500, 300, 200, 0]))
    reference = np.concatenate([number.counts, category.counts]).astype(float)
    once, longer = (
        measures.measure(counts.astype(float), [0, 1], reference, np.array(taus))["psi"]
        for taus in ([1.0, 1.0], [3.0, 6.0])
    )
    noise = 1 / 1000 + 1 / np.array([number.n, category.n])
    free = (once - longer) / noise
    assert free == pytest.approx([2 * (np.count_nonzero(number.counts) - 1), 5 * 2])
