"""The examples are run as their users run them, and read as the exporter reads logs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import requests

from exporter.parsing.json_lines import JsonLines
from exporter.parsing.record_schema import json_schema

EXAMPLES = Path(__file__).parents[2] / "examples"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def run(name, *arguments):
    """Run an example to its end; return its exit code and what it said."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    return done.returncode, done.stderr


def read(path, **options):
    """Return the batch of a log, each of whose lines is valid."""
    lines = path.read_bytes().splitlines()
    for line in lines:
        VALIDATOR.validate(json.loads(line))
    parsed = JsonLines(features=None, **options).parse(lines, received=4e9)
    assert parsed.parsed == len(lines)
    assert not +parsed.batch.invalid
    assert not +parsed.batch.violations
    return parsed.batch


def test_scikit_learn(tmp_path):
    """Versions, predictions with all that explains them, and the truth of each later."""
    log = tmp_path / "predictions.jsonl"
    assert run("scikit_learn.py", log, "--records", 50) == (0, "")
    batch = read(log)
    assert len(batch) == 1 + 50 + 50
    assert set(batch.maps["package_versions"]) == {"python", "scikit-learn", "numpy"}
    assert batch.attempt.sum() == 50
    assert len(batch.maps["attributions"]) == len(batch.features) == 8
    assert (batch.latency[1:51] > 0).all()
    predicted = dict(zip(batch.request_id[1:51], batch.prediction.decode()[1:51], strict=True))
    truth = dict(zip(batch.request_id[51:], batch.label.decode()[51:], strict=True))
    right = sum(predicted[request] == label for request, label in truth.items())
    assert right >= 40


def test_batch_job(tmp_path):
    """A regression with its interval; the row that can't be scored is an error, not the end."""
    rows = tmp_path / "houses.csv"
    rows.write_text("id,area,district\na,100,north\nb,-5,south\nc,wide,south\nd,50,north\n")
    log = tmp_path / "predictions.jsonl"
    code, said = run("batch_job.py", rows, tmp_path / "prices.csv", log)
    assert code == 1
    assert said.splitlines() == [
        "b: an area of -5 is none",
        "c: could not convert string to float: 'wide'",
    ]
    assert (tmp_path / "prices.csv").read_text() == "id,price\na,420000.00\nd,210000.00\n"
    batch = read(log, task="regression")
    assert batch.prediction_value[batch.attempt & ~batch.failed].tolist() == [420_000, 210_000]
    assert batch.numbers["prediction_upper"][1] == 420_000 * 1.15
    assert batch.error_type.decode()[2:4] == ["ValueError", "ValueError"]


def test_fastapi(tmp_path):
    """A real server: an answer, a failure, and a correction later."""
    log = tmp_path / "predictions.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "fastapi_service:app"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(EXAMPLES.parent),
        "PREDICTIONS": str(log),
    }
    server = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "warning"], env=environment
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            assert time.monotonic() < deadline
            assert server.poll() is None
            try:
                answer = requests.post(
                    f"{address}/predict", json={"text": "my money"}, timeout=10
                ).json()
                break
            except requests.ConnectionError:
                pass
        failed = requests.post(f"{address}/predict", json={"text": " "}, timeout=10)
        correction = {"request_id": answer["request_id"], "intent": "invoice"}
        corrected = requests.post(f"{address}/correct", json=correction, timeout=10)
    finally:
        server.terminate()
        server.wait(30)
    assert answer["intent"] == "refund"
    assert (failed.status_code, corrected.status_code) == (422, 204)
    batch = read(log)
    assert set(batch.maps["package_versions"]) == {"python", "fastapi", "pydantic"}
    assert batch.prediction.decode() == [None, "refund", None, None]
    assert batch.error_type.decode() == [None, None, "ValueError", None]
    assert batch.label.decode() == [None, None, None, "invoice"]
    assert batch.request_id[1] == batch.request_id[3] == answer["request_id"]
