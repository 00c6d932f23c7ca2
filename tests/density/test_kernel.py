from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gaussian_kde, multivariate_normal

from exporter.density import kernel
from exporter.density.kernel import FACTORS, KernelDensity


def test_the_density_is_the_mean_of_normal_ones():
    """Against scipy, in 3 dimensions, for more rows than are done at once."""
    random = np.random.default_rng(0)
    points, values = random.standard_normal((50, 3)), random.standard_normal((200, 3))
    densities = [multivariate_normal(point, 0.4**2 * np.eye(3)).pdf(values) for point in points]
    found = KernelDensity(points, 0.4).log_density(values)
    assert found == pytest.approx(np.log(np.mean(densities, axis=0)), rel=1e-9)


def test_it_is_scipys_estimate_where_the_bandwidth_is():
    """In one dimension scipy's kernel is the same one, times the standard deviation."""
    random = np.random.default_rng(1)
    points, values = random.standard_normal(80), np.linspace(-3, 3, 9)
    expected = gaussian_kde(points, 0.3).logpdf(values)
    width = 0.3 * points.std(ddof=1)
    found = KernelDensity(points[:, None], float(width)).log_density(values[:, None])
    assert found == pytest.approx(expected, rel=1e-9)


def test_far_away_density_is_low_and_finite():
    """Beyond some distance all is equally far."""
    kernels = KernelDensity(np.zeros((5, 2)), 0.5)
    near, far, further, furthest = kernels.log_density(
        np.array([[0, 0], [100, 0], [1e6, -1e6], [1e100, 0]])
    ).tolist()
    assert near > far
    assert far == further == furthest > -1000


def test_how_rows_are_cut_changes_nothing_that_is_kept():
    """The order of summation may, but only what is rounded away."""
    random = np.random.default_rng(2)
    kernels = KernelDensity(random.standard_normal((300, 10)), 0.7)
    values = random.standard_normal((150, 10))
    whole = kernels.log_density(values)
    single = np.concatenate([kernels.log_density(row[None]) for row in values])
    assert single == pytest.approx(whole, abs=1e-9)


def test_the_bandwidth_of_normal_points_is_about_scotts():
    """Which is the best one for them."""
    points = np.random.default_rng(3).standard_normal((1_000, 2))
    scott = 1_000 ** (-1 / 6)
    assert 0.7 * scott <= kernel.bandwidth(points) <= 1.0 * scott


def test_the_bandwidth_is_narrow_where_points_are_in_clusters():
    """Scott's would fill the space between them; single points far off do not widen it."""
    random = np.random.default_rng(4)
    points = random.choice([-1.0, 0.0, 1.0], (500, 2)) + 0.05 * random.standard_normal((500, 2))
    points[:3] = [[50, 50], [-80, 3], [9, 90]]
    assert kernel.bandwidth(points) == pytest.approx(FACTORS[0] * 500 ** (-1 / 6))


def test_a_single_point_has_scotts():
    """There is none to leave out."""
    assert kernel.bandwidth(np.zeros((1, 2))) == 1.0
