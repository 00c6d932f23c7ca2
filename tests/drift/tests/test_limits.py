from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import gammaln, kv
from scipy.stats import chi2

from exporter.drift.tests import limits


def cramer_von_mises_by_series(x):
    """Return one minus the series of Csorgo and Faraway (1996), with as many terms as it takes."""
    k = np.arange(60)
    q = (4 * k + 1) ** 2 / (16 * x)
    terms = np.exp(gammaln(k + 0.5) - gammaln(k + 1) - q) * np.sqrt(4 * k + 1) * kv(0.25, q)
    return 1 - terms.sum() / (math.pi**1.5 * math.sqrt(x))


@pytest.mark.parametrize("x", [0.004, 0.02, 0.05, 0.099, 0.101, 0.46136, 0.74346, 1.16204, 2.0])
def test_cramer_von_mises_is_the_known_series(x):
    """Also on either side of where fewer intervals are taken."""
    found = limits.cramer_von_mises(np.array([x]))[0]
    assert found == pytest.approx(cramer_von_mises_by_series(x), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "level"),
    [(1.2479, 0.25), (1.9330, 0.10), (2.4924, 0.05), (3.0775, 0.025), (3.8784, 0.01)],
)
def test_anderson_darling_is_the_known_table(x, level):
    """Anderson and Darling (1952), Lewis (1961)."""
    assert limits.anderson_darling(np.array([x]))[0] == pytest.approx(level, rel=2e-3)


@pytest.mark.parametrize(
    ("tail", "poles"),
    [
        (limits.cramer_von_mises, [(math.pi * j) ** 2 for j in range(1, 2_000)]),
        (limits.anderson_darling, [j * (j + 1.0) for j in range(1, 2_000)]),
    ],
)
def test_far_out_it_is_the_first_term_alone(tail, poles):
    """Times the root of the product of 1 / (1 - w_j / w_1) (Zolotarev 1961)."""
    factor = math.prod((1 - poles[0] / pole) ** -0.5 for pole in poles[1:])
    for x in (40 / poles[0], 80 / poles[0]):
        expected = factor * chi2.sf(x * poles[0], 1)
        assert tail(np.array([x]))[0] == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("tail", [limits.cramer_von_mises, limits.anderson_darling])
def test_it_falls_from_one_to_nothing(tail):
    """Everywhere, and smoothly where the sum changes its length."""
    x = np.concatenate(([-1.0, 0.0], np.geomspace(1e-4, 1e4, 2_000)))
    found = tail(x)
    assert found[0] == 1.0
    assert found[-1] == 0.0
    assert (np.diff(found) <= 1e-9).all()
