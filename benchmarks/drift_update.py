"""How fast the drift monitor counts and tests: feature values per second, time per scrape.

Beside it the way of most libraries: keep the raw values, here in a deque of the last 10,000 of each
column, and hand them to scipy's two-sample test, here once for one window.

Run: ``python benchmarks/drift_update.py [--columns N] [--records N] [--batch N]``
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import deque
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp

from exporter.config import DriftSettings
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.event_time import EventTime
from exporter.monitors.drift import Drift
from exporter.records import Categorical, FeatureColumn, RecordBatch
from exporter.windows import Window

WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
NOW = 1_700_000_000.0
RATE = 1_000.0
REPEATS = 5


def batch(random: np.random.Generator, names: list[str], n: int, start: float) -> RecordBatch:
    """Return n predictions from `start` on, RATE a second, with normal features."""
    nothing = np.full(n, np.nan)
    times = start + np.arange(n) / RATE
    return RecordBatch(
        received=float(times[-1]),
        timestamp=times,
        event_time=times,
        version=Categorical.empty(n),
        attempt=np.ones(n, dtype=bool),
        failed=np.zeros(n, dtype=bool),
        error_type=Categorical.empty(n),
        prediction=Categorical(random.integers(0, 3, n).astype(np.int32), ("a", "b", "c")),
        prediction_value=nothing,
        label=Categorical.empty(n),
        label_value=nothing,
        confidence=random.uniform(0, 1, n),
        latency=nothing,
        features={name: FeatureColumn(random.normal(size=n).tolist()) for name in names},
    )


def naive(
    batches: list[RecordBatch], names: list[str], random: np.random.Generator
) -> tuple[float, float]:
    """Return the seconds that updates and one round of tests take on raw values."""
    references = {name: random.normal(size=10_000) for name in names}
    kept: dict[str, deque[float]] = {name: deque(maxlen=10_000) for name in names}
    begin = time.perf_counter()
    for each in batches:
        # As a service does it: record by record.
        for row in zip(*(each.features[name].raw for name in names), strict=True):
            for name, value in zip(names, row, strict=True):
                kept[name].append(value)
    updated = time.perf_counter()
    for name in names:
        ks_2samp(references[name], np.array(kept[name]), method="asymp")
    return updated - begin, time.perf_counter() - updated


def main() -> None:
    """Print the medians of some runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=2_000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    names = [f"f{i:04}" for i in range(options.columns)]
    profile = Profile()
    profile.add(batch(random, names, 10_000, NOW))
    reference = Reference("bench", "", Provenance((), 0, None, None), profile.columns())
    place = EventTime(WINDOWS, replay=False)
    batches = [
        place.place(batch(random, names, options.batch, NOW + start / RATE))
        for start in range(0, options.records, options.batch)
    ]
    updates, snapshots, scrapes = [], [], []
    for _ in range(REPEATS):
        drift = Drift(
            {"model": "m", "version": "1"}, WINDOWS, DriftSettings(reference=Path("x")), reference
        )
        for each in batches:
            # What the last run has worked out of it.
            each.derived.clear()
        begin = time.perf_counter()
        for each in batches:
            drift.update(each)
        updates.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        taken = drift.snapshot()
        snapshots.append(time.perf_counter() - begin)
        now = batches[-1].received
        list(drift.families(taken, now))
        begin = time.perf_counter()
        list(drift.families(taken, now))
        scrapes.append(time.perf_counter() - begin)
    naive_update, naive_scrape = naive(batches, names, random)
    values = len(batches) * options.batch * len(reference.columns)
    print(f"{len(reference.columns)} columns, {len(WINDOWS)} windows, batches of {options.batch}")
    update, scrape = statistics.median(updates), statistics.median(scrapes)
    print(
        f"update    {values / update / 1e6:8.1f} million values a second, "
        f"{naive_update / update:.1f} x as fast as deques"
    )
    print(f"snapshot  {statistics.median(snapshots) * 1e3:8.2f} ms")
    print(
        f"scrape    {scrape * 1e3:8.2f} ms for all windows, "
        f"{naive_scrape / scrape:.0f} x as fast as scipy on raw values"
    )


if __name__ == "__main__":
    main()
