"""How often windows differ by chance from a trailing period, and what it finds of drift.

Ten columns of a model that predicts 4,000 times a day. The first 2,000 predictions fix the bins;
windows of six hours, at each hour of the last day, are compared with seven days that ended a day
before. Beside that they are compared with the first predictions.

Run: ``python -m benchmarks.drift_trailing [--runs N]``
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from exporter.config.reference import Trailing
from exporter.drift.comparison import Comparison
from exporter.drift.family import TestFamily
from exporter.drift.numeric_profile import in_order, numeric_column
from exporter.drift.reference import Provenance, Reference
from exporter.drift.tests import TESTS
from exporter.drift.trailing import TrailingCounts
from exporter.records import Categorical, FeatureColumn, Floats, RecordBatch

DAY, HOUR = 86_400.0, 3_600.0
START = 1_700_000_000.0
WINDOW = 6 * HOUR
PER_DAY, FIRST, COLUMNS, LEAST = 4_000, 2_000, 10, 100
PERIOD = Trailing(7 * DAY, DAY)
DAYS = 10
"""The last one is looked at; before it there is all that it is compared with."""


@dataclass(frozen=True)
class Traffic:
    """What values do besides being normal.

    Attributes
    ----------
    rho
        Their autocorrelation.
    daily
        How far they swing in a day, in standard deviations.
    wander
        Standard deviation of the means of days.
    step
        By how much they have moved on the last day.
    slope
        By how much they move in each day.
    """

    rho: float = 0.0
    daily: float = 0.0
    wander: float = 0.0
    step: float = 0.0
    slope: float = 0.0


SCENARIOS = {
    "independent": Traffic(),
    "AR(1), rho = .7": Traffic(rho=0.7),
    "days differ by .2 sd": Traffic(wander=0.2),
    "swings by .5 sd in a day": Traffic(daily=0.5),
    "moves by .3 sd on the last day": Traffic(step=0.3),
    "moves by .03 sd each day": Traffic(slope=0.03),
}


def stream(random: np.random.Generator, traffic: Traffic) -> tuple[Floats, Floats]:
    """Return float64[n], times in order, and float64[n, columns], values."""
    times = np.sort(random.uniform(0.0, DAYS * DAY, PER_DAY * DAYS))
    values = random.normal(size=(len(times), COLUMNS))
    if traffic.rho:
        gain = np.sqrt(1.0 - traffic.rho**2)
        values = lfilter([gain], [1.0, -traffic.rho], values, axis=0)
    day = (times // DAY).astype(np.int64)
    values = values + (random.normal(size=(DAYS, COLUMNS)) * traffic.wander)[day]
    common = traffic.daily * np.sin(2.0 * np.pi * times / DAY)
    common = common + traffic.slope * times / DAY + traffic.step * (day == DAYS - 1)
    return START + times, values + common[:, None]


def batches(times: Floats, values: Floats) -> Iterator[RecordBatch]:
    """Yield what a parser would make of it, a day at a time."""
    for day in range(DAYS):
        first, last = np.searchsorted(times, (START + day * DAY, START + (day + 1) * DAY))
        n = int(last - first)
        own, blank, none = times[first:last], np.full(n, np.nan), Categorical.empty(n)
        yield RecordBatch(
            float(own[-1]), own, none, np.ones(n, dtype=bool), np.zeros(n, dtype=bool), none,
            none, blank, none, blank, blank, blank,
            {f"x{at}": FeatureColumn(values[first:last, at].tolist()) for at in range(COLUMNS)},
            event_time=own,
        )  # fmt: skip


def looks(
    random: np.random.Generator, traffic: Traffic, test: str, *, trailing: bool = True
) -> Floats:
    """Return float64[looks, columns], p-values, NaN of windows with too few independent values."""
    times, values = stream(random, traffic)
    columns = [
        in_order(
            numeric_column(f"features.x{at}", FIRST, 0, np.sort(values[:FIRST, at]), 1_000),
            values[:FIRST, at],
        )
        for at in range(COLUMNS)
    ]
    comparisons = [Comparison(column, TESTS[test]) for column in columns]
    reference = Reference("m", "", Provenance((), FIRST, None, None), tuple(columns))
    family = TestFamily(comparisons, "none", LEAST)
    counts = TrailingCounts(reference, comparisons, PERIOD, WINDOW, replay=True)
    for batch in batches(times, values):
        counts.add(batch)
    found = []
    for end in np.arange(START + (DAYS - 1) * DAY + WINDOW, START + DAYS * DAY, HOUR):
        first, last = np.searchsorted(times, (end - WINDOW, end))
        window = np.concatenate(
            [
                np.bincount(column.assign(values[first:last, at]), minlength=len(column.counts))
                for at, column in enumerate(columns)
            ]
        )[None].astype(np.float64)
        past = counts.expected(counts.view(), WINDOW, float(end), 0)
        results = family.test(window, past.counts, past.taus) if trailing else family.test(window)
        found.append(results.pvalue[0])
    return np.array(found)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    options = parser.parse_args()
    print("traffic, test, compared with: windows tested, p <= .05, p <= .01, p <= .0025")
    for name, traffic in SCENARIOS.items():
        for test in ("ks", "ad", "chi2"):
            for trailing in (True, False):
                p = np.concatenate(
                    [
                        looks(np.random.default_rng(seed), traffic, test, trailing=trailing)
                        for seed in range(options.runs)
                    ]
                )
                tested = ~np.isnan(p)
                shares = [
                    float((p[tested] <= level).mean()) if tested.any() else np.nan
                    for level in (0.05, 0.01, 0.0025)
                ]
                against = "trailing" if trailing else "first"
                told = ", ".join(f"{share:.4f}" for share in shares)
                print(f"{name}, {test}, {against}: {tested.mean():.1%}, {told}", flush=True)


if __name__ == "__main__":
    main()
