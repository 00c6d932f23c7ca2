"""How close the mean absolute error comes that is estimated without labels.

A reference, a log and its labels are given. Chunk by chunk the estimate is compared with what was
realised, beside two others: the constant error of the reference, and gradient boosting on the same
columns (scikit-learn's, in the place of the LightGBM model that NannyML's DLE fits). Then the share
of chunks, drawn anew from each half of the log, whose realised error is in the band, by trees of
several draws; and the same for chunks of the reference, drawn so that their inputs differ, by trees
that never saw them: there nothing but the inputs has changed.

Run: ``python benchmarks/estimation_regression.py REFERENCE LOG LABELS [--chunk N] [--resamples N]``
(JSON lines, .gz or not; LABELS has `request_id` and `true_label`)
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from exporter.drift.profile import Profile
from exporter.estimation.bagging import SEED, learn
from exporter.estimation.expected_error import ExpectedError
from exporter.estimation.labelled_sample import LabelledSample
from exporter.event_time import EventTime
from exporter.monitors.estimated_error import EstimatedError
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.windows import Window

SEEDS = range(8)
WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86_400.0))


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        yield from map(bytes.rstrip, file)


def parsed(rows: list[bytes]) -> RecordBatch:
    """Return a log as one batch."""
    batch = JsonLines("regression", {}, None).parse(rows, 4e9).batch
    return EventTime(WINDOWS, replay=True).place(batch)


def learned(batch: RecordBatch, seed: int = SEED) -> ExpectedError:
    """Return what a reference teaches."""
    profile, sample = Profile(), LabelledSample()
    profile.add(batch)
    sample.add(batch)
    expected = learn(sample, profile.columns(), seed)
    assert expected is not None
    return expected


def inputs(expected: ExpectedError, batch: RecordBatch) -> NDArray[np.float64]:
    """Return [n, columns], NaN where a value is missing."""
    values = np.column_stack([column.read(batch) for column in expected.inputs])
    return np.where(np.isfinite(values), values, np.nan)


class Estimates:
    """Estimates the mean of any rows of a batch."""

    def __init__(self, expected: ExpectedError, batch: RecordBatch) -> None:
        self._expected = expected
        self._leaves = expected.leaves(batch)

    def of(self, rows: NDArray[np.intp]) -> tuple[float, float, float]:
        """Return the estimate and its band."""
        counts = np.bincount(self._leaves[:, rows].reshape(-1), minlength=len(self._expected.mean))
        return self._expected.estimate(counts)


def by_chunk(
    expected: ExpectedError,
    reference: RecordBatch,
    log: RecordBatch,
    realised: NDArray[np.float64],
    chunk: int,
) -> None:
    """Print estimates and realised errors, and how far each way of estimating is off."""
    peer = HistGradientBoostingRegressor(random_state=0)
    peer.fit(
        inputs(expected, reference), np.abs(reference.prediction_value - reference.label_value)
    )
    boosted = peer.predict(inputs(expected, log))
    ours = Estimates(expected, log)
    off: dict[str, list[float]] = {"constant": [], "boosting": [], "modeltail": []}
    for first in range(0, len(log), chunk):
        rows = np.arange(first, min(first + chunk, len(log)))
        mean, low, high = ours.of(rows)
        actual = realised[rows].mean()
        for name, figure in zip(off, (expected.realised, boosted[rows].mean(), mean), strict=True):
            off[name].append(figure - actual)
        print(f"{first:>8,}  estimated {mean:.1f} [{low:.1f}, {high:.1f}]  realised {actual:.1f}")
    print(f"{'off by (mean absolute, signed)':32}{'first half':>20}{'second half':>20}")
    for name, errors in off.items():
        halves = "".join(
            f"{f'{np.abs(half).mean():.1f}, {np.mean(half):+.1f}':>20}"
            for half in np.array_split(errors, 2)
        )
        print(f"{name:32}{halves}")


def coverage(
    drawn: Sequence[Estimates],
    realised: NDArray[np.float64],
    among: NDArray[np.intp],
    chunk: int,
    resamples: int,
) -> str:
    """Return the share of chunks drawn anew whose realised error is in the band, by estimates."""
    shares = []
    for seed, estimates in enumerate(drawn):
        random = np.random.default_rng(seed)
        inside = 0
        for _ in range(resamples):
            rows = random.choice(among, chunk)
            _, low, high = estimates.of(rows)
            inside += low <= realised[rows].mean() <= high
        shares.append(inside / resamples)
    return f"{np.mean(shares):.3f} ({', '.join(f'{share:.3f}' for share in shares)})"


def shifted(batch: RecordBatch, chunk: int) -> None:
    """Print the coverage where only inputs change: other parts of the reference, drawn unevenly."""
    realised = np.abs(batch.prediction_value - batch.label_value)
    for strength in (0.0, 0.5, 1.0):
        inside, off, still, drawn = 0, [], [], 0
        for seed in SEEDS:
            random = np.random.default_rng(seed)
            half = random.random(len(batch)) < 0.5
            known, rest = np.flatnonzero(half), np.flatnonzero(~half)
            expected = learned(batch.take(known))
            estimates = Estimates(expected, batch)
            values = np.nan_to_num(inputs(expected, batch)[rest])
            spread = values.std(axis=0)
            values = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
            for _ in range(40):
                towards = random.normal(0, strength, values.shape[1])
                weight = np.exp(np.clip(values @ towards, -4, 4))
                # Each record at most once: a few of great weight would be no sample of anything.
                rows = rest[random.random(len(rest)) < chunk * weight / weight.sum()]
                mean, low, high = estimates.of(rows)
                inside += low <= realised[rows].mean() <= high
                off.append(abs(mean - realised[rows].mean()))
                still.append(abs(expected.realised - realised[rows].mean()))
                drawn += 1
        print(f"inputs shifted by {strength:.1f} standard deviations: in the band", end=" ")
        print(f"{inside / drawn:.3f}, off by {np.mean(off):.1f} (constant: {np.mean(still):.1f})")


def speed(expected: ExpectedError, log: RecordBatch, size: int = 5_000) -> None:
    """Print what a record costs."""
    monitor = EstimatedError({"model": "m", "version": ""}, WINDOWS, expected)
    batches = [log.take(np.arange(at, at + size)) for at in range(0, len(log) - size + 1, size)]
    for batch in batches:
        # Others pay for reading features; each column is read once.
        expected.leaves(batch)
    began = time.perf_counter()
    for batch in batches:
        monitor.update(batch)
    nanoseconds = (time.perf_counter() - began) / (len(batches) * size) * 1e9
    stored = len(json.dumps(expected.document(), separators=(",", ":")))
    print(
        f"update: {nanoseconds:.0f} ns a record of {len(expected.inputs)} columns, {len(WINDOWS)} "
        f"windows; {expected.forest.leaves} leaves; {stored / 1e3:.0f} kB in the reference"
    )


def main() -> None:
    """Print estimates and realised errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("reference", "log", "labels"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--chunk", type=int, default=5_000)
    parser.add_argument("--resamples", type=int, default=400)
    options = parser.parse_args()
    reference = parsed(list(lines(options.reference)))
    began = time.perf_counter()
    expected = learned(reference)
    print(f"learned from {expected.records:,} in {time.perf_counter() - began:.1f} s")
    truth = {one["request_id"]: one["true_label"] for one in map(json.loads, lines(options.labels))}
    log = parsed(list(lines(options.log)))
    assert log.request_id is not None
    label = np.array([truth[one] for one in log.request_id], dtype=np.float64)
    log = replace(log, label_value=label)
    realised = np.abs(log.prediction_value - label)
    by_chunk(expected, reference, log, realised, options.chunk)
    drawn = [Estimates(learned(reference, seed), log) for seed in SEEDS]
    for name, half in zip(("first", "second"), np.array_split(np.arange(len(log)), 2), strict=True):
        found = coverage(drawn, realised, half, options.chunk, options.resamples)
        print(f"in the band, chunks of the {name} half drawn anew: {found}")
    shifted(reference, options.chunk)
    speed(expected, log)


if __name__ == "__main__":
    main()
