"""How fast all default monitors of a model take records in, and how much state they keep.

Beside it two usual ways, on the same records, decoding left out everywhere:

- the class that services carry around prometheus_client: for each record a labelled counter, two
  histograms, and a gauge recomputed from a deque of the last 1,000;
- pandas and scikit-learn, which compute the same figures once for each window from all of its
  records (pandas is no dependency of ours: ``pip install pandas``).

Run: ``python benchmarks/monitors.py [--records N] [--batch N] [--features N]``
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from exporter.assembly import assemble
from exporter.config.loading import load
from exporter.drift import reference_file
from exporter.drift.profile import Profile
from exporter.drift.reference import Provenance, Reference
from exporter.event_time import EventTime
from exporter.monitors.group import families
from exporter.monitors.isolation import Isolation
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.storage import encoding
from exporter.windows import Window

NOW = 1_700_000_000.0
RATE = 1_000.0
REPEATS = 5
WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
CONFIGURATION = """
models:
  - name: bot
    paths: [/nowhere]
    drift: {reference: reference.json}
"""

Record = dict[str, Any]


def records(number: int, features: int, random: np.random.Generator) -> list[Record]:
    """Return predictions of a model with two classes, RATE a second up to NOW."""
    p = random.beta(2, 2, number).round(3)
    truth = random.uniform(size=number) < p
    latency = random.lognormal(3, 0.5, number).round(2)
    values = random.normal(size=(number, features)).round(4)
    names = [f"f{column}" for column in range(features)]
    start = NOW - number / RATE
    return [
        {
            "timestamp": start + row / RATE,
            "model_version": "1",
            "prediction": "yes" if p[row] > 0.5 else "no",
            "true_label": "yes" if truth[row] else "no",
            "confidence": max(float(p[row]), 1 - float(p[row])),
            "probabilities": {"yes": float(p[row]), "no": 1 - float(p[row])},
            "latency_ms": float(latency[row]),
            "features": dict(zip(names, values[row].tolist(), strict=True)),
        }
        for row in range(number)
    ]


def written(logged: Sequence[Record]) -> list[bytes]:
    """Return the lines of a log."""
    return [json.dumps(record).encode() for record in logged]


def parsed(lines: Sequence[bytes], batch: int) -> Iterator[RecordBatch]:
    """Yield batches as they come out of the parser, each when it is asked for."""
    parser = JsonLines(features=list(json.loads(lines[0])["features"]))
    for first in range(0, len(lines), batch):
        yield parser.parse(lines[first : first + batch], NOW).batch


def ours(lines: Sequence[bytes], batch: int, folder: Path) -> tuple[float, float, int]:
    """Return the seconds of all updates and of one exposition, and the bytes of state."""
    parts = assemble(load(folder / "modeltail.yml"), replay=False)
    group: Any = parts.groups["bot"]
    event_time = EventTime(WINDOWS, replay=False)
    updating = 0.0
    for each in parsed(lines, batch):
        begin = time.process_time()
        group.update(event_time.place(each))
        updating += time.process_time() - begin
    begin = time.process_time()
    number = sum(len(f.samples) for f in families(group.snapshot(), NOW, Isolation()))
    exposing = time.process_time() - begin
    assert number
    assert not +parts.isolation.errors
    return updating, exposing, len(encoding.encode(group.dump()))


def naive(lines: Sequence[bytes], batch: int) -> float:
    """Return the seconds that one object a record takes."""
    registry = CollectorRegistry()
    predictions = Counter(
        "predictions", "By class.", ["model", "version", "class"], registry=registry
    )
    labels = ["model", "version"]
    confidence = Histogram("confidence", "Of predictions.", labels, registry=registry)
    latency = Histogram("latency_seconds", "Of predictions.", labels, registry=registry)
    accuracy = Gauge("accuracy", "Of the last 1,000.", labels, registry=registry)
    recent: deque[bool] = deque(maxlen=1000)
    taken = 0.0
    for first in range(0, len(lines), batch):
        logged = [json.loads(line) for line in lines[first : first + batch]]
        begin = time.process_time()
        for record in logged:
            version, predicted = record["model_version"], record["prediction"]
            predictions.labels("bot", version, predicted).inc()
            confidence.labels("bot", version).observe(record["confidence"])
            latency.labels("bot", version).observe(record["latency_ms"] / 1000)
            recent.append(predicted == record["true_label"])
            accuracy.labels("bot", version).set(sum(recent) / len(recent))
        taken += time.process_time() - begin
    return taken


def recomputed(logged: Sequence[Record], reference: Sequence[Record]) -> float:
    """Return the seconds that pandas, scipy and scikit-learn take for all windows once."""
    import pandas as pd  # noqa: PLC0415 - not installed with ours
    from scipy.stats import ks_2samp  # noqa: PLC0415
    from sklearn import metrics  # noqa: PLC0415

    frame = pd.DataFrame(logged)
    features = pd.DataFrame(list(frame.pop("features")))
    before = pd.DataFrame([record["features"] for record in reference])
    frame["p"] = [one["yes"] for one in frame.pop("probabilities")]
    begin = time.process_time()
    for window in WINDOWS:
        inside = frame["timestamp"] > NOW - window.seconds
        part = frame[inside]
        true, predicted, p = part["true_label"], part["prediction"], part["p"]
        metrics.accuracy_score(true, predicted)
        metrics.balanced_accuracy_score(true, predicted)
        metrics.precision_recall_fscore_support(true, predicted)
        metrics.f1_score(true, predicted, average="macro")
        metrics.confusion_matrix(true, predicted)
        metrics.roc_auc_score(true == "yes", p)
        metrics.average_precision_score(true == "yes", p)
        metrics.log_loss(true == "yes", p)
        metrics.brier_score_loss(true == "yes", p)
        part.groupby(pd.cut(part["confidence"], 10), observed=True)["p"].agg(["count", "mean"])
        part["latency_ms"].quantile([0.5, 0.95, 0.99])
        part["prediction"].value_counts(normalize=True)
        for name in features:
            ks_2samp(before[name], features.loc[inside, name], method="asymp")
    return time.process_time() - begin


def median(measure: Callable[[], float]) -> float:
    """Return the median of some runs."""
    return statistics.median(measure() for _ in range(REPEATS))


def main() -> None:
    """Print records per second of processor time, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=4_000)
    parser.add_argument("--features", type=int, default=10)
    options = parser.parse_args()
    random = np.random.default_rng(20261123)
    known = records(20_000, options.features, random)
    logged = records(options.records, options.features, random)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "modeltail.yml").write_text(CONFIGURATION)
        profile = Profile()
        for batch in parsed(written(known), options.batch):
            profile.add(batch)
        made = Reference("bot", "1", Provenance((), len(known), None, None), profile.columns())
        reference_file.write(made, folder / "reference.json")
        lines = written(logged)
        runs = [ours(lines, options.batch, folder) for _ in range(REPEATS)]
    update, expose = (statistics.median(run[which] for run in runs) for which in (0, 1))
    one = median(lambda: naive(lines, options.batch))
    print(f"{options.records:,} records, {options.features} features, {len(WINDOWS)} windows")
    for name, seconds in (("all monitors", update), ("one by one", one)):
        rate, each = options.records / seconds, seconds / options.records * 1e6
        print(f"{name:<18}{rate:>12,.0f} records/s  {each:6.2f} us")
    print(f"ratio             {one / update:>12.1f} x")
    print(f"state             {runs[0][2]:>12,} bytes, encoded")
    print(f"one exposition    {expose * 1e3:>12.1f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory       {peak:>12.0f} MB, all lines included")
    try:
        again = median(lambda: recomputed(logged, known))
    except ImportError as error:
        print(f"pandas, scikit-learn: {error}")
        return
    print(
        f"all windows anew  {again * 1e3:>12.1f} ms (pandas, scikit-learn)  {again / expose:.1f} x"
    )


if __name__ == "__main__":
    main()
