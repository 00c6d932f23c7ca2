"""The score of a record: how dense the reference is where it is, for its predicted class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exporter.density.kernel import KernelDensity
from exporter.records import Floats

DECIMALS = 4
"""Of a score: what the order of summation leaves of a difference is rounded away."""


@dataclass(frozen=True, eq=False)
class Group:
    """The records of one predicted class, or all.

    Attributes
    ----------
    bandwidth
        Of the kernels around the group's points.
    location, spread
        The median of the log density of its records, and how far the 10th percentile is below.
    """

    bandwidth: float
    location: float
    spread: float


@dataclass(frozen=True, eq=False)
class DensityScore:
    """Log densities under the records of the same predicted class, in units of that class.

    Density given the predicted class is that of Feinman, Curtin, Shintre and Gardner 2017,
    "Detecting adversarial samples from artifacts". A class whose records lie close together is
    denser everywhere: without the units of each, only records of the widest class were improbable.

    Attributes
    ----------
    points
        float64[m, d], coordinates of records of the reference.
    classes
        Predicted classes that have kernels of their own.
    codes
        int64[m], the class of each point, -1 for none of these.
    groups
        Of each class, and last of all points, for records of other classes and of none.
    """

    points: Floats
    classes: tuple[str, ...]
    codes: NDArray[np.int64]
    groups: tuple[Group, ...]

    @cached_property
    def _kernels(self) -> tuple[KernelDensity, ...]:
        every = self.codes >= -1
        members = [self.codes == code for code in range(len(self.classes))] + [every]
        return tuple(
            KernelDensity(self.points[member], group.bandwidth)
            for member, group in zip(members, self.groups, strict=True)
        )

    def encode(self, values: Sequence[str], codes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return int64[n], the group of each record, by its predicted class (-1: none)."""
        numbers = {name: number for number, name in enumerate(self.classes)}
        table = [numbers.get(value, len(self.classes)) for value in values]
        # The code -1 of a missing class reads the last entry.
        found: NDArray[np.int64] = np.array([*table, len(self.classes)], dtype=np.int64)[codes]
        return found

    def log_density(self, coordinates: Floats, groups: NDArray[np.int64]) -> Floats:
        """Return float64[n], under the kernels of each record's group, int64[n]."""
        found = np.empty(len(coordinates))
        for number, kernels in enumerate(self._kernels):
            rows = np.flatnonzero(groups == number)
            if rows.size:
                found[rows] = kernels.log_density(coordinates[rows])
        return found

    def of(self, coordinates: Floats, groups: NDArray[np.int64]) -> Floats:
        """Return float64[n], the scores: low ones are improbable."""
        location = np.array([group.location for group in self.groups])
        spread = np.array([group.spread for group in self.groups])
        logs = self.log_density(coordinates, groups)
        found: Floats = np.round((logs - location[groups]) / spread[groups], DECIMALS)
        return found
