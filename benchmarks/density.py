"""Which records are found improbable, how often wrongly, and what it costs.

Beside it a score per feature (the largest deviation in standard deviations) and
scipy.stats.gaussian_kde, both with a threshold at their own 1 % quantile on the same held-out
records. Run ``python -m benchmarks.density``: a quarter of an hour at most, with
OPENBLAS_NUM_THREADS=1 if gaussian_kde is not to wait for other threads. Another log, in JSON, with
``--reference FILE --log FILE [--changed ROW]``.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import gaussian_kde

from exporter.config.density import DensitySettings
from exporter.density.kernel import KernelDensity
from exporter.density.learning import CLASS, PREFIX, UNCERTAINTY, learn
from exporter.density.profile import DensityProfile
from exporter.density.reference import DensityReference
from exporter.density.row_sample import RowSample
from exporter.drift.profile import Profile
from exporter.event_time import EventTime
from exporter.monitors.density import Density
from exporter.parsing.json_lines import JsonLines
from exporter.records import FeatureColumn, Floats, RecordBatch
from exporter.windows import Window

ALPHA, LEVEL = 0.01, 0.05
FACTORS, DIMENSION = 3, 10
REFERENCES = 400
NOW = 1_700_000_000.0
WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))


def draw(random: np.random.Generator, n: int, loadings: Floats) -> Floats:
    """Return float64[n, d], skewed numbers that depend on each other through a few factors."""
    factors = random.standard_normal((n, len(loadings)))
    found: Floats = np.exp(
        0.5 * (factors @ loadings + 0.3 * random.standard_normal((n, DIMENSION)))
    )
    return found


def learned(values: Floats, uncertainty: Floats | None = None) -> DensityReference:
    """Return what is learned of records in the order of time."""
    sample = RowSample()
    names = [f"{number:02}" for number in range(values.shape[1])]
    columns = {PREFIX + name: column for name, column in zip(names, values.T, strict=True)}
    columns[CLASS] = np.full(len(values), np.nan)
    if uncertainty is not None:
        columns[UNCERTAINTY] = uncertainty
    sample.add(columns, len(values))
    found = learn(sample, "features", names, ())
    assert found is not None
    return found


def p_values(reference: DensityReference, values: Floats) -> Floats:
    """Return float64[n] for records of no class."""
    coordinates, _ = reference.space.coordinates(values)
    groups = np.full(len(values), len(reference.score.classes), dtype=np.int64)
    return reference.calibration.p_values(reference.score.of(coordinates, groups))


def false_alarms() -> None:
    """Print how often the window's p-value is at most .05 without drift."""
    print(
        f"p of a window <= {LEVEL} without drift, {REFERENCES} fresh references each, alpha {ALPHA}"
    )
    for rho in (0.0, 0.7):
        for size in (500, 2_000, 10_000):
            rates = []
            for window in (100, 1_000, 20_000):
                random = np.random.default_rng(size + window)
                alarms = 0
                for _ in range(REFERENCES):
                    noise = random.standard_normal((100 + size + 1_000 + window, 2))
                    series = lfilter([np.sqrt(1 - rho**2)], [1, -rho], noise, axis=0)[100:]
                    reference = learned(series[:size])
                    count = (p_values(reference, series[size + 1_000 :]) <= ALPHA).sum()
                    excess = reference.calibration.excess(float(count), window, ALPHA)
                    alarms += excess <= LEVEL
                rates.append(f"{window}: {alarms / REFERENCES:.3f}")
            print(f"  rho {rho}, reference of {size}, window of {', '.join(rates)}")


def planted(values: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield what is done to records, and them: each feature times 10, each two swapped."""
    dimension = values.shape[1]
    enlarged, swapped = values.copy(), values.copy()
    rows = np.arange(len(values))
    first = rows % dimension
    second = (first + 1 + rows // dimension % (dimension - 1)) % dimension
    enlarged[rows, first] *= 10
    swapped[rows, first], swapped[rows, second] = values[rows, second], values[rows, first]
    yield "a feature x 10", enlarged
    yield "two swapped", swapped


def peers(fitted: Floats, held_out: Floats) -> dict[str, Callable[[Floats], NDArray[np.bool_]]]:
    """Return which records others find improbable, by name."""
    mean, std = fitted.mean(axis=0), fitted.std(axis=0)

    def deviation(values: Floats) -> Floats:
        found: Floats = -np.abs((values - mean) / std).max(axis=1)
        return found

    chosen = np.random.default_rng(0).permutation(len(fitted))[:1_000]
    kernels = gaussian_kde(fitted[chosen].T)
    found = {}
    scores: dict[str, Callable[[Floats], Floats]] = {
        "z-score": deviation,
        "gaussian_kde": lambda values: kernels.logpdf(values.T),
    }
    for name, score in scores.items():
        limit = np.quantile(score(held_out), ALPHA)
        found[name] = lambda values, score=score, limit=limit: score(values) < limit
    return found


def recall(
    reference: DensityReference,
    found: Callable[[Floats], NDArray[np.bool_]],
    fitted: Floats,
    held_out: Floats,
    fresh: Floats,
) -> None:
    """Print the share of planted records that is found, beside that of untouched ones."""
    others = peers(fitted, held_out)
    finders = {"density": found, **others}
    rows = [("untouched", fresh), *planted(fresh)]
    print(f"  {len(reference.space.names)} features; share found at alpha {ALPHA}:")
    for name, finder in finders.items():
        shares = ", ".join(f"{what} {finder(values).mean():.3f}" for what, values in rows)
        print(f"    {name:>12}: {shares}")


def synthetic() -> None:
    """Print what is found of planted records in simulated features."""
    random = np.random.default_rng(1)
    loadings = random.standard_normal((FACTORS, DIMENSION))
    values = draw(random, 10_000, loadings)
    reference = learned(values)
    fresh = draw(random, 4_500, loadings)
    print("simulated")
    recall(
        reference,
        lambda some: p_values(reference, some) <= ALPHA,
        values[::2],
        values[1::2],
        fresh,
    )


def uncertain() -> None:
    """Print what density, uncertainty and both find of planted records."""
    random = np.random.default_rng(3)
    loadings = random.standard_normal((FACTORS, DIMENSION))
    values, unsure = draw(random, 10_000, loadings), random.beta(2, 5, 10_000)
    reference = learned(values, unsure)
    combination = reference.combination
    assert combination is not None
    fresh = draw(random, 4_500, loadings)
    usual, raised = random.beta(2, 5, 4_500), random.beta(5, 2, 4_500)
    limit = np.quantile(unsure, 1 - ALPHA)
    print(f"with uncertainty; share found at alpha {ALPHA} by density, uncertainty, both:")
    tried = [("untouched", fresh, usual)]
    for what, strange in planted(fresh):
        tried += [(what, strange, usual), (f"{what}, more uncertain", strange, raised)]
    for what, some, beside in tried:
        coordinates, _ = reference.space.coordinates(some)
        scores = reference.score.of(coordinates, np.zeros(len(some), dtype=np.int64))
        both = combination.calibration.improbable(combination.score(scores, beside), ALPHA)
        alone = reference.calibration.improbable(scores, ALPHA)
        shares = f"{alone.mean():.3f}, {(beside > limit).mean():.3f}, {both.mean():.3f}"
        print(f"  {what}: {shares}")


def lines(path: Path) -> list[bytes]:
    """Return the lines of a log."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return file.read().splitlines()


def real(before: Path, after: Path, changed: int | None) -> None:
    """Print the share of improbable records of a log, and what is found of planted ones."""
    parser = JsonLines(features=None)
    profile, density = Profile(), DensityProfile()
    old = parser.parse(lines(before), NOW).batch
    profile.add(old)
    density.add(old)
    columns = profile.columns()
    (reference,) = density.finish(columns, ordered=True)
    new = parser.parse(lines(after), NOW).batch
    matrix = reference.values(new)
    values = reference.values(old)
    assert matrix is not None
    assert values is not None
    groups = reference.score.encode(new.prediction.values, new.prediction.codes)

    def improbable(some: Floats) -> NDArray[np.bool_]:
        coordinates, _ = reference.space.coordinates(some)
        scores = reference.score.of(coordinates, groups[: len(some)])
        return reference.calibration.improbable(scores, ALPHA)

    print(f"{after.name}, tau {reference.calibration.tau:.1f}")
    found = improbable(matrix)
    parts = [("all", found)]
    if changed:
        parts = [("before the change", found[:changed]), ("after", found[changed:])]
    for name, part in parts:
        first = reference.calibration.excess(float(part[:1_000].sum()), 1_000, ALPHA)
        excess = reference.calibration.excess(float(part.sum()), len(part), ALPHA)
        print(
            f"  {name}: {part.mean():.4f} improbable, p {excess:.2g}; "
            f"of its first 1,000 {part[:1_000].mean():.3f}, p {first:.2g}"
        )
    recall(reference, improbable, values[::2], values[1::2], matrix[:4_000])


def cost() -> None:
    """Print what a record costs, alone and with others."""
    random = np.random.default_rng(2)
    for points in (500, 1_000):
        known = random.standard_normal((points, DIMENSION))
        kernels, peer = KernelDensity(known, 0.6), gaussian_kde(known.T)
        for number in (1, 256, 2_000):
            values = random.standard_normal((number, DIMENSION))
            mine = _fastest(kernels.log_density, values) / number
            theirs = _fastest(peer.logpdf, values.T) / number
            print(
                f"{points} points, {DIMENSION} dimensions, {number} at once: {mine * 1e6:.2f} us a "
                f"record, gaussian_kde {theirs * 1e6:.2f}: {theirs / mine:.1f} times"
            )
    values = random.standard_normal((10_000, DIMENSION))
    reference = learned(values)
    read = JsonLines().parse([b'{"prediction": "a"}'] * 1_000, NOW).batch
    batches = [_batch(read, values[at : at + 1_000]) for at in range(0, 10_000, 1_000)]
    for share in (1.0, 0.1):
        monitor = Density({"model": "m"}, WINDOWS, DensitySettings(sample=share), reference)
        best = min(_fastest(monitor.update, each) for each in batches) / 1_000
        print(
            f"monitor, {len(reference.score.points)} points, sample {share}: "
            f"{best * 1e6:.2f} us a record"
        )
        scrape = _fastest(_scrape, monitor)
        print(f"  scrape: {scrape * 1e3:.2f} ms")


def _scrape(monitor: Density) -> None:
    list(monitor.families(monitor.snapshot(), NOW))


def _batch(read: RecordBatch, values: Floats) -> RecordBatch:
    columns = {f"{number:02}": FeatureColumn(one.tolist()) for number, one in enumerate(values.T)}
    for column in columns.values():
        # As drift does, which comes first.
        column.numeric()
    return replace(EventTime(WINDOWS, replay=False).place(read), features=columns)


def _fastest(call: Callable[[Any], object], given: object) -> float:
    return min(_seconds(call, given) for _ in range(15))


def _seconds(call: Callable[[Any], object], given: object) -> float:
    start = time.perf_counter()
    call(given)
    return time.perf_counter() - start


def main() -> None:
    """Run all of it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--reference", type=Path)
    arguments.add_argument("--log", type=Path)
    arguments.add_argument("--changed", type=int)
    options = arguments.parse_args()
    if options.reference and options.log:
        real(options.reference, options.log, options.changed)
        return
    cost()
    synthetic()
    uncertain()
    false_alarms()


if __name__ == "__main__":
    main()
