"""What to expect of predictions without labels, with a band for what is realised.

The band has five parts: the predictions are few; the curve was learned from a finite reference;
calibration differs between periods; it differs the more, the other the inputs are; and of scores
that the reference hardly has nothing is known, so that they may all be right or all wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.estimation.figures import figures
from exporter.estimation.reliability import Reliability
from exporter.monitors.wilson import Z_95

TOO_MANY = 0.2
"""Share of predictions with scores that the reference hardly has, beyond which none is made."""
_NO_SPREAD = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Band:
    """A figure, and the ends of its 95 percent band."""

    value: float
    lower: float
    upper: float


def unsupported(reliability: Reliability, counts: NDArray[np.integer[Any]]) -> float:
    """Return the share of predictions whose scores the reference hardly has."""
    return float(counts[:, ~reliability.curve.supported].sum() / counts.sum())


def estimates(reliability: Reliability, counts: NDArray[np.integer[Any]]) -> dict[str, Band]:
    """Return what to expect by figure; nothing where the reference tells too little.

    Parameters
    ----------
    counts
        int[kinds, CELLS], predictions as `reliability` counts them, at least one.
    """
    if unsupported(reliability, counts) > TOO_MANY:
        return {}
    curve = reliability.curve
    distance = curve.distance(counts.sum(axis=0))
    outside = ~curve.supported
    p = np.broadcast_to(curve.probability, counts.shape)
    best, worst = p.copy(), p.copy()
    best[:, outside], worst[:, outside] = 1, 0
    if len(counts) > 1:
        # Row 0 is predicted negative, which is right where the positive class does not come true.
        best[0, outside], worst[0, outside] = 0, 1
    found = {}
    for name, figure in figures(len(counts)).items():
        value = float(figure.value(counts, p))
        if math.isnan(value):
            continue
        spread = reliability.spreads.get(name)
        periods, shift = (spread.periods, spread.shift) if spread else _NO_SPREAD
        drawn = figure.value(counts, curve.draws[:, None, :])
        variance = (
            figure.variance(counts, np.broadcast_to(curve.smoothed, counts.shape))
            + float(np.mean((drawn - value) ** 2))
            + periods**2
            + (shift * distance) ** 2
        )
        half = Z_95 * math.sqrt(variance)
        low = _or(float(figure.value(counts, worst)), 0.0)
        high = _or(float(figure.value(counts, best)), 1.0)
        found[name] = Band(value, max(0.0, low - half), min(1.0, high + half))
    return found


def _or(figure: float, default: float) -> float:
    """Return a figure, or its limit where it has no meaning."""
    return default if math.isnan(figure) else figure
