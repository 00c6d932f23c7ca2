"""What `privacy` withholds is nowhere: in no scrape, page, storage or log of the exporter."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from exporter.tailing.identity import HEAD_BYTES
from tests.commands.exporter_process import ExporterProcess, configure, free_port, wait_until
from tests.tailing.following import append

SECRET = "ann.example"
# The storage holds the beginning of each file, by which the file is known again.
HARMLESS = {"prediction": "a", "padding": "x" * HEAD_BYTES}
LINES = [
    HARMLESS,
    {
        "request_id": f"{SECRET}-1",
        "prediction": "a",
        "latency_ms": 3,
        "features": {"email": SECRET, "user": SECRET, "age": -1},
        "slice": {"customer": SECRET},
    },
    {"request_id": f"{SECRET}-1", "true_label": "a"},
    {"request_id": f"{SECRET}-2", "error": "x", "error_type": "Timeout"},
]
PRIVACY = {
    "drop": ["features.email"],
    "hash": ["request_id", "features.user", "slice"],
    "hash_key_file": "key",
    "show_values": True,
}
PAGES = ("", "metrics", *(f"api/v1/{name}" for name in ("status", "models", "drift", "rejects")))


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Run an exporter over the lines, and stop it; return its folder, and what it served."""
    (tmp_path / "key").write_text("secret of ours")
    rules = {
        "fields": {
            "features.age": {"min": 0},
            "features.user": {"allowed": ["bob"]},
            "features.email": {"pattern": "[^@]*"},
        }
    }
    model = {
        "name": "bot",
        "paths": [str(tmp_path / "app.log")],
        "slices": ["customer"],
        "labels": {},
        "rules": rules,
    }
    config = configure(tmp_path, models=[model], privacy=PRIVACY)
    append(tmp_path / "app.log", "".join(f"{json.dumps(line)}\n" for line in LINES))
    append(tmp_path / "app.log", f'{{"request_id": "{SECRET}"\n')
    process = ExporterProcess(config, free_port(), options=["--log.level=debug"])
    try:
        process.ready()
        wait_until(lambda: process.lines() == len(LINES) + 1)
        headers = {"Accept": "application/openmetrics-text"}
        served = {
            page: requests.get(f"{process.url}/{page}", headers=headers, timeout=5).text
            for page in PAGES
        }
        process.send(signal.SIGTERM)
        yield tmp_path, served
    finally:
        process.close()


def test_nothing_of_it_is_anywhere(stopped: tuple[Path, dict[str, str]]) -> None:
    """While the same record counts, is joined with its label, and names its hash."""
    folder, served = stopped
    assert 'model_labels_matched_total{model="bot"} 1.0' in served["metrics"]
    assert served["metrics"].count('# {request_id="') == 2
    assert "not quoted" in served["api/v1/rejects"]
    stored = {path: path.read_bytes() for path in (folder / "storage").rglob("*") if path.is_file()}
    assert stored
    places = {page: text.encode() for page, text in served.items()} | stored
    places["log"] = (folder / "modeltail.log").read_bytes()
    assert [place for place, content in places.items() if SECRET.encode() in content] == []


def test_without_privacy_it_would_have_been_found(tmp_path: Path) -> None:
    """So that the other test means something."""
    config = configure(tmp_path)
    append(tmp_path / "app.log", "".join(f"{json.dumps(line)}\n" for line in LINES))
    process = ExporterProcess(config, free_port())
    try:
        process.ready()
        headers = {"Accept": "application/openmetrics-text"}
        wait_until(lambda: process.lines() == len(LINES))
        assert SECRET in requests.get(f"{process.url}/metrics", headers=headers, timeout=5).text
    finally:
        process.close()
