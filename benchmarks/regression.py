"""What the regression monitor says of a log, beside scikit-learn on the same pairs, and how fast.

    python benchmarks/regression.py [LOG... --labels LABELS...]

Logs are read one after the other; labels in files of their own are joined here by `request_id`.
Each chunk of records has a monitor of its own. At the end they are merged, which must give the
figures of all records. Without files, pairs are made up whose errors shrink in the second half.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from sklearn import metrics

from exporter.event_time import EventTime
from exporter.monitors.regression import Regression
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.tailing.inputs import read_blocks
from exporter.windows import Window

WINDOW = Window("all", 1e9)
MARK = "{window=all}"
FIGURES = {
    "model_mean_absolute_error": metrics.mean_absolute_error,
    "model_root_mean_squared_error": metrics.root_mean_squared_error,
    "model_mean_error": lambda label, prediction: float((prediction - label).mean()),
    "model_mean_absolute_percentage_error": metrics.mean_absolute_percentage_error,
    "model_r2_score": metrics.r2_score,
}
RECORDS = 60_000


def logged(paths: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield the records of some logs."""
    for path in paths:
        for block in read_blocks([path]):
            yield from map(msgspec.json.decode, block.lines)


def made_up() -> list[dict[str, object]]:
    """Return records of a model that gets better."""
    random = np.random.default_rng(1)
    label = random.lognormal(8, 1, RECORDS)
    error = random.normal(0, np.where(np.arange(RECORDS) < RECORDS / 2, 1000, 800))
    return [
        {"timestamp": 1.7e9 + row, "prediction": one, "true_label": other}
        for row, (one, other) in enumerate(
            zip((label + error).tolist(), label.tolist(), strict=True)
        )
    ]


def parsed(records: Sequence[dict[str, object]], now: float) -> RecordBatch:
    """Return records as a monitor gets them."""
    lines = [msgspec.json.encode(record) for record in records]
    batch = JsonLines("regression").parse(lines, now).batch
    return EventTime([WINDOW], replay=True).place(batch)


def figures(monitor: Regression, now: float) -> dict[str, float]:
    """Return the rolling figures of a monitor."""
    return {
        sample.name: sample.value
        for family in monitor.families(monitor.snapshot(), now)
        for sample in family.samples
        if "window" in sample.labels
    }


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
    merged = Regression({"model": "m", "version": ""}, [WINDOW])
    widest = seconds = 0.0
    pairs = []
    print(f"{'records':>15}  {'MAE':>9}  {'RMSE':>9}  {'bias':>9}  {'MAPE':>8}  {'R2':>8}")
    for start in range(0, len(records), arguments.chunk):
        batch = parsed(records[start : start + arguments.chunk], now)
        monitor = Regression({"model": "m", "version": ""}, [WINDOW])
        began = time.perf_counter()
        monitor.update(batch)
        seconds += time.perf_counter() - began
        rows = batch.labelled
        pairs.append((batch.label_value[rows], batch.prediction_value[rows]))
        widest = max(widest, shown(f"{start:,}", monitor, pairs[-1], now))
        merged.merge(monitor)
    label, prediction = map(np.concatenate, zip(*pairs, strict=True))
    widest = max(widest, shown("all", merged, (label, prediction), now))
    print(f"largest relative difference from scikit-learn: {widest:.1e}")
    print(f"update: {len(label) / seconds / 1e6:.1f} million records per second, one window")
    if widest > 1e-9:
        raise SystemExit("the figures are not those of scikit-learn")


def shown(name: str, monitor: Regression, pair: tuple[np.ndarray, np.ndarray], now: float) -> float:
    """Print a line of figures; return the largest relative difference from scikit-learn."""
    label, prediction = pair
    found = figures(monitor, now)
    mean_absolute, root, bias, percentage, r2 = (found.get(name, np.nan) for name in FIGURES)
    print(
        f"{name:>15}  {mean_absolute:9.1f}  {root:9.1f}  {bias:9.1f}  {percentage:8.4f}  {r2:8.4f}"
    )
    nonzero = label != 0
    widest = 0.0
    for figure, function in FIGURES.items():
        rows = nonzero if "percentage" in figure else slice(None)
        exact = function(label[rows], prediction[rows])
        widest = max(widest, abs(found[figure] - exact) / max(abs(exact), 1e-300))
    return widest


if __name__ == "__main__":
    main()
