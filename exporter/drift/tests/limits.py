"""Tails of the limits of the Cramer-von Mises and the Anderson-Darling statistic.

Both are sums of independent chi-square variables of one degree of freedom with weights w_1 > w_2 >
…, which are 1 / (pi j)^2 and 1 / (j (j + 1)). Smirnov's formula gives the upper tail to full
relative precision, where one minus a series for the distribution ends at 1e-16 (Smirnov 1937;
Slepian 1958, "Fluctuations of random noise power"):

P(Q > x) = 1/pi sum over k >= 1 of (-1)^(k+1) times the integral, for u from 1 / w_(2k-1) to
1 / w_(2k), of exp(-u x / 2) / (u sqrt(abs(product over j of (1 - w_j u)))).
"""

from __future__ import annotations

import math

import numpy as np

from exporter.records import Floats

_NODES = 32
_INTERVALS = 24
_NO_TAIL = 0.003, 0.03
"""Below these the probabilities are 1 to more than ten digits, and the sum is too short."""

_FEW_INTERVALS = 6
_FAR = 0.1, 1.0
"""From here on the other intervals add less than 1e-24."""


def cramer_von_mises(x: Floats) -> Floats:
    """Return P(Q > x) for weights 1 / (pi j)^2; float64[n]."""
    poles = (math.pi * np.arange(1.0, 2 * _INTERVALS + 1)) ** 2
    u, factor = _nodes(poles)
    product = np.sin(np.sqrt(u)) / np.sqrt(u)
    return _tail(x, u, factor / np.sqrt(np.abs(product)), _NO_TAIL[0], _FAR[0])


def anderson_darling(x: Floats) -> Floats:
    """Return P(Q > x) for weights 1 / (j (j + 1)); float64[n]."""
    j = np.arange(1.0, 2 * _INTERVALS + 1)
    u, factor = _nodes(j * (j + 1))
    product = np.cos(math.pi / 2 * np.sqrt(1 + 4 * u)) / (math.pi * u)
    return _tail(x, u, factor / np.sqrt(np.abs(product)), _NO_TAIL[1], _FAR[1])


def _nodes(poles: Floats) -> tuple[Floats, Floats]:
    # The integrand has the singularities of 1 / sqrt((u - a) (b - u)), which Gauss-Chebyshev
    # quadrature has for a weight.
    lower, upper = poles[0::2, None], poles[1::2, None]
    angle = (np.arange(_NODES) + 0.5) * math.pi / _NODES
    u = (lower + upper) / 2 + (upper - lower) / 2 * np.cos(angle)
    sign = np.where(np.arange(_INTERVALS) % 2, -1.0, 1.0)[:, None]
    factor = sign * np.sqrt((u - lower) * (upper - u)) / (u * _NODES)
    return u.ravel(), factor.ravel()


def _tail(x: Floats, u: Floats, factor: Floats, no_tail: float, far: float) -> Floats:
    found = np.ones(len(x))
    few = _FEW_INTERVALS * _NODES
    near = (x > no_tail) & (x < far)
    found[near] = np.exp(-0.5 * x[near, None] * u) @ factor
    found[x >= far] = np.exp(-0.5 * x[x >= far, None] * u[:few]) @ factor[:few]
    return np.clip(found, 0.0, 1.0)
