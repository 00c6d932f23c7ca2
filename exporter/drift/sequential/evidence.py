"""Evidence for drift that may be looked at after every record: the band e-process.

Let the reference leave a band [lower, upper] for the probability F of a set. While F stays inside
it, L = (q / p)^s ((1 - q) / (1 - p))^(b - s) is at most 1 in expectation for a block of b records
of which s fall into the set, with p = upper and logit q = logit p + theta, or p = lower and logit q
= logit p - theta. For 9 sets, 2 sides and 4 thetas, and a change at an unknown record, let A <- (A
+ C(n - b) - C(n)) L, C(n) = 1 / (1 + ln(1 + n / 100)). Then E = C(n) + mean(A) starts at 1 and is a
supermartingale: the probability that it ever reaches 2 / alpha, over an unlimited run, is at most
alpha / 2 (Ville 1939), to which alpha / 2 of the band is added. (Ramdas, Grunwald, Vovk, Shafer
2023, "Game-theoretic statistics and safe anytime-valid inference"; mixture over starts: Shin,
Ramdas, Rinaldo 2024, "E-detectors".)

A test martingale on p-values from the reference's own distribution function would not do: it takes
a sample for the truth, and alarms sooner or later without any drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.drift.sequential.band import SETS, Band
from exporter.records import Floats

BLOCK = 100
_THETAS = np.array([0.1, 0.25, 0.5, 1.0])
_CAP = 1e250
"""What grows without end stays a number. Less evidence is still valid evidence."""


def threshold_log10(alpha: float) -> float:
    """Return the evidence at which to alarm, for bands that were made with alpha / 2."""
    return math.log10(2 / alpha)


class BandEvidence:
    """Evidence of many columns; what is added at once makes no difference.

    Parameters
    ----------
    bands
        Of each column.
    taus
        float64[columns], autocorrelation times of the traffic, by which evidence is discounted:
        L^(1 / tau). A heuristic: the bound on false alarms is proven for tau = 1.
    peaks
        Whether the highest evidence is kept, which costs as much again.
    """

    def __init__(
        self, bands: Sequence[Band], taus: Floats | None = None, *, peaks: bool = False
    ) -> None:
        self._members = [band.members.astype(np.float64) for band in bands]
        self._peaks = peaks
        columns = len(bands)
        taus = np.ones(columns) if taus is None else np.maximum(taus, 1.0)
        sides = np.array([(band.upper, band.lower) for band in bands]).reshape(columns, 2, SETS)
        self._slope, self._intercept = _log_factors(sides, taus)
        self._blocks = np.zeros(columns, dtype=np.int64)
        self._bets = np.zeros((columns, 2 * len(_THETAS), SETS))
        self._peak = np.ones(columns)
        self._pending = np.zeros(columns, dtype=np.int64)
        self._pending_inside = np.zeros((columns, SETS))

    def add(self, cells: Sequence[NDArray[np.int64]]) -> None:
        """Add records in order of their arrival.

        Parameters
        ----------
        cells
            For each column int64[n], the cell of each value, -1 where it is missing. A column goes
            on when it has a block of values, whatever the others have.
        """
        # Columns without gaps are cut alike.
        cuts: dict[int, NDArray[np.int64]] = {}
        inside = [self._fill(column, values, cuts) for column, values in enumerate(cells)]
        most = max((len(blocks) for blocks in inside), default=0)
        if most == 0:
            return
        done = np.array([len(blocks) for blocks in inside])
        # Rows behind those of a column that has fewer hold the values of no block.
        table = np.zeros((most, len(inside), 1, SETS))
        for column, blocks in enumerate(inside):
            table[: len(blocks), column, 0] = blocks
        before = self._blocks + np.arange(most)[:, None]
        stakes = (_reserve(before) - _reserve(before + 1))[:, :, None, None]
        common = int(done.min())
        for step in range(common):
            self._bet(table[step], stakes[step], slice(None))
        for step in range(common, most):
            chosen = np.flatnonzero(done > step)
            self._bet(table[step, chosen], stakes[step, chosen], chosen)

    @property
    def log10(self) -> Floats:
        """float64[columns], logarithm of the present evidence to the base 10."""
        return np.log10(self._evidence(slice(None)))

    @property
    def peak_log10(self) -> Floats:
        """float64[columns], the highest it has ever been, if that is kept."""
        return np.log10(self._peak)

    @property
    def values(self) -> NDArray[np.int64]:
        """int64[columns], values seen, those of unfinished blocks included."""
        return self._blocks * BLOCK + self._pending

    def dump(self) -> dict[str, Any]:
        """Return the state."""
        return {
            "blocks": self._blocks,
            "bets": self._bets,
            "peak": self._peak,
            "pending": self._pending,
            "inside": self._pending_inside,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it belongs to another number of columns.
        """
        arrays = {name: np.array(state[name]) for name in self.dump()}
        for name, array in self.dump().items():
            if arrays[name].shape != array.shape:
                raise ValueError(f"{name}: {arrays[name].shape} is not {array.shape}")
        self._blocks = arrays["blocks"].astype(np.int64)
        self._bets = arrays["bets"].astype(np.float64)
        self._peak = arrays["peak"].astype(np.float64)
        self._pending = arrays["pending"].astype(np.int64)
        self._pending_inside = arrays["inside"].astype(np.float64)

    def _fill(
        self, column: int, cells: NDArray[np.int64], cuts: dict[int, NDArray[np.int64]]
    ) -> Floats:
        """Return float64[blocks, 9], how many records of each finished block each set holds."""
        if len(cells) and cells.min() < 0:
            cells = cells[cells >= 0]
        members = self._members[column]
        width = len(members)
        pending = int(self._pending[column])
        full, rest = divmod(pending + len(cells), BLOCK)
        if pending not in cuts or len(cuts[pending]) != len(cells):
            cuts[pending] = (pending + np.arange(len(cells))) // BLOCK
        counted = np.bincount(cuts[pending] * width + cells, minlength=(full + 1) * width)
        # Whole numbers below 2^53 add up exactly in any order.
        inside = counted.reshape(full + 1, width) @ members
        inside[0] += self._pending_inside[column]
        self._pending[column] = rest
        self._pending_inside[column] = inside[full]
        found: Floats = inside[:full]
        return found

    def _bet(self, inside: Floats, stakes: Floats, columns: NDArray[np.intp] | slice) -> None:
        """Bet on one block of some columns; float64[columns, 1, 9] and float64[columns, 1, 1]."""
        factors = inside * self._slope[columns]
        factors += self._intercept[columns]
        np.exp(factors, out=factors)
        bets = self._bets[columns] + stakes
        bets *= factors
        self._bets[columns] = np.minimum(bets, _CAP, out=bets)
        self._blocks[columns] += 1
        if self._peaks:
            self._peak[columns] = np.maximum(self._peak[columns], self._evidence(columns))

    def _evidence(self, columns: NDArray[np.intp] | slice) -> Floats:
        found: Floats = _reserve(self._blocks[columns]) + self._bets[columns].mean(axis=(1, 2))
        return found


def _reserve(blocks: NDArray[np.int64]) -> Floats:
    found: Floats = 1.0 / (1.0 + np.log1p(blocks * (BLOCK / 100.0)))
    return found


def _log_factors(sides: Floats, taus: Floats) -> tuple[Floats, Floats]:
    """Return ln L = slope s + intercept: float64[columns, sides * thetas, sets] twice."""
    open_ = (sides > 0) & (sides < 1)
    p = np.where(open_, sides, 0.5)[:, :, None, :]
    theta = np.stack((_THETAS, -_THETAS))[None, :, :, None]
    # With logit q = logit p + theta: (1 - q) / (1 - p) = 1 / (1 - p + p e^theta).
    intercept = -BLOCK * np.log1p(p * np.expm1(theta))
    usable = open_[:, :, None, :] / taus[:, None, None, None]
    shape = (len(sides), 2 * len(_THETAS), SETS)
    slope = np.broadcast_to(theta, intercept.shape) * usable
    return slope.reshape(shape), (intercept * usable).reshape(shape)
