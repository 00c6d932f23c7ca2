"""How close performance comes that is estimated without labels.

A reference, a log and its labels are given; chunk by chunk the estimates are compared with what was
realised. Beside it, for each part of the log and each seed, the share of chunks, drawn anew from
the part, whose figure is in the band; which windows of all that has an extreme value of a feature,
the lowest or the highest tenth or a single category, are in the band; and how long an estimate
takes.

Run: ``python benchmarks/estimation.py REFERENCE LOG LABELS [--chunk N] [--resamples N]
[--seeds N] [--parts N]``
(JSON lines, .gz or not; LABELS has `request_id` and `true_label`)
"""

from __future__ import annotations

import argparse
import gzip
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from exporter.drift.profile import Profile
from exporter.estimation.estimate import estimates
from exporter.estimation.figures import figures
from exporter.estimation.reliability import Reliability, cells
from exporter.joining.lookup import LabelTable
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch


def batch_of(path: Path, features: tuple[str, ...] | None = ()) -> RecordBatch:
    """Return the records of a file."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        return JsonLines(features=features).parse([*map(bytes.rstrip, file)], 4e9).batch


class Labelled:
    """Predictions of a log with their ground truth, as a reference counts them."""

    def __init__(self, batch: RecordBatch, reliability: Reliability) -> None:
        at = cells(batch, reliability.classes)
        rows = np.flatnonzero((at >= 0) & batch.labelled)
        self._at, self._right = at[rows], batch.right[rows]
        self._features = {name: column.take(rows) for name, column in batch.features.items()}
        self._shape = reliability.predictions.shape
        self.figures = figures(len(reliability.predictions))

    def __len__(self) -> int:
        return len(self._at)

    def extremes(self) -> Iterator[tuple[str, Any]]:
        """Yield a name and the rows of what has an extreme value of a feature."""
        for name, column in self._features.items():
            numbers = column.numeric()
            if np.isfinite(numbers).mean() > 1 / 2:
                low, high = np.nanquantile(numbers, (0.1, 0.9))
                yield f"lowest tenth of {name}", np.flatnonzero(numbers <= low)
                yield f"highest tenth of {name}", np.flatnonzero(numbers >= high)
                continue
            classes = column.categorical()
            for code, value in enumerate(classes.values):
                yield f"{name} {value}", np.flatnonzero(classes.codes == code)

    def counted(self, rows: Any) -> tuple[Any, dict[str, float]]:
        """Return the counts of some predictions, and their realised figures."""
        at, right = self._at[rows], self._right[rows]
        number, positive = (
            np.bincount(some, minlength=math.prod(self._shape)).reshape(self._shape)
            for some in (at, at[right])
        )
        if len(number) > 1:
            positive[0] = number[0] - positive[0]
        share = positive / np.maximum(number, 1)
        return number, {name: float(one.value(number, share)) for name, one in self.figures.items()}


def compare(labelled: Labelled, reliability: Reliability, chunk: int) -> None:
    """Print estimated and realised figures of chunks, and the mean errors."""
    errors = defaultdict(list)
    for first in range(0, len(labelled), chunk):
        number, realised = labelled.counted(slice(first, first + chunk))
        for name, band in estimates(reliability, number).items():
            errors[name].append(band.value - realised[name])
            ends = f"{band.value:.4f} [{band.lower:.4f}, {band.upper:.4f}]"
            print(f"{first:>8,}  {name:8} estimated {ends}  realised {realised[name]:.4f}")
    for name, those in errors.items():
        print(
            f"{name}: mean absolute error {np.abs(those).mean():.4f}, signed {np.mean(those):+.4f}"
        )


def covered(
    labelled: Labelled, reliability: Reliability, rows: Any, seed: int, options: argparse.Namespace
) -> dict[str, float]:
    """Return how often the realised figure of a chunk of some rows drawn anew is in the band."""
    random, inside = np.random.default_rng(seed), dict.fromkeys(labelled.figures, 0.0)
    for _ in range(options.resamples):
        number, realised = labelled.counted(random.choice(rows, options.chunk))
        for name, band in estimates(reliability, number).items():
            inside[name] += (band.lower <= realised[name] <= band.upper) / options.resamples
    return inside


def shown(shares: dict[str, float]) -> str:
    """Return shares as text."""
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())


def cover(labelled: Labelled, reliability: Reliability, options: argparse.Namespace) -> None:
    """Print the coverage of each part of the log, and of windows of extreme values alone."""
    began = time.perf_counter()
    parts = np.array_split(np.arange(len(labelled)), options.parts)
    for position, part in enumerate(parts, 1):
        for seed in range(options.seeds):
            shares = covered(labelled, reliability, part, seed, options)
            print(f"part {position} of {options.parts}, seed {seed}: in the band {shown(shares)}")
    each = (time.perf_counter() - began) / options.parts / options.seeds / options.resamples
    print(f"{each * 1000:.2f} ms for each chunk drawn and estimated")
    for position, part in enumerate(parts, 1):
        inside, windows = dict.fromkeys(labelled.figures, 0), 0
        for name, rows in labelled.extremes():
            number, realised = labelled.counted(np.intersect1d(part, rows))
            found = estimates(reliability, number)
            fits = {figure: b.lower <= realised[figure] <= b.upper for figure, b in found.items()}
            windows += 1
            for figure, fit in fits.items():
                inside[figure] += fit
            print(f"part {position}, {name}, {number.sum():,}: in the band {fits}")
        print(f"part {position}: of {windows} such windows in the band {inside}")


def main() -> None:
    """Print estimates and what was realised."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("reference", "log", "labels"):
        parser.add_argument(name, type=Path)
    for name, default in (("chunk", 5_000), ("resamples", 1_000), ("seeds", 5), ("parts", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    profile = Profile()
    profile.add(batch_of(options.reference, None))
    reliability = profile.reliability()
    if reliability is None:
        parser.error("the reference has too few labelled predictions")
    for name, spread in reliability.spreads.items():
        print(f"spread of {name}: periods {spread.periods:.4f}, shift {spread.shift:.4f}")
    table = LabelTable()
    table.add(batch_of(options.labels))
    batch, _ = table.fill(batch_of(options.log, None))
    labelled = Labelled(batch, reliability)
    compare(labelled, reliability, options.chunk)
    cover(labelled, reliability, options)


if __name__ == "__main__":
    main()
