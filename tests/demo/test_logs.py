"""The logs of the demo alone, followed with the configuration that compose uses."""

from __future__ import annotations

import io
import threading
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.logs import write
from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.stack.rules import ROOT


@pytest.fixture
def directory(tmp_path):
    """Return a directory with the logs of a second or so."""
    stop = threading.Event()
    arguments = (tmp_path / "logs", 100.0, 900.0, stop)
    writer = threading.Thread(target=write, args=arguments)
    writer.start()
    files = [tmp_path / "logs" / name for name in ("predictions.jsonl", "syslog")]
    deadline = time.monotonic() + 30
    while not all(file.exists() and file.stat().st_size > 2000 for file in files):
        assert time.monotonic() < deadline
        writer.join(0.05)
    stop.set()
    writer.join()
    return tmp_path / "logs"


def test_the_exporter_reads_them(directory, tmp_path):
    """Predictions and syslog, without a line that it can't."""
    text = (ROOT / "deploy" / "demo" / "modeltail.yml").read_text()
    configuration = tmp_path / "modeltail.yml"
    text = text.replace("/logs/", f"{directory}/")
    configuration.write_text(text.replace("/var/lib/modeltail", str(tmp_path / "state")))
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    assert execute(["scan", "--config.file", str(configuration)], streams) == 0
    samples = {}
    for family in text_string_to_metric_families(streams.out.getvalue()):
        for sample in family.samples:
            key = (sample.name, *sample.labels.values())
            samples[key] = samples.get(key, 0.0) + sample.value
    predictions = (directory / "predictions.jsonl").read_bytes().count(b"\n")
    assert samples["modeltail_records_parsed_total", "digits"] == predictions
    lines = (directory / "syslog").read_bytes().count(b"\n")
    assert samples["modeltail_records_parsed_total", "edge"] == lines
    rejected = [value for (name, *_), value in samples.items() if "rejected" in name]
    assert not any(rejected)
