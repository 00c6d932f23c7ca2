"""What a scrape of 10,000 series costs, against prometheus_client's own way.

    python benchmarks/scrape.py [--series 10000]

Both collect from the same snapshot of models with drift, write OpenMetrics and compress it: what
Prometheus asks for. `prometheus_client` with its encoder and gzip at its usual level; `modeltail`
with what is known of each series from the scrape before. A second scraper of the same snapshot
costs next to nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from exporter import cli, config
from exporter.assembly import assemble
from exporter.commands.streams import Streams
from exporter.exposition.collector import PublishedCollector
from exporter.exposition.renderings import Renderings
from exporter.pipeline import Pipeline

ROUNDS = 7
MOST_MILLISECONDS = 60.0
SERIES_OF_A_MODEL = 2500


def published(folder: Path, models: int) -> tuple[CollectorRegistry, PublishedCollector]:
    """Read logs of so many models, two versions each, and return what is exposed of them."""
    chance = random.Random(1)
    sections = []
    for model in range(models):
        log = folder / f"{model}.jsonl"
        with log.open("w") as file:
            for number in range(2000):
                record = {
                    "prediction": f"c{chance.randrange(12)}",
                    "true_label": f"c{chance.randrange(12)}",
                    "model_version": str(number % 2),
                    "confidence": round(chance.random(), 3),
                    "latency_ms": chance.expovariate(0.05),
                    "features": {f"f{feature}": chance.gauss(0, 1) for feature in range(8)},
                }
                file.write(json.dumps(record) + "\n")
        sections.append({"name": f"m{model}", "paths": [str(log)]})
    file = folder / "modeltail.yml"
    content = {"windows": ["5m", "1h"], "models": sections}
    file.write_text(json.dumps(content))
    quiet = Streams(StringIO(), StringIO(), BytesIO())
    for section in sections:
        reference = str(folder / f"{section['name']}.ref")
        build = ["reference", "build", "--config.file", str(file), "--model", section["name"]]
        cli.execute([*build, "-o", reference, section["paths"][0]], quiet)
        section["drift"] = {"reference": reference}
    file.write_text(json.dumps(content))
    parts = assemble(config.load(file), replay=True)
    collector = PublishedCollector(parts.isolation, time.time, None, 0.0)
    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        None,
        collector.publish,
        time.time,
        parts.windows_end,
    )
    pipeline.drain()
    pipeline.checkpoint_and_publish()
    pipeline.close()
    registry = CollectorRegistry()
    registry.register(collector)
    return registry, collector


def milliseconds(action: Callable[[], object]) -> float:
    """Return the CPU time of an action."""
    times = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        action()
        times.append(time.process_time() - begun)
    return 1000 * min(times)


def main() -> int:
    """Print both; return 1 if ours takes more than it may."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        registry, collector = published(Path(folder), max(1, options.series // SERIES_OF_A_MODEL))
        number = sum(len(family.samples) for family in registry.collect())
        now = 0.0

        def later() -> float:
            nonlocal now
            now += 10.0
            return now

        anew = Renderings(registry, lambda: collector.snapshot, later)
        again = Renderings(registry, lambda: collector.snapshot, lambda: 0.0)
        again.get(generate_latest, "om")
        theirs = milliseconds(lambda: gzip.compress(generate_latest(registry)))
        ours = milliseconds(lambda: anew.get(generate_latest, "om"))
        second = milliseconds(lambda: again.get(generate_latest, "om"))
        collecting = milliseconds(lambda: list(registry.collect()))
    per_10k = 10_000 / number
    print(f"{number:,} series, CPU time per 10,000")
    print(f"  collecting        {collecting * per_10k:8.1f} ms")
    print(f"  prometheus_client {theirs * per_10k:8.1f} ms in all")
    print(f"  modeltail         {ours * per_10k:8.1f} ms in all, {theirs / ours:.1f} x as fast")
    print(f"  a second scraper  {second * per_10k:8.3f} ms")
    return int(ours * per_10k > MOST_MILLISECONDS)


if __name__ == "__main__":
    sys.exit(main())
