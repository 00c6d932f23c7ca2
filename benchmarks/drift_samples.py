"""Exact tests of the last values: false alarms, power, and what they cost.

Twenty normal columns, independent or AR(1) with rho .7, a fresh reference of 10,000 records in
order, from which autocorrelation times are learned; buffers of n values without a common one,
default settings. Then the first column is shifted by 0.2 sd. After that, looks at the last values
after every 500th of 75,000 without drift.

Exits with 1 if, beyond chance, a corrected p-value is at most .05 in more than 5 % of the buffers,
other than by analyses of variance, which are diagnostics; or if drift is told in more than one
episode of 1,000 looks.

Run: ``python benchmarks/drift_samples.py [--references N] [--buffers N] [--streams N]``
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import binom

from exporter.config import DriftSettings
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.comparison import SampleComparison
from exporter.drift.last_values import CAPACITY, LastValues
from exporter.drift.numeric_profile import in_order
from exporter.drift.sample_family import SampleFamily
from exporter.drift.tests import SAMPLE_TESTS

COLUMNS, REFERENCE_ROWS, BATCH = 20, 10_000, 2_000
LENGTH, STEP = 75_000, 500
SETTINGS = DriftSettings(reference=Path("reference"))
Floats = NDArray[np.float64]


def stream(random: np.random.Generator, n: int, rho: float) -> Floats:
    """Return float64[n, columns], of mean 0 and variance 1."""
    burn = 200 if rho else 0
    noise = random.normal(size=(n + burn, COLUMNS)) * np.sqrt(1 - rho**2)
    filtered: Floats = lfilter([1.0], [1.0, -rho], noise, axis=0)[burn:]
    return filtered


def columns_of(values: Floats, *, with_tau: bool) -> list[NumericColumn]:
    """Return columns made of a reference in the order of time."""
    found = []
    for at in range(COLUMNS):
        ascending = np.sort(values[:, at])
        edges = quantile_edges(ascending)
        column = NumericColumn(
            f"c{at}", len(values), 0, edges, count(ascending, edges),
            Moments(None, None, None, None), ascending,
        )  # fmt: skip
        found.append(in_order(column, values[:, at]) if with_tau else column)
    return found


def simulate(
    random: np.random.Generator,
    references: int,
    buffers: int,
    n: int,
    rho: float,
    *,
    with_tau: bool,
) -> bool:
    """Print a line for each test; return whether they keep what is promised."""
    looks = references * buffers
    alone, flagged, caught = (dict.fromkeys(SAMPLE_TESTS, 0) for _ in range(3))
    for _ in range(references):
        columns = columns_of(stream(random, REFERENCE_ROWS, rho), with_tau=with_tau)
        families = {
            name: SampleFamily([SampleComparison(column, test) for column in columns], SETTINGS)
            for name, test in SAMPLE_TESTS.items()
        }
        for _ in range(buffers):
            values = list(np.ascontiguousarray(stream(random, n, rho).T))
            moved = [values[0] + 0.2, *values[1:]]
            for name, family in families.items():
                look = family.look(values)
                alone[name] += int((look.results.pvalue <= 0.05).sum())
                flagged[name] += bool((look.results.adjusted <= 0.05).any())
                caught[name] += bool(family.look(moved).detected[0])
    for name in SAMPLE_TESTS:
        print(
            f"{rho:4.1f} {n:7,} {'yes' if with_tau else 'no':>4} {name:>12} "
            f"{alone[name] / looks / COLUMNS:9.4f} {flagged[name] / looks:14.3f} "
            f"{caught[name] / looks:12.2f}"
        )
    most = binom.ppf(0.999, looks, 0.05)
    return all(found <= most for name, found in flagged.items() if "anova" not in name)


def slide(random: np.random.Generator, streams: int, rho: float, name: str) -> bool:
    """Print how often drift is told where there is none; return whether that is rare."""
    looks = flagged = momentary = held = 0
    for _ in range(streams):
        columns = columns_of(stream(random, REFERENCE_ROWS, rho), with_tau=True)
        test = SAMPLE_TESTS[name]
        family = SampleFamily([SampleComparison(column, test) for column in columns], SETTINGS)
        values = np.ascontiguousarray(stream(random, LENGTH, rho).T)
        ends = range(STEP, LENGTH + 1, STEP)
        seen = [family.look([one[max(0, end - CAPACITY) : end] for one in values]) for end in ends]
        low = [(look.results.adjusted <= SETTINGS.alpha) for look in seen]
        differs = [
            bool((found & (look.results.effect >= SETTINGS.min_effect)).any())
            for found, look in zip(low, seen, strict=True)
        ]
        looks += len(seen)
        flagged += sum(bool(found.any()) for found in low)
        momentary += episodes(differs)
        held += episodes([bool(look.detected.any()) for look in seen])
    print(
        f"{rho:4.1f} {name:>4} {looks:7,} {flagged / looks:14.3f} "
        f"{1000 * momentary / looks:12.2f} {1000 * held / looks:8.2f}"
    )
    return 1000 * held <= looks


def episodes(told: Sequence[bool]) -> int:
    """Return how often drift begins to be told."""
    return sum(now and not before for before, now in pairwise((False, *told)))


def cost(random: np.random.Generator) -> None:
    """Print how fast values are kept, and how long tests of full buffers take."""
    columns = columns_of(stream(random, REFERENCE_ROWS, 0.0), with_tau=True)
    batches = np.ascontiguousarray(stream(random, BATCH, 0.0).T)
    kept = [LastValues() for _ in columns]
    started = time.perf_counter()
    for _ in range(100):
        for last, values in zip(kept, batches, strict=True):
            last.add(values)
    rate = 100 * batches.size / (time.perf_counter() - started)
    print(f"{rate / 1e6:.0f} million values a second are kept")
    for name, test in SAMPLE_TESTS.items():
        family = SampleFamily([SampleComparison(column, test) for column in columns], SETTINGS)
        values = [last.view().values for last in kept]
        family.look(values)
        started = time.perf_counter()
        family.look(values)
        seconds = time.perf_counter() - started
        print(f"{name:<12} {1e3 * seconds:6.1f} ms for {COLUMNS} columns of {CAPACITY:,} values")


def main() -> int:
    """Print tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=10)
    parser.add_argument("--buffers", type=int, default=8)
    parser.add_argument("--streams", type=int, default=40)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    print(" rho       n  tau         test  p <= .05  any p <= .05  0.2 sd found")
    kept = True
    for rho, n, with_tau in ((0, 1_000, True), (0, CAPACITY, True), (0.7, CAPACITY, True),
                             (0.7, CAPACITY, False)):  # fmt: skip
        good = simulate(random, options.references, options.buffers, n, rho, with_tau=with_tau)
        # The last one shows what not knowing about it costs.
        kept &= good or not with_tau
    cost(random)
    print(" rho test   looks  any p <= .05    episodes per 1,000 looks: of one look, held")
    random = np.random.default_rng(1)
    for rho in (0.0, 0.7):
        for name in ("ks", "t"):
            kept &= slide(random, options.streams, rho, name)
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
