"""How close performance comes that is estimated without labels.

A reference, a log and its labels are given; chunk by chunk the estimates are compared with what was
realised. Beside it, for each part of the log and each seed, the share of chunks, drawn anew from
the part, whose figure is in the band; and how long an estimate takes.

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
        self._shape = reliability.predictions.shape
        self.figures = figures(len(reliability.predictions))

    def __len__(self) -> int:
        return len(self._at)

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


def cover(labelled: Labelled, reliability: Reliability, options: argparse.Namespace) -> None:
    """Print how often the realised figure of a chunk drawn anew is in the band."""
    began = time.perf_counter()
    for position, part in enumerate(np.array_split(np.arange(len(labelled)), options.parts)):
        for seed in range(options.seeds):
            random, inside = np.random.default_rng(seed), dict.fromkeys(labelled.figures, 0)
            for _ in range(options.resamples):
                number, realised = labelled.counted(random.choice(part, options.chunk))
                for name, band in estimates(reliability, number).items():
                    inside[name] += band.lower <= realised[name] <= band.upper
            shares = ", ".join(f"{name} {n / options.resamples:.1%}" for name, n in inside.items())
            print(f"part {position + 1} of {options.parts}, seed {seed}: in the band {shares}")
    each = (time.perf_counter() - began) / options.parts / options.seeds / options.resamples
    print(f"{each * 1000:.2f} ms for each chunk drawn and estimated")


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
    batch, _ = table.fill(batch_of(options.log))
    labelled = Labelled(batch, reliability)
    compare(labelled, reliability, options.chunk)
    cover(labelled, reliability, options)


if __name__ == "__main__":
    main()
