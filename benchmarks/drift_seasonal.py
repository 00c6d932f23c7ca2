"""How often windows of traffic with days and nights differ from a reference by chance.

A reference of four weeks, by night a fifth as many records as by day; values swing by one standard
deviation in the course of a day and by half of one in that of a week. Windows of six hours follow,
at every hour of a week. Each is compared with the reference as it is, with that taken as
independent, and with the same hours of it; then again with values that are shifted.

Run: ``python -m benchmarks.drift_seasonal [--references N]``
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from scipy.signal import lfilter

from exporter.drift.autocorrelation import LONGEST
from exporter.drift.columns import NumericColumn
from exporter.drift.comparison import Comparison
from exporter.drift.family import TestFamily
from exporter.drift.numeric_profile import in_order, numeric_column
from exporter.drift.reservoir import Reservoir
from exporter.drift.seasonal.cycles import CYCLES
from exporter.drift.seasonal.mixture import Mixture
from exporter.drift.seasonal.profile import SeasonalAccumulator
from exporter.drift.seasonal.reference import SeasonalColumn
from exporter.drift.seasonal.season import Season
from exporter.drift.tests import TESTS
from exporter.records import Floats

MONDAY = 4 * 86_400.0
DAY, WEEK, HOUR = 86_400.0, 604_800.0, 3_600.0
WINDOW = 6 * HOUR
CAPACITY = 1_000_000
SHIFT = 0.2
TEST_NAMES = ("ks", "ad", "chi2")
SCENARIOS = ((0.7, 20_000, 0.5), (0.0, 5_000, 0.5), (0.0, 5_000, 0.0))
"""Autocorrelation, records a day, and how far the values of a week swing."""


def traffic(
    random: np.random.Generator,
    start: float,
    days: int,
    rho: float,
    per_day: int = 5_000,
    weekly: float = 0.5,
) -> tuple[Floats, Floats]:
    """Return float64[n] each, times in order and values."""
    rate = 5 / 3  # The highest one, in multiples of the mean.
    times = np.sort(random.uniform(start, start + days * DAY, int(rate * per_day * days)))
    phase = 2 * np.pi * times / DAY
    kept = random.random(len(times)) < (3 - 2 * np.cos(phase)) / 5
    times, phase = times[kept], phase[kept]
    noise = random.normal(size=len(times))
    if rho:
        noise = lfilter([np.sqrt(1 - rho**2)], [1, -rho], noise)
    return times, noise - np.cos(phase) + weekly * np.sin(2 * np.pi * (times - MONDAY) / WEEK)


def learn(times: Floats, values: Floats, season: Season) -> tuple[NumericColumn, SeasonalColumn]:
    """Return what a reference holds of the values."""
    numbers, seasons = Reservoir(CAPACITY, LONGEST), SeasonalAccumulator(season, CAPACITY)
    numbers.add(values)
    seasons.add_numbers(season.hours(times))
    column = numeric_column("x", len(values), 0, np.sort(values), 10_000)
    column = in_order(column, numbers.head)
    return column, seasons.of_numbers(column, numbers)


def windows(times: Floats, values: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield times and values of each window."""
    for start in np.arange(times[0], times[-1] - WINDOW, HOUR):
        first, last = np.searchsorted(times, (start, start + WINDOW))
        yield times[first:last], values[first:last]


def pvalues(
    column: NumericColumn, seasonal: SeasonalColumn | None, season: Season, test: str,
    found: list[tuple[Floats, Floats]], shift: float,
) -> Floats:  # fmt: skip
    """Return float64[windows], NaN of those with too few independent values."""
    comparison = Comparison(column, TESTS[test], seasonal)
    family = TestFamily([comparison], "none", 500)
    counts = np.array(
        [np.bincount(column.assign(values + shift), minlength=len(column.counts))
         for _, values in found], dtype=np.float64,
    )  # fmt: skip
    references = None
    if seasonal is not None:
        cells = [season.cells(season.hours(times)) for times, _ in found]
        composition = np.array([np.bincount(one, minlength=season.size) for one in cells])
        mixture = Mixture(season, [seasonal.counts], [comparison.tau])
        references = mixture.expected(composition[:, None, :].astype(np.float64)).counts
    return family.test(counts, references).pvalue[:, 0]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=40)
    options = parser.parse_args()
    print("traffic, test, compared with: tau, windows tested, p <= .05, p <= .01, "
          f"power at p <= .0025 of a shift by {SHIFT}")  # fmt: skip
    for rho, per_day, weekly in SCENARIOS:
        all_found: dict[tuple[str, str], list[tuple[float, Floats, Floats]]] = defaultdict(list)
        for seed in range(options.references):
            random = np.random.default_rng(seed)
            past = traffic(random, MONDAY, 28, rho, per_day, weekly)
            next_week = traffic(random, MONDAY + 28 * DAY, 7, rho, per_day, weekly)
            found = list(windows(*next_week))
            ways = {}
            for cycle in CYCLES:
                season = Season(cycle)
                column, seasonal = learn(*past, season)
                ways[f"the same {cycle}"] = (column, seasonal, season)
            ways["all of it"] = (column, None, season)
            ways["all of it, taken as independent"] = (column.unordered(), None, season)
            for way, (column, seasonal, season) in ways.items():
                for test in TEST_NAMES:
                    tau = Comparison(column, TESTS[test], seasonal).tau
                    p, shifted = (
                        pvalues(column, seasonal, season, test, found, by) for by in (0.0, SHIFT)
                    )
                    all_found[test, way].append((tau, p, shifted))
        for (test, way), each in sorted(all_found.items()):
            taus, p, shifted = zip(*each, strict=True)
            together, moved = np.concatenate(p), np.concatenate(shifted)
            tested = ~np.isnan(together)
            told = [float((together[tested] <= alpha).mean()) if tested.any() else np.nan
                    for alpha in (0.05, 0.01)]  # fmt: skip
            power = float((moved[tested] <= 0.0025).mean()) if tested.any() else np.nan
            print(f"rho {rho}, weekly {weekly}, {test}, {way}: "
                  f"{np.mean(taus):.1f}, {tested.mean():.1%}, {told[0]:.4f}, "
                  f"{told[1]:.4f}, {power:.3f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
