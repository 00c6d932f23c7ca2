"""False alarms on logs of predictions without drift, with an upper limit for their rate.

A log is cut into references of 5,000 records, built as `modeltail reference build` builds them;
each one is followed by all records behind it. Windows of n records slide over these in steps of a
twentieth, all columns are tested at every step, with the default settings; and exact tests look at
the last 10,000 values after every 500th.

Looks overlap, and the same records follow many references: they are by far not as many trials as
there are evaluations. As many as there are windows without a common record are taken to be
independent. The 95 % limits (Clopper and Pearson 1934) are for as many trials with the observed
rate, as Korn and Graubard (1998, "Confidence intervals for proportions with small expected number
of positive counts estimated from survey data") do, beside those that take each evaluation for one.

Exits with 1 if, over both logs, a corrected p-value is at most alpha in more than 5 % of the
evaluations, or drift that is held is told in more than one episode of 1,000.

Run: ``python benchmarks/drift_real.py [DIRECTORY] [--reference N] [--window N …]``

DIRECTORY holds the logs that NannyML publishes as JSON lines: car_loan.reference.jsonl.gz and
car_loan.jsonl.gz, whose world changes at the 25,000th record, and car_price.reference.jsonl.gz.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from exporter.config import ColumnSettings, DriftSettings
from exporter.drift.columns import NumericColumn
from exporter.drift.comparison import Comparison, select, select_samples
from exporter.drift.family import TestFamily
from exporter.drift.last_values import CAPACITY
from exporter.drift.observations import cells, numbers
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.sample_family import SampleFamily
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch

STEPS = 20
EXACT_STEP = 500
LOGS = {
    "car_loan": ("auto", ("car_loan.reference.jsonl.gz", "car_loan.jsonl.gz"), 75_000),
    "car_price": ("regression", ("car_price.reference.jsonl.gz",), 60_000),
}
"""Task, files in their order, and how many of their records are without drift."""
SETTINGS = DriftSettings(reference=Path("reference"))
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass
class Tally:
    """What was seen at the looks at one kind of window.

    Attributes
    ----------
    independent, independent_held
        Windows without a common record, and as many windows as are looked at to hold without one.
    flagged
        Looks at which any corrected p-value is at most alpha.
    momentary, held
        How often any column begins to be told to drift, by one look and as it is exposed.
    """

    independent: float = 0.0
    independent_held: float = 0.0
    evaluations: int = 0
    flagged: int = 0
    momentary: int = 0
    held: int = 0
    references: int = 0

    def add(self, flagged: Mask, momentary: Mask, held: Mask) -> None:
        """Add the looks at one stream; bool[looks, columns] each."""
        self.references += 1
        self.evaluations += len(flagged)
        self.flagged += int(flagged.any(axis=1).sum())
        self.momentary += episodes(momentary)
        self.held += episodes(held)

    def row(self, name: str) -> str:
        """Return a line of the table."""
        rates = [1000 * count / self.evaluations for count in self.counts]
        trials = (self.independent, self.independent, self.independent_held)
        limits = [
            (self.limit(count, self.evaluations), self.limit(count, apart))
            for count, apart in zip(self.counts, trials, strict=True)
        ]
        shown = "".join(
            f"{rate:8.1f} ({each:5.1f}, {apart:5.1f})"
            for rate, (each, apart) in zip(rates, limits, strict=True)
        )
        return f"{name:<34}{self.references:5}{self.evaluations:8,}{self.independent:8.0f}{shown}"

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many looks were flagged, and how many episodes there were of either kind."""
        return self.flagged, self.momentary, self.held

    def limit(self, count: int, trials: float) -> float:
        """Return the upper 95 % limit per 1,000, of as many trials with the observed rate."""
        positive = count / self.evaluations * trials
        return 1000 * float(beta.ppf(0.95, positive + 1, trials - positive))


Look = Callable[[Tally, Reference, RecordBatch], None]


def episodes(alarms: Mask) -> int:
    """Return how often any column begins to be flagged."""
    any_ = np.append(False, alarms.any(axis=1))
    return int((any_[1:] & ~any_[:-1]).sum())


def batch_of(directory: Path, task: str, files: Sequence[str], records: int) -> RecordBatch:
    """Return the first records of some files."""
    lines: list[bytes] = []
    for name in files:
        with gzip.open(directory / name, "rb") as file:
            lines += map(bytes.rstrip, file)
    return JsonLines(task=task, features=None).parse(lines[:records], 4e9).batch


def splits(batch: RecordBatch, size: int) -> Iterator[tuple[Reference, RecordBatch]]:
    """Yield references and all that follows each."""
    for start in range(0, len(batch) - size, size):
        profile = Profile()
        profile.add(batch.take(np.arange(start, start + size)))
        columns = profile.columns()
        reference = Reference("m", "", Provenance((), size, None, None), columns)
        yield reference, batch.take(np.arange(start + size, len(batch)))


def sliding(batch: RecordBatch, comparisons: Sequence[Comparison], n: int) -> Floats:
    """Return float64[looks, cells], what each window holds, a step apart."""
    step = n // STEPS
    steps = len(batch) // step
    of_step = np.arange(steps).repeat(step)
    parts = []
    for comparison in comparisons:
        size = len(comparison.column.counts)
        found = cells(batch, comparison.column)[: steps * step]
        flat = (of_step * size + found)[found >= 0]
        table = np.bincount(flat, minlength=steps * size).reshape(steps, size)
        total = np.cumsum(np.vstack((np.zeros((1, size)), table)), axis=0)
        parts.append(total[STEPS:] - total[:-STEPS])
    return np.concatenate(parts, axis=1)


def windows(tally: Tally, reference: Reference, batch: RecordBatch, n: int) -> None:
    """Look at windows of n records."""
    comparisons = select(SETTINGS, reference)
    family = TestFamily(comparisons, SETTINGS.correction, SETTINGS.min_samples)
    results = family.test(sliding(batch, comparisons, n))
    flagged = results.adjusted <= SETTINGS.alpha
    differs = flagged & (results.effect >= SETTINGS.min_effect)
    run = np.lib.stride_tricks.sliding_window_view(differs, STEPS + 1, axis=0)
    tally.add(flagged, differs, np.asarray(run.all(axis=-1), dtype=np.bool_))


def last_values(tally: Tally, reference: Reference, batch: RecordBatch, test: str) -> None:
    """Look at the last values of all columns of numbers."""
    columns = [one.name for one in reference.columns if isinstance(one, NumericColumn)]
    chosen = ColumnSettings.model_validate({"test": test, "exact": True})
    settings = SETTINGS.model_copy(update={"columns": dict.fromkeys(columns, chosen)})
    family = SampleFamily(select_samples(settings, reference), settings)
    values = [numbers(batch, name) for name in columns]
    looks = []
    for end in range(EXACT_STEP, len(batch) + 1, EXACT_STEP):
        recent = (column[max(0, end - CAPACITY) : end] for column in values)
        looks.append(family.look([column[np.isfinite(column)] for column in recent]))
    adjusted = np.concatenate([look.results.adjusted for look in looks])
    effect = np.concatenate([look.results.effect for look in looks])
    flagged = adjusted <= settings.alpha
    momentary = flagged & (effect >= settings.min_effect)
    tally.add(flagged, momentary, np.array([look.detected for look in looks]))


def main() -> int:
    """Print a table; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(__file__).parents[1].parent / "shared" / "data" / "predictions"
    parser.add_argument("directory", type=Path, nargs="?", default=default)
    parser.add_argument("--reference", type=int, default=5_000)
    parser.add_argument("--window", type=int, nargs="+", default=[600, 5_000])
    options = parser.parse_args()
    missing = [name for _, files, _ in LOGS.values() for name in files
               if not (options.directory / name).is_file()]  # fmt: skip
    if missing:
        print(f"{options.directory}: no {', '.join(missing)}", file=sys.stderr)
        return 2
    # Windows are held for the length of one more; the last values show by themselves whether.
    kinds: list[tuple[str, int, int, Look]] = [
        (f"windows of {n:,}", n, 2, partial(windows, n=n)) for n in options.window
    ]
    kinds += [
        (f"last {CAPACITY:,}, {test}", CAPACITY, 1, partial(last_values, test=test))
        for test in ("ks", "t")
    ]
    print("per 1,000 evaluations (95 % limit: if all were independent, of those that are)")
    print(f"{'':34}{'refs':>5}{'evals':>8}{'indep.':>8}{'any p <= alpha':>22}{'one look':>22}"
          f"{'held':>22}")  # fmt: skip
    tallies: dict[str, list[Tally]] = {kind: [] for kind, *_ in kinds}
    for log, (task, files, records) in LOGS.items():
        batch = batch_of(options.directory, task, files, records)
        for kind, n, held_for, _ in kinds:
            apart = (len(batch) - options.reference) / n
            tallies[kind].append(Tally(apart, apart / held_for))
        for reference, following in splits(batch, options.reference):
            for kind, n, held_for, look in kinds:
                if held_for == 1 or len(following) >= held_for * n:
                    look(tallies[kind][-1], reference, following)
        for kind, own in tallies.items():
            print(own[-1].row(f"{log}, {kind}"))
    sums = {kind: total(own) for kind, own in tallies.items()}
    for kind, both in sums.items():
        print(both.row(f"both, {kind}"))
    return int(
        any(
            both.flagged > 0.05 * both.evaluations or 1000 * both.held > both.evaluations
            for both in sums.values()
        )
    )


def total(tallies: Sequence[Tally]) -> Tally:
    """Return the sums."""
    found = replace(tallies[0])
    for one in tallies[1:]:
        for name in (field.name for field in fields(Tally)):
            setattr(found, name, getattr(found, name) + getattr(one, name))
    return found


if __name__ == "__main__":
    sys.exit(main())
