"""How often sequential evidence alarms without drift, and how soon it does with a shift.

Every run has a fresh reference of 10,000 normal values, alpha is .01. Autocorrelated traffic
(AR(1), rho = .7, reference included) is reported as it is and with the autocorrelation time of the
reference taken into account. Then ADWIN on confidences and errors. Exits with 1 if more than 19 of
1,000 independent runs alarm, or if the median delay exceeds 2,500 records at .2 sd or 400 at .5 sd.

Run: ``python benchmarks/drift_sequential.py [--runs N] [--records N]``
"""

from __future__ import annotations

import argparse
import math
import sys
import time

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from exporter.drift.autocorrelation import of_numbers
from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.sequential.adwin import Adwin
from exporter.drift.sequential.band import Band
from exporter.drift.sequential.evidence import BLOCK, BandEvidence, threshold_log10

REFERENCE, ALPHA, AT_ONCE, CLEAN, CHUNK = 10_000, 0.01, 100, 25_000, 1_000
MOST_FALSE = 19
SHIFTS = {0.2: 2_500, 0.5: 400}
MOST_DELAY = 30_000


class Traffic:
    """Stationary normal values of variance 1 in columns that go on from call to call."""

    def __init__(self, random: np.random.Generator, columns: int, rho: float) -> None:
        self._random, self._rho = random, rho
        self._last = random.normal(size=columns)

    def draw(self, n: int) -> NDArray[np.float64]:
        """Return float64[n, columns]."""
        noise = self._random.normal(size=(n, len(self._last)))
        if self._rho == 0:
            return noise
        noise *= math.sqrt(1 - self._rho**2)
        values, _ = lfilter([1], [1, -self._rho], noise, axis=0, zi=self._rho * self._last[None, :])
        self._last = values[-1]
        return values


def column(values: NDArray[np.float64]) -> NumericColumn:
    """Profile values as the reference build does."""
    ordered = np.sort(values)
    edges = quantile_edges(ordered)
    nothing = Moments(None, None, None, None)
    return NumericColumn("x", len(values), 0, edges, count(ordered, edges), nothing, ordered)


class Run:
    """Columns with a fresh reference each, and the evidence against them."""

    def __init__(self, random: np.random.Generator, columns: int, rho: float, *, tau: bool) -> None:
        self.traffic = Traffic(random, columns, rho)
        past = Traffic(random, columns, rho).draw(REFERENCE)
        self.columns = [column(past[:, position]) for position in range(columns)]
        times = [of_numbers(values) for values in past.T]
        taus = np.array(times) if tau else np.ones(columns)
        bands = [
            Band.of(one, ALPHA / 2, tau=float(its))
            for one, its in zip(self.columns, taus, strict=True)
        ]
        self.evidence = BandEvidence(bands, taus, peaks=True)
        self.seconds = 0.0

    def add(self, n: int, shift: float = 0.0) -> None:
        """Let n records pass."""
        values = self.traffic.draw(n) + shift
        cells = [one.assign(values[:, position]) for position, one in enumerate(self.columns)]
        start = time.perf_counter()
        self.evidence.add(cells)
        self.seconds += time.perf_counter() - start

    @property
    def alarmed(self) -> NDArray[np.bool_]:
        """bool[columns], whether the evidence has ever sufficed."""
        return self.evidence.peak_log10 >= threshold_log10(ALPHA)


def false_alarms(
    random: np.random.Generator, runs: int, records: int, rho: float, *, tau: bool
) -> tuple[int, float, float]:
    """Return the runs that alarm, the highest evidence, and nanoseconds for each value."""
    alarms, highest, seconds = 0, -math.inf, 0.0
    for first in range(0, runs, AT_ONCE):
        run = Run(random, min(AT_ONCE, runs - first), rho, tau=tau)
        for _ in range(records // CHUNK):
            run.add(CHUNK)
        alarms += int(run.alarmed.sum())
        highest = max(highest, float(run.evidence.peak_log10.max()))
        seconds += run.seconds
    return alarms, highest, seconds / (runs * records) * 1e9


def delays(
    random: np.random.Generator, runs: int, shift: float, rho: float, *, tau: bool
) -> NDArray[np.float64]:
    """Return the records from the shift to the alarm, infinite where there was none in time."""
    run = Run(random, runs, rho, tau=tau)
    for _ in range(CLEAN // CHUNK):
        run.add(CHUNK)
    clean = ~run.alarmed
    found = np.full(runs, np.inf)
    for passed in range(BLOCK, MOST_DELAY + 1, BLOCK):
        run.add(BLOCK, shift)
        found[run.alarmed & np.isinf(found)] = passed
        if run.alarmed.all():
            break
    return found[clean]


def print_adwin(random: np.random.Generator, runs: int) -> None:
    """Print how often ADWIN reports a change without one, and how soon it finds one."""
    print(f"\nADWIN, delta .002, {runs} runs: changes in {CLEAN} values without any; then the mean")
    print("falls, delay in records")
    streams = {
        "confidence .9 to .8": (lambda n: random.beta(9, 1, n), lambda n: random.beta(8, 2, n)),
        "errors .1 to .2": (lambda n: random.random(n) < 0.1, lambda n: random.random(n) < 0.2),
    }
    for name, (before, after) in streams.items():
        changed, found = 0, []
        for _ in range(runs):
            adwin = Adwin()
            adwin.add(before(CLEAN))
            changed += adwin.changes > 0
            changes = adwin.changes
            adwin.add(after(3_000))
            found.append(adwin.changed_at - CLEAN if adwin.changes == changes + 1 else np.nan)
        late = np.nanmedian(found)
        print(f"{name:20}  runs with a change {changed:3}  median of a single change {late:5.0f}")
    start = time.perf_counter()
    Adwin().add(random.random(1_000_000))
    print(f"{(time.perf_counter() - start) * 1e3:.0f} ns for each value")


def main() -> int:
    """Print everything; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    failed = False
    print(f"no drift, {options.runs} references, {options.records} records each, alpha {ALPHA}")
    print("traffic                  alarms  highest log10 (alarm at 2.30)  ns/value")
    fewer = max(options.runs // 5, 1)
    for name, runs, rho, tau in (
        ("independent", options.runs, 0.0, False),
        ("independent, tau", fewer, 0.0, True),
        ("rho .7 as it is", fewer, 0.7, False),
        ("rho .7, tau", fewer, 0.7, True),
    ):
        alarms, highest, cost = false_alarms(random, runs, options.records, rho, tau=tau)
        print(f"{name:18} {alarms:5} of {runs:5}  {highest:8.2f} {cost:30.0f}")
        failed |= name == "independent" and alarms > MOST_FALSE * runs / 1_000
    print(f"\nshift after {CLEAN} clean records, {fewer} references: delay in records")
    print("traffic       shift  median    p90")
    for name, rho, tau in (("independent", 0.0, False), ("rho .7, tau", 0.7, True)):
        for shift, most in SHIFTS.items():
            found = delays(random, fewer, shift, rho, tau=tau)
            median = float(np.median(found))
            print(
                f"{name:12} {shift:6} {median:7.0f} {np.quantile(found, 0.9, method='lower'):6.0f}"
            )
            failed |= rho == 0 and median > most
    print_adwin(random, fewer)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
