"""An exporter on a machine whose clock the test sets."""

from __future__ import annotations

import json
from pathlib import Path

from prometheus_client import CollectorRegistry

from exporter import config
from exporter.assembly import assemble
from exporter.exposition.collector import PublishedCollector
from exporter.pipeline import Pipeline
from exporter.storage.store import Store
from tests.commands.exporter_process import configure

NOON = 1_790_000_000.0
"""Unix seconds."""


class Machine:
    """The exporter from configuration to metrics, its real storage and log included."""

    def __init__(self, folder: Path, *, timed: bool) -> None:
        self.log = folder / "app.log"
        self.now = NOON
        self.elapsed = 0.0
        self.written = 0
        self._timed = timed
        self._configuration = config.load(configure(folder, rotate_wait="5s"))
        self.start()

    def start(self) -> None:
        """Start a process."""
        parts = assemble(self._configuration, replay=False)
        store = Store(self._configuration.storage.path, "then")
        collector = PublishedCollector(
            parts.isolation, lambda: self.now, lambda: self.elapsed, self.now
        )
        self.registry = CollectorRegistry()
        self.registry.register(collector)
        self._pipeline = Pipeline(
            parts.sources,
            parts.groups,
            parts.isolation,
            parts.budget,
            store,
            collector.publish,
            lambda: self.now,
            monotonic=lambda: self.elapsed,
        )

    def restart(self) -> None:
        """End in good order, and start again."""
        self._pipeline.finish()
        self.close()
        self.start()

    def close(self) -> None:
        """Let go of files and storage."""
        self._pipeline.close()

    def write(self, count: int) -> None:
        """Write lines that are this old: a second."""
        with self.log.open("a") as file:
            for _ in range(count):
                self.written += 1
                record = {"prediction": "a", "confidence": 0.5, "n": self.written}
                if self._timed:
                    record["timestamp"] = self.now - 1
                file.write(json.dumps(record) + "\n")

    def run(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, with a turn at each step."""
        for _ in range(round(seconds / step)):
            self.now += step
            self.elapsed += step
            self.turn()

    def turn(self) -> None:
        """Look, read and publish; each line must have been counted once."""
        self._pipeline.look()
        while self._pipeline.read():
            pass
        self._pipeline.checkpoint_and_publish()
        assert self.value("modeltail_lines_total", source="bot") == self.written
        assert self.value("modeltail_records_parsed_total", source="bot") == self.written

    def value(self, metric: str, **labels: str) -> float | None:
        """Return the value of the only series with these labels; ``None`` if there is none."""
        found = [
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None

    def in_window(self) -> float | None:
        """Return how many predictions the rolling figures rest on."""
        return self.value("model_window_predictions", window="5m")
