"""The API of a real exporter is what its own description says."""

from __future__ import annotations

import json

import jsonschema
import pytest
import requests

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.commands.exporter_process import configure, running, wait_until
from tests.tailing.following import append

ENDPOINTS = ("status", "models", "drift", "anomalies", "rejects")


def record(number):
    """Return a prediction."""
    features = {"age": number % 90, "plan": "ab"[number % 2]}
    return json.dumps({"prediction": "ab"[number % 2], "true_label": "a", "features": features})


@pytest.fixture(scope="module")
def exporter(tmp_path_factory):
    """Run one that has something to say at every endpoint."""
    folder = tmp_path_factory.mktemp("api")
    lines = "".join(f"{record(number)}\n" for number in range(500))
    append(folder / "reference.jsonl", lines)
    append(folder / "app.log", f"{lines}no json\n")
    host = "".join(f"Nov 22 12:{n // 60:02d}:{n % 60:02d} h1 cron: job\n" for n in range(3000))
    append(folder / "syslog", f"{host}Nov 22 13:00:00 h1 kernel: panic\n{host[:4000]}")
    rules = {"fields": {"features.age": {"max": 80}}}
    model = {"name": "bot", "paths": [str(folder / "app.log*")], "rules": rules}
    syslog = [{"name": "hosts", "paths": [str(folder / "syslog")]}]
    config = configure(folder, models=[model], syslog=syslog)
    build = ["reference", "build", "--config.file", str(config), "--model", "bot", "-o"]
    reference = str(folder / "bot.ref")
    execute([*build, reference, str(folder / "reference.jsonl")], Streams.standard())
    model["drift"] = {"reference": reference, "min_samples": 50}
    configure(folder, models=[model], syslog=syslog)
    with running(config) as process:
        wait_until(lambda: process.lines() == 501)
        wait_until(lambda: get(process, "anomalies").json()["data"])
        yield process


def get(process, name, **headers):
    """Return an answer."""
    return requests.get(f"{process.url}/api/v1/{name}", headers=headers, timeout=5)


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "203.0.113.7"}], ids=["here", "there"])
@pytest.mark.parametrize("name", ENDPOINTS)
def test_answers_are_as_described(exporter, name, headers):
    """Also to those who see no content of logs."""
    described = get(exporter, "openapi.json").json()
    schema = described["paths"][f"/api/v1/{name}"]["get"]["responses"]["200"]["content"]
    schema = schema["application/json"]["schema"]
    body = get(exporter, name, **headers).json()
    validator = jsonschema.Draft202012Validator({**schema, "components": described["components"]})
    assert [error.message for error in validator.iter_errors(body)] == []
    assert body["data"]


def test_what_it_says(exporter):
    """Sources that balance, a model, its columns, a rejected line, a broken rule."""
    (source, _) = get(exporter, "status").json()["data"]["sources"]
    assert (source["read"], source["parsed"], source["rejected"]) == (501, 500, {"not_json": 1})
    (model,) = get(exporter, "models").json()["data"]
    (window,) = model["versions"][0]["windows"]
    assert (window["predictions"], window["labels"]) == (500, 500)
    assert len(window["courses"][0]["values"]) == 60
    columns = get(exporter, "drift").json()["data"]
    assert {column["feature"] for column in columns} >= {"age", "plan", "prediction"}
    for column in columns:
        assert sum(column["reference"]) == pytest.approx(1)
    rejects = get(exporter, "rejects").json()["data"]
    assert "no json" in rejects["rejected"][0]["problem"]
    assert rejects["offenders"][0]["field"] == "features.age"


@pytest.mark.parametrize("name", ["anomalies", "rejects"])
def test_what_logs_say_is_for_this_machine(exporter, name):
    """Others are told that something is withheld."""
    there = get(exporter, name, **{"X-Forwarded-For": "203.0.113.7"})
    assert "this machine only" in there.json()["warnings"][0]
    assert "no json" not in there.text
    assert "panic" not in there.text
    assert "warnings" not in get(exporter, name).json()
