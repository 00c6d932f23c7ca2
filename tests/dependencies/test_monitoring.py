from __future__ import annotations

import os
import time

import pytest
from prometheus_client import CollectorRegistry

from exporter import config
from exporter.assembly import assemble
from exporter.dependencies import parquet_schema
from exporter.errors import UsageError
from exporter.exposition.collector import PublishedCollector
from exporter.pipeline import Pipeline
from exporter.storage.store import Store
from tests.dependencies.servers import serving, silent

CONFIGURATION = """
models:
  - {{name: bot, paths: [bot.jsonl]}}
  - {{name: dependencies, paths: [other.jsonl]}}
dependencies:
{entries}
"""


class Exporter:
    """An exporter without its web server, that looks at its dependencies."""

    def __init__(self, folder, *entries, without=()):
        path = folder / "modeltail.yml"
        path.write_text(CONFIGURATION.format(entries="\n".join(f"  - {one}" for one in entries)))
        self.parts = assemble(config.load(path), replay=False, without=without)
        self._collector = PublishedCollector(self.parts.isolation, time.time, None, 0.0)
        self.pipeline = Pipeline(
            self.parts.sources,
            self.parts.groups,
            self.parts.isolation,
            self.parts.budget,
            Store(folder / "storage", "damaged"),
            self._collector.publish,
            time.time,
        )
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)

    def value(self, name, **labels):
        """Return the value of a series after the next snapshot, ``None`` if it is absent."""
        self.pipeline.checkpoint_and_publish()
        return self._registry.get_sample_value(f"model_dependency_{name}", labels)


def test_looks_reach_the_exposition_and_outlive_a_restart(tmp_path):
    """A schema that changes while the exporter is down is a change."""
    prices = tmp_path / "prices.csv"
    prices.write_text("day,price\n")
    os.utime(prices, (5000, 5000))
    entry = "{name: prices, path: prices.csv, models: [bot], expect_every: 1h}"
    at = {"model": "bot", "dependency": "prices"}
    before = Exporter(tmp_path, entry)
    before.parts.dependencies.once()
    assert before.value("up", **at) == 1
    assert before.value("last_change_timestamp_seconds", **at) == 5000
    assert before.value("expected_interval_seconds", **at) == 3600
    assert before.value("up", model="dependencies", dependency="prices") is None
    before.pipeline.close()

    prices.write_text("day,cost\n")
    after = Exporter(tmp_path, entry)
    assert after.value("up", **at) is None
    assert after.value("last_change_timestamp_seconds", **at) == 5000
    after.parts.dependencies.once()
    assert after.value("schema_changes_total", **at) == 1
    after.pipeline.close()


def test_snapshots_never_wait_for_a_silent_server(tmp_path):
    """Ingestion goes on, and the answer of another server is there meanwhile."""
    with silent() as mute, serving(lambda: (200, {}, b"")) as well:
        exporter = Exporter(
            tmp_path,
            f"{{name: mute, url: '{mute}', timeout: 20s}}",
            f"{{name: well, url: '{well}'}}",
        )
        exporter.parts.dependencies.start()
        begun = time.monotonic()
        while exporter.value("up", model="bot", dependency="well") is None:
            assert time.monotonic() - begun < 10
        assert exporter.value("up", model="bot", dependency="mute") is None
        exporter.parts.dependencies.stop()
        exporter.pipeline.close()
    assert time.monotonic() - begun < 10


def test_the_monitor_can_be_left_out(tmp_path):
    """Then nobody looks."""
    exporter = Exporter(tmp_path, "{name: a, path: a.csv}", without=["dependencies"])
    exporter.parts.dependencies.once()
    assert exporter.value("up", model="bot", dependency="a") is None
    exporter.pipeline.close()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{name: a}", "expected one of path, directory and url, got none"),
        ("{name: a, path: x, url: 'http://x'}", "got path, url"),
        ("{name: a, url: 'file:///etc/passwd'}", "is no URL of http or https"),
        ("{name: a, url: 'http://u:p@x/'}", "may hold no user and password"),
        ("{name: a b, path: x}", "'a b' is no usable name"),
        ("{name: a, path: x, models: [cat]}", "dependency a: there are no models \\['cat'\\]"),
        ("{name: a, path: x}\n  - {name: a, path: y}", "repeated: \\['a'\\]"),
        ("{name: a, url: 'http://x', format: parquet}", "format: parquet is for files"),
        ("{name: a, pth: x}", "unknown key; did you mean path"),
    ],
)
def test_mistakes_are_told(tmp_path, entry, message):
    """With the file, and what is wrong."""
    with pytest.raises(UsageError, match=message):
        Exporter(tmp_path, entry)


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    """Whoever asks for it is told what to install; whoever does not gets its freshness."""
    monkeypatch.setattr(parquet_schema, "available", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'modeltail\[parquet\]'"):
        Exporter(tmp_path, "{name: a, path: a, format: parquet}")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    exporter = Exporter(tmp_path, "{name: a, path: a.parquet}")
    exporter.parts.dependencies.once()
    assert exporter.value("up", model="bot", dependency="a") == 1
    exporter.pipeline.close()
