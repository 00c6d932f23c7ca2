"""A database of version 1, as modeltail wrote it, and what it exposed then."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporter import config
from exporter.assembly import assemble
from exporter.exposition.collector import PublishedCollector
from exporter.pipeline import Pipeline
from exporter.storage import encoding
from exporter.storage.store import Store

TESTDATA = Path(__file__).parent / "testdata"
NOW = 1_767_225_600.0
CONFIGURATION = """
windows: [5m, 1h]
models:
  - {name: bot, paths: [bot.jsonl]}
syslog:
  - {name: hosts, paths: [syslog], timezone: UTC}
"""


def prediction(n: int) -> str:
    """Return a line of the model's log."""
    record = {
        "timestamp": NOW - 1000 + 25 * n,
        "model_version": "1.0" if n % 3 else "2/b",
        "prediction": "abc"[n % 3],
        "true_label": "abc"[n % 4 % 3],
        "confidence": round(n % 10 / 10, 1),
        "latency_ms": 5 * n + 1,
    }
    return json.dumps(record) + "\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return a folder with the files that were read then, and the database that knows them."""
    (tmp_path / "modeltail.yml").write_text(CONFIGURATION)
    (tmp_path / "bot.jsonl").write_text("".join(map(prediction, range(40))) + "no json\n\n")
    (tmp_path / "syslog").write_text(
        "".join(f"Dec 31 23:5{n}:00 host{n % 2} cron[1]: job {n}\n" for n in range(10))
    )
    database = tmp_path / "storage" / "modeltail.db"
    database.parent.mkdir()
    shutil.copy(TESTDATA / "version_1.db", database)
    with sqlite3.connect(database) as connection:
        for part, name in (("source/bot", "bot.jsonl"), ("source/hosts", "syslog")):
            # The files are the same, but on another device.
            status = (tmp_path / name).stat()
            query = "SELECT value FROM state WHERE part = ?"
            state = encoding.decode(connection.execute(query, (part,)).fetchone()[0])
            (position,) = state["tail"]["positions"]
            position |= {"path": str(tmp_path / name), "key": [status.st_dev, status.st_ino]}
            connection.execute(
                "UPDATE state SET value = ? WHERE part = ?", (encoding.encode(state), part)
            )
    connection.close()
    return tmp_path


def exposed(folder: Path) -> dict[str, float]:
    """Start, read what there is, end; return the value of each series."""
    parts = assemble(config.load(folder / "modeltail.yml"), replay=False)
    collector = PublishedCollector(parts.isolation, lambda: NOW, None, NOW)
    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        Store(folder / "storage", "then"),
        collector.publish,
        lambda: NOW,
    )
    pipeline.look()
    while pipeline.read():
        pass
    pipeline.finish()
    registry = CollectorRegistry()
    registry.register(collector)
    text = generate_latest(registry).decode()
    pipeline.close()
    return series(text)


def series(text: str) -> dict[str, float]:
    """Return the value of each series of an exposition."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_database_of_version_1_is_gone_on_from(folder):
    """Everything that was shown is shown, also after one more start, and counting goes on."""
    then = series((TESTDATA / "version_1.prom").read_text())
    for _ in range(2):
        now = exposed(folder)
        assert {name: now.get(name) for name in then} == then
        assert now["modeltail_checkpoint_failures_total"] == 0
    with (folder / "bot.jsonl").open("a") as file:
        file.write(prediction(40))
    before, after = then, exposed(folder)
    name = 'model_predictions_total{class="b",model="bot",version="1.0"}'
    assert after[name] == before[name] + 1
    assert after['modeltail_lines_total{source="bot"}'] == 43
    assert sorted(path.name for path in (folder / "storage").iterdir()) == [
        "modeltail.db",
        "modeltail.db.copy",
        "modeltail.lock",
    ]
