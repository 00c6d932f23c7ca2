"""What the monitors of classes say of a log, beside scikit-learn on the same records, and how fast.

    python benchmarks/classification.py [LOG... --labels LABELS...]

Logs are read one after the other; labels in files of their own are joined here by `request_id`.
Each chunk of records has monitors of its own. At the end those that can be merged are, which must
give the figures of all records. Without files, the scores of two classes are made up, which are
more often wrong than they say in the second half.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from sklearn import metrics

from exporter.event_time import EventTime
from exporter.monitors.accuracy import Accuracy
from exporter.monitors.binary import is_class, probability
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.calibration import BINS, Calibration
from exporter.monitors.probabilities import Probabilities
from exporter.monitors.scores import CELLS, STEPS, Scores
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.tailing.inputs import read_blocks
from exporter.windows import Window

WINDOW = Window("all", 1e9)
LABELS = {"model": "m", "version": ""}
PAIR = ("0", "1")
RECORDS = 50_000
EXACT = 1e-9
FIGURES = {
    "accuracy": "model_accuracy_ratio",
    "balanced": "model_balanced_accuracy_ratio",
    "macro F1": "model_f1_average_score{average=macro}",
    "log loss": "model_log_loss",
    "Brier": "model_brier_score",
    "ECE": "model_expected_calibration_error",
    "AUC": "model_roc_auc_ratio",
    "AP": "model_average_precision_ratio",
}
Columns = tuple[np.ndarray, np.ndarray, np.ndarray]
Monitors = tuple[Accuracy, Calibration, Probabilities, Scores]


def logged(paths: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield the records of some logs."""
    for path in paths:
        for block in read_blocks([path]):
            yield from map(msgspec.json.decode, block.lines)


def made_up() -> list[dict[str, object]]:
    """Return records of a model that becomes too sure of itself."""
    random = np.random.default_rng(1)
    score = random.beta(0.3, 0.3, RECORDS)
    worse = np.arange(RECORDS) >= RECORDS / 2
    label = random.random(RECORDS) < np.where(worse, 0.1 + 0.8 * score, score)
    return [
        {
            "timestamp": 1.7e9 + row,
            "prediction": int(p > 0.5),
            "probabilities": {"0": 1 - p, "1": p},
            "true_label": int(actual),
        }
        for row, (p, actual) in enumerate(zip(score.tolist(), label.tolist(), strict=True))
    ]


def monitors() -> Monitors:
    """Return fresh monitors."""
    windows = [WINDOW]
    return (
        Accuracy(LABELS, windows, SeriesBudget.unlimited()),
        Calibration(LABELS, windows),
        Probabilities(LABELS, windows),
        Scores(LABELS, windows),
    )


def parsed(records: Sequence[dict[str, object]], now: float) -> RecordBatch:
    """Return records as monitors get them."""
    lines = [msgspec.json.encode(record) for record in records]
    batch = JsonLines().parse(lines, now).batch
    return EventTime([WINDOW], replay=True).place(batch)


def figures(of: Monitors, now: float) -> dict[str, float]:
    """Return the rolling figures of monitors."""
    found = {}
    for monitor in of:
        for family in monitor.families(monitor.snapshot(), now):
            for sample in family.samples:
                average = sample.labels.get("average")
                found[sample.name + (f"{{average={average}}}" if average else "")] = sample.value
    return {name: found[series] for name, series in FIGURES.items()}


def expected(columns: Columns) -> dict[str, float]:
    """Return the same figures by scikit-learn; the calibration error by its definition."""
    actual, predicted, score = columns
    confidence = np.where(predicted, score, 1 - score)
    bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(int)
    gaps = np.bincount(bins, (actual == predicted) - confidence, BINS)
    return {
        "accuracy": metrics.accuracy_score(actual, predicted),
        "balanced": metrics.balanced_accuracy_score(actual, predicted),
        "macro F1": metrics.f1_score(actual, predicted, average="macro"),
        "log loss": metrics.log_loss(actual, score),
        "Brier": metrics.brier_score_loss(actual, score),
        "ECE": float(np.abs(gaps).sum() / len(actual)),
        "AUC": metrics.roc_auc_score(actual, score),
        "AP": metrics.average_precision_score(actual, score),
    }


def bound(columns: Columns) -> float:
    """Return half the share of the pairs that share a cell though their scores differ."""
    actual, _, score = columns
    cells = np.rint(score * STEPS).astype(int)

    def shared(groups: np.ndarray) -> int:
        number = groups.max() + 1
        positive = np.bincount(groups[actual], minlength=number)
        return int(positive @ np.bincount(groups[~actual], minlength=number))

    assert cells.max() < CELLS
    equal = np.unique(score, return_inverse=True)[1]
    pairs = int(actual.sum()) * int((~actual).sum())
    return (shared(cells) - shared(equal)) / pairs / 2


def shown(name: str, of: Monitors, columns: Columns, now: float) -> dict[str, float]:
    """Print a line of figures; return how far each is from what it should be."""
    found, exact = figures(of, now), expected(columns)
    print(f"{name:>12}  " + "  ".join(f"{value:8.4f}" for value in found.values()))
    return {figure: abs(found[figure] - exact[figure]) for figure in FIGURES}


def main() -> None:
    """Print the figures of each chunk and of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="*")
    parser.add_argument("--labels", nargs="*", default=[])
    parser.add_argument("--chunk", type=int, default=5_000)
    arguments = parser.parse_args()
    records = list(logged(arguments.logs)) or made_up()
    labels = {one["request_id"]: one["true_label"] for one in logged(arguments.labels)}
    for record in records:
        if record.get("request_id") in labels:
            record["true_label"] = labels[record["request_id"]]

    now = time.time()
    whole, merged = monitors(), monitors()
    seconds, widest, over = 0.0, 0.0, -1.0
    seen: list[Columns] = []
    print(f"{'records':>12}  " + "  ".join(f"{name:>8}" for name in FIGURES))

    def compare(name: str, of: Monitors, columns: Columns) -> None:
        nonlocal widest, over
        off = shown(name, of, columns, now)
        over = max(over, off.pop("AUC") - bound(columns))
        # That of average precision has no bound but that of its cells: it is printed alone.
        precision = off.pop("AP")
        widest = max(widest, *off.values())
        if precision > EXACT:
            print(f"{'':>12}  average precision is off by {precision:.1e}")

    for start in range(0, len(records), arguments.chunk):
        batch = parsed(records[start : start + arguments.chunk], now)
        own = monitors()
        for monitor in own:
            monitor.update(batch)
        began = time.perf_counter()
        for monitor in whole:
            monitor.update(batch)
        seconds += time.perf_counter() - began
        rows = batch.labelled
        actual, predicted = (is_class(one, PAIR[1]) for one in (batch.label, batch.prediction))
        seen.append((actual[rows], predicted[rows], probability(batch, PAIR)[rows]))
        compare(f"{start:,}", own, seen[-1])
        for mine, theirs in zip(merged[1:], own[1:], strict=True):
            mine.merge(theirs)
    everything: Columns = tuple(map(np.concatenate, zip(*seen, strict=True)))
    compare("all", whole, everything)
    compare("merged", (whole[0], *merged[1:]), everything)
    print(f"largest difference from scikit-learn: {widest:.1e}")
    print(f"AUC beyond its bound: {max(over, 0.0):.1e}")
    print(f"update: {len(records) / seconds / 1e6:.2f} million records per second, one window")
    if widest > EXACT or over > EXACT:
        raise SystemExit("the figures are not those of scikit-learn")


if __name__ == "__main__":
    main()
