"""Windows that slide over a stream without drift, and one with: false alarms, power and delay.

Twenty normal columns, independent or AR(1) with rho .7, a fresh reference of 10,000 records in
order, from which the autocorrelation time is learned; windows of n records, a look at each
twentieth of one, Holm at alpha .05, effect .05, with and without holding for one window. Then the
first column moves by 0.2 sd.

Exits with 1 if, for n of at least 500 independent values, adjusted p-values are at most .05 in
more than 5 % of the looks, or drift that held is told in more than one episode of 1,000 looks.

Run: ``python benchmarks/drift_null.py [--references N] [--looks N]``
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from exporter.drift.autocorrelation import of_numbers
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.comparison import Comparison
from exporter.drift.family import TestFamily
from exporter.drift.tests import TESTS

COLUMNS, REFERENCE_ROWS, STEPS = 20, 10_000, 20
ALPHA, MIN_EFFECT, MIN_SAMPLES = 0.05, 0.05, 500
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def stream(random: np.random.Generator, n: int, rho: float) -> Floats:
    """Return float64[n, columns], of mean 0 and variance 1."""
    burn = 200 if rho else 0
    noise = random.normal(size=(n + burn, COLUMNS)) * np.sqrt(1 - rho**2)
    filtered: Floats = lfilter([1.0], [1.0, -rho], noise, axis=0)[burn:]
    return filtered


def reference(values: Floats, *, with_tau: bool) -> list[Comparison]:
    """Return columns made of a reference in the order of time."""
    found = []
    for at in range(COLUMNS):
        ascending = np.sort(values[:, at])
        edges = quantile_edges(ascending)
        tau = of_numbers(values[:, at]) if with_tau else 1.0
        column = NumericColumn(
            f"c{at}", len(values), 0, edges, count(ascending, edges),
            Moments(None, None, None, None), ascending, tau,
        )  # fmt: skip
        found.append(Comparison(column, TESTS["ks"]))
    return found


def sliding(values: Floats, comparisons: list[Comparison], n: int) -> Floats:
    """Return float64[looks, cells], what each window holds, a step apart."""
    step = n // STEPS
    parts = []
    for at, comparison in enumerate(comparisons):
        size = len(comparison.column.counts)
        cells = comparison.column.assign(values[:, at])  # type: ignore[arg-type]
        steps = len(values) // step
        flat = np.arange(steps).repeat(step) * size + cells[: steps * step]
        table = np.bincount(flat, minlength=steps * size).reshape(steps, size)
        total = np.cumsum(np.vstack((np.zeros((1, size)), table)), axis=0)
        parts.append(total[STEPS:] - total[:-STEPS])
    return np.concatenate(parts, axis=1)


def held(differs: Mask) -> Mask:
    """Return the looks before which all others differed for the length of a window."""
    run = np.lib.stride_tricks.sliding_window_view(differs, STEPS + 1, axis=0)
    every: Mask = run.all(axis=-1)
    return every


def episodes(alarms: Mask) -> int:
    """Return how often any column begins to be flagged."""
    any_ = alarms.any(axis=1)
    return int(any_[0]) + int((any_[1:] & ~any_[:-1]).sum())


def simulate(
    random: np.random.Generator, references: int, looks: int, n: int, rho: float, *, with_tau: bool
) -> bool:
    """Print one line; return whether it keeps what is promised."""
    step = n // STEPS
    evaluations = flagged = momentary = lasting = caught = 0
    delays: list[float] = []
    for _ in range(references):
        comparisons = reference(stream(random, REFERENCE_ROWS, rho), with_tau=with_tau)
        family = TestFamily(comparisons, "holm", MIN_SAMPLES)
        results = family.test(sliding(stream(random, n + looks * step, rho), comparisons, n))
        differs = (results.adjusted <= ALPHA) & (results.effect >= MIN_EFFECT)
        evaluations += len(differs)
        flagged += int((results.adjusted <= 0.05).any(axis=1).sum())
        momentary += episodes(differs)
        lasting += episodes(held(differs))
        values = stream(random, 12 * n, rho)
        values[2 * n :, 0] += 0.2
        moved = family.test(sliding(values, comparisons, n))
        late = (moved.adjusted <= ALPHA) & (moved.effect >= MIN_EFFECT)
        caught += bool(late[2 * n // step, 0])
        first = np.flatnonzero(held(late)[:, 0])
        delays.append((first[0] + STEPS) * step + n - 2 * n if first.size else np.inf)
    rates = flagged / evaluations, 1000 * momentary / evaluations, 1000 * lasting / evaluations
    print(
        f"{rho:4.1f} {n:7,} {'yes' if with_tau else 'no':>4} {rates[0]:12.3f} {rates[1]:12.1f} "
        f"{rates[2]:10.2f} {caught / references:10.2f} {np.median(delays):10,.0f}"
    )
    return rates[0] <= 0.05 and rates[2] <= 1


def main() -> int:
    """Print a table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=40)
    parser.add_argument("--looks", type=int, default=1_000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    print("                  any p <= .05   episodes per 1,000 looks    power   median delay")
    print(" rho       n  tau   a look        of one look   held     0.2 sd    held")
    kept = True
    for rho, n, with_tau in ((0, 500, True), (0, 5000, True), (0.7, 2500, True), (0.7, 500, False)):
        good = simulate(random, options.references, options.looks, n, rho, with_tau=with_tau)
        # The last one shows what not knowing about it costs.
        kept &= good or not with_tau
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
