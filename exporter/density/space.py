"""The coordinates in which density is estimated: numbers of a record in units of the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from exporter.density.products import product
from exporter.records import Floats, Mask

Kind = Literal["features", "embedding"]
MAX_DIMENSION = 20
"""More columns than these are not looked at: in more dimensions all records are equally far."""
LEAST_KNOWN = 0.5
"""A record with a smaller share of known numbers is not scored, nor is such a column used."""
FURTHEST = 1e6
"""Units from the centre: what is further counts as this many, so that squares stay finite."""
_FEW = 0.05
_TAIL = 4.0
_RIDGE = 0.1
_DECIMALS = 6
_NORMAL_RANGE = 3.29
"""Standard deviations between the 5th and the 95th percentile of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Space:
    """Columns and their units.

    Attributes
    ----------
    names
        Of columns of a reference, or of the axes of a projection of embeddings.
    centre, scale
        float64[d], what is taken off and what the rest is divided by.
    axes
        float64[d, d], which what comes of it is multiplied with.
    """

    names: tuple[str, ...]
    centre: Floats
    scale: Floats
    axes: Floats

    def coordinates(self, values: Floats) -> tuple[Floats, Mask]:
        """Return finite float64[n, d], and which records are known well enough.

        A number that is missing is at the centre, where it says nothing against the record: that
        it is missing is for others to tell. Held-out records are treated alike, so that p-values
        stay right.

        Parameters
        ----------
        values
            float64[n, d], in the order of the names; what is not finite is missing.
        """
        finite = np.isfinite(values)
        # The greatest numbers become infinite, which is far.
        with np.errstate(over="ignore", invalid="ignore"):
            found = (values - self.centre) / self.scale
        np.clip(found, -FURTHEST, FURTHEST, out=found)
        if finite.all():
            return product(found, self.axes), np.ones(len(values), dtype=bool)
        found[~finite] = 0.0
        known: Mask = finite.mean(axis=1) >= LEAST_KNOWN
        return product(found, self.axes), known


def learn(columns: Mapping[str, Floats], names: Sequence[str]) -> Space | None:
    """Return the space of the columns that vary; ``None`` if none does.

    The centre is the median and the scale that of a normal distribution with the same 5th and 95th
    percentile, since outliers of the reference must not set the unit. Of too many columns those
    with the fewest missing values are used, the first of equals.

    Parameters
    ----------
    columns
        float64[n] by name.
    names
        Those to choose among, in the order of the reference.
    """
    usable = []
    for position, name in enumerate(names):
        values = columns[name]
        numbers = values[np.isfinite(values)]
        scale = _scale(numbers)
        if scale and len(numbers) >= LEAST_KNOWN * len(values):
            missing = len(values) - len(numbers)
            usable.append((missing, position, name, float(np.median(numbers)), scale))
    usable = sorted(sorted(usable)[:MAX_DIMENSION], key=lambda one: one[1])
    if not usable:
        return None
    chosen = tuple(name for _, _, name, _, _ in usable)
    plain = Space(
        chosen,
        np.array([centre for _, _, _, centre, _ in usable]),
        np.array([scale for _, _, _, _, scale in usable]),
        np.eye(len(usable)),
    )
    coordinates, _ = plain.coordinates(np.column_stack([columns[name] for name in chosen]))
    return replace(plain, axes=_whitening(coordinates))


def _whitening(coordinates: Floats) -> Floats:
    """Return float64[d, d], which takes away most of the correlation of float64[n, d].

    (C + r I)^-1/2 of the covariance C, with r a tenth of its mean variance. Kernels are round:
    where columns depend on each other, they would otherwise be wider than the records across, and
    not see what contradicts the dependence. The tenth keeps noise from becoming a direction of its
    own.
    """
    covariance = np.atleast_2d(np.cov(np.clip(coordinates, -_TAIL, _TAIL), rowvar=False))
    variances, directions = np.linalg.eigh(covariance)
    widths = np.sqrt(np.maximum(variances, 0.0) + _RIDGE * variances.mean())
    found: Floats = np.round((directions / widths) @ directions.T, _DECIMALS)
    return found


def _scale(numbers: Floats) -> float:
    if len(numbers) < 2:
        return 0.0
    low, high = np.quantile(numbers, [_FEW, 1 - _FEW])
    with np.errstate(over="ignore", invalid="ignore"):
        scale = float(high / _NORMAL_RANGE - low / _NORMAL_RANGE) or float(numbers.std())
    return scale if np.isfinite(scale) and scale > np.finfo(np.float64).tiny else 0.0
