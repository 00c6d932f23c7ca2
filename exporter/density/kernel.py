"""A Gaussian kernel estimate of a density, as products of matrices."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exporter.density.products import rows_at_once
from exporter.records import Floats

FACTORS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4)
"""Bandwidths that are tried, in terms of Scott's."""
FLOOR = 1e-300
"""Lower sums of kernels are this one: their logarithm is finite."""
_TRIMMED = 0.05


class KernelDensity:
    """The mean of normal densities around points, the same in all directions.

    log f(x) = log(1/m sum_i exp(-|x - x_i|^2 / 2 h^2)) - d log(h sqrt(2 pi))

    (Parzen 1962). The squares are |x|^2 - 2 x x_i + |x_i|^2, of which a single product of matrices
    makes the exponents of all points at once.

    Parameters
    ----------
    points
        float64[m, d], m >= 1, in units in which each column varies by about 1.
    bandwidth
        h > 0, the standard deviation of a kernel.
    """

    def __init__(self, points: Floats, bandwidth: float) -> None:
        self.points = points
        self.bandwidth = bandwidth
        self._constant = float(
            -np.log(len(points)) - points.shape[1] * np.log(bandwidth * np.sqrt(2 * np.pi))
        )

    @cached_property
    def _factors(self) -> Floats:
        """float64[d + 2, m], which [x, -|x|^2 / 2 h^2, 1] is multiplied with."""
        scaled = self.points / self.bandwidth**2
        halves = -0.5 * np.einsum("ij,ij->i", scaled, self.points)
        return np.ascontiguousarray(np.column_stack([scaled, np.ones(len(halves)), halves]).T)

    def log_density(self, values: Floats) -> Floats:
        """Return float64[n] of float64[n, d], whose squares are finite."""
        dimension = self.points.shape[1]
        rows = np.empty((len(values), dimension + 2))
        rows[:, :dimension] = values
        rows[:, dimension] = np.einsum("ij,ij->i", values, values) / (-2 * self.bandwidth**2)
        rows[:, dimension + 1] = 1.0
        found = np.empty(len(values))
        step = rows_at_once(self._factors)
        for start in range(0, len(values), step):
            exponents = rows[start : start + step] @ self._factors
            # Rounding makes the distance of a far point from itself a little negative.
            np.minimum(exponents, 0.0, out=exponents)
            found[start : start + step] = np.exp(exponents, out=exponents).sum(axis=1)
        return np.log(np.maximum(found, FLOOR)) + self._constant


def bandwidth(points: Floats) -> float:
    """Return the bandwidth under which each point is most probable under the others.

    Of :data:`FACTORS` times Scott's m^(-1 / (d + 4)) (Scott 1992, "Multivariate density
    estimation"), by the mean leave-one-out log density (Habbema, Hermans and van den Broek 1974).
    The least probable twentieth is left out of the mean: a few outliers of the reference would
    otherwise make the kernels as wide as they are far (Schuster and Gregory 1981).

    Parameters
    ----------
    points
        float64[m, d]
    """
    number, dimension = points.shape
    scott = float(number ** (-1 / (dimension + 4)))
    if number < 2:
        return scott
    squares = _squared_distances(points)
    np.fill_diagonal(squares, np.inf)
    likelihoods = [_likelihood(squares, scott * factor, dimension) for factor in FACTORS]
    return scott * FACTORS[int(np.argmax(likelihoods))]


def _likelihood(squares: NDArray[np.float64], h: float, dimension: int) -> float:
    sums = np.exp(squares / (-2 * h**2)).sum(axis=1)
    logs = np.sort(np.log(np.maximum(sums, FLOOR)))
    trimmed = logs[int(_TRIMMED * len(logs)) :]
    return float(trimmed.mean() - dimension * np.log(h))


def _squared_distances(points: Floats) -> NDArray[np.float64]:
    norms = np.einsum("ij,ij->i", points, points)
    found: NDArray[np.float64] = norms[:, None] + norms[None, :] - 2 * points @ points.T
    return np.maximum(found, 0.0)
