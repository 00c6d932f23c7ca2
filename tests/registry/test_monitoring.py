from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from exporter import config
from exporter.assembly import assemble
from exporter.exposition.collector import PublishedCollector
from exporter.pipeline import Pipeline
from exporter.registry import document
from exporter.registry.document import Registry
from exporter.registry.lineage import Event, Lineage, Version

CONFIGURATION = """
registry: {file: registry.yml}
models:
  - {name: bot, paths: [bot.jsonl]}
"""
TIME = datetime(2026, 11, 1, tzinfo=UTC)


class Exporter:
    """An exporter without its web server."""

    def __init__(self, folder, without=()):
        (folder / "modeltail.yml").write_text(CONFIGURATION)
        loaded = config.load(folder / "modeltail.yml")
        self._parts = assemble(loaded, replay=False, without=without)
        collector = PublishedCollector(self._parts.isolation, time.time, None, 0.0)
        self._pipeline = Pipeline(
            self._parts.sources,
            self._parts.groups,
            self._parts.isolation,
            self._parts.budget,
            None,
            collector.publish,
            time.time,
        )
        self._registry = CollectorRegistry()
        self._registry.register(collector)

    def look(self):
        """Read the logs and look at everything else once."""
        self._pipeline.drain()
        for looks in self._parts.looks:
            looks.once()

    def value(self, name, **labels):
        """Return the value of a series after the next snapshot, ``None`` if it is absent."""
        self._pipeline.checkpoint_and_publish()
        return self._registry.get_sample_value(name, labels)


@pytest.fixture
def bot(tmp_path):
    """Write a registry with a version in production, and a log that names it and another one."""
    lineage = Lineage(versions={"1.0.0": Version(registered=TIME)}).after(
        Event(at=TIME, action="promote", version="1.0.0")
    )
    document.write(Registry(models={"bot": lineage}), tmp_path / "registry.yml")
    lines = [{"model_version": version, "prediction": "a"} for version in ("1.0.0", "1.1.0", None)]
    (tmp_path / "bot.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return lineage


def test_versions_in_the_logs_are_looked_up(tmp_path, bot):
    """One that is registered later is known from the next look on, without a restart."""
    exporter = Exporter(tmp_path)
    exporter.look()
    known = {"model": "bot", "version": "1.0.0"}
    new = {"model": "bot", "version": "1.1.0"}
    assert exporter.value("model_version_registered", **known) == 1
    assert exporter.value("model_version_registered", **new) == 0
    assert exporter.value("model_version_registered", model="bot", version="") is None
    assert exporter.value("model_deployed_timestamp_seconds", **known) == TIME.timestamp()
    later = bot.registered("1.1.0", Version(registered=TIME))
    document.write(Registry(models={"bot": later}), tmp_path / "registry.yml")
    exporter.look()
    assert exporter.value("model_version_registered", **new) == 1
    assert exporter.value("model_stage", **new, model_stage="staging") == 1


def test_what_was_known_stays_while_the_file_is_broken(tmp_path, bot):
    """And the exporter says that it is."""
    exporter = Exporter(tmp_path)
    exporter.look()
    assert exporter.value("modeltail_registry_up") == 1
    (tmp_path / "registry.yml").write_text("models: [")
    exporter.look()
    assert exporter.value("modeltail_registry_up") == 0
    stage = {"model": "bot", "version": "1.0.0", "model_stage": "production"}
    assert exporter.value("model_stage", **stage) == 1


def test_it_can_be_left_out(tmp_path, bot):
    """Nothing is looked at then, and nothing shown."""
    exporter = Exporter(tmp_path, without=["registry"])
    exporter.look()
    assert exporter.value("modeltail_registry_up") is None
    assert exporter.value("model_predictions_total", model="bot", version="1.0.0", **{"class": "a"})
