"""References of logs with embeddings and attributions, from the command line to the metrics."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read

CONFIGURATION = """
windows: [1h]
models:
  - name: bot
    paths: [now.jsonl]
    fields: {embedding: input.vector}
    drift: {reference: bot.ref, min_samples: 100, hold: false}
"""
DENSE = CONFIGURATION.replace("hold: false", "hold: false, density: {alpha: 0.02}")
OFF = CONFIGURATION.replace("hold: false", "hold: false, embedding: false, attributions: false")


def records(n, seed, shift=0.0, scale=1.0):
    """Return predictions a second apart."""
    random = np.random.default_rng(seed)
    return [
        {
            "timestamp": 1_700_000_000 + second,
            "prediction": "a",
            "input_length": int(random.integers(1, 50)),
            "input": {"vector": (random.standard_normal(8) + shift).tolist()},
            "attributions": {"age": random.normal(0, scale), "plan": random.normal(0, 0.5)},
        }
        for second in range(n)
    ]


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function that runs a command in a folder with a log and its reference."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yml").write_text(CONFIGURATION)
    write(tmp_path / "then.jsonl", records(800, seed=0))

    def run(*arguments):
        streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
        code = execute(arguments, streams)
        assert code == 0, streams.err.getvalue()
        return streams.out.getvalue()

    run(*("reference", "build", "--config.file", "m.yml", "--model", "bot"),
        *("-o", "bot.ref", "then.jsonl"))  # fmt: skip
    return run


def write(path, rows):
    """Write a log."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def scanned(call, configuration="m.yml"):
    """Return the samples of a scan that are of attributions and embeddings, by text."""
    lines = call("scan", "--config.file", configuration).splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in samples
            if name.startswith(("model_attribution_drift", "model_attribution_rank",
                                "model_embedding"))}  # fmt: skip


LABELS = 'model="bot",version="",window="1h"'


def test_what_did_not_change_and_what_did(call, tmp_path):
    """Embeddings that moved, and a feature that counts half of what it did."""
    write(tmp_path / "now.jsonl", records(800, seed=1))
    quiet = scanned(call)
    assert quiet[f"model_embedding_drift_pvalue{{{LABELS}}}"] > 0.05
    assert quiet[f"model_attribution_rank_agreement_ratio{{{LABELS}}}"] == 1.0
    write(tmp_path / "now.jsonl", records(800, seed=2, shift=0.5, scale=0.2))
    moved = scanned(call)
    assert moved[f"model_embedding_drift_pvalue{{{LABELS}}}"] < 1e-6
    assert moved[f"model_embedding_mean_distance{{{LABELS}}}"] == pytest.approx(0.5, abs=0.1)
    assert moved[f"model_attribution_rank_agreement_ratio{{{LABELS}}}"] < 0.95
    of_age = 'feature="age",' + LABELS
    assert moved[f"model_attribution_drift_pvalue{{{of_age}}}"] < 1e-6


def test_they_can_be_switched_off(call, tmp_path):
    """Then embeddings are not even decoded."""
    write(tmp_path / "now.jsonl", records(200, seed=3))
    (tmp_path / "off.yml").write_text(OFF)
    assert scanned(call)
    assert scanned(call, "off.yml") == {}


def test_show_prints_them(call):
    """A line for each feature and each axis, and all of it as JSON."""
    out = call("reference", "show", "bot.ref")
    assert "absolute attributions, of 800 predictions that have any:" in out
    assert "embeddings of 8 numbers, projected on 8 directions:" in out
    starts = [line.split()[0] for line in out.splitlines() if line]
    assert {"input_length", "age", "plan", "axis_08", "norm"} <= set(starts)
    content = json.loads(call("reference", "show", "bot.ref", "--format", "json"))
    assert [one["name"] for one in content["attributions"]] == ["age", "plan"]
    assert (content["embedding"]["dimension"], len(content["embedding"]["columns"])) == (8, 9)
    assert "density of embedding, in 9 dimensions: " in out
    assert [one["of"] for one in content["density"]] == ["embedding"]


def test_density_is_there_where_it_is_asked_for(call, tmp_path):
    """Of embeddings, since there are no features; read even if their drift is not of interest."""
    dense = DENSE.replace("hold: false", "hold: false, embedding: false")
    (tmp_path / "dense.yml").write_text(dense)
    write(tmp_path / "now.jsonl", records(800, seed=4, shift=1.5))
    lines = call("scan", "--config.file", "dense.yml").splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(samples[f"model_density_pvalue{{{LABELS}}}"]) < 1e-6
    of = 'method="density",model="bot",version=""'
    assert float(samples[f"model_outliers_scored_total{{{of}}}"]) == 800
    assert float(samples[f"model_outliers_total{{{of}}}"]) > 100
    assert "model_density" not in call("scan", "--config.file", "m.yml")


def test_density_can_be_left_out(call, tmp_path):
    """The file is smaller; who asks for density then has none of it."""
    call(*("reference", "build", "--config.file", "m.yml", "--model", "bot", "--no-density"),
         *("-o", "less.ref", "then.jsonl"))  # fmt: skip
    assert read(tmp_path / "less.ref").density == ()
    assert len(read(tmp_path / "bot.ref").density) == 1


def test_parquet_teaches_the_same(call, tmp_path):
    """Lists of numbers in a column of their own."""
    rows = records(800, seed=0)
    columns = {name: [row[name] for row in rows]
               for name in ("timestamp", "prediction", "input_length", "attributions")}  # fmt: skip
    columns["input.vector"] = [row["input"]["vector"] for row in rows]
    parquet.write_table(pa.table(columns), tmp_path / "then.parquet")
    named = [f"--field={name}={name}" for name in ("input_length", "attributions")]
    command = ("reference", "build", "--config.file", "m.yml", "--model", "bot", *named)
    call(*command, "-o", "table.ref", "then.parquet")
    assert read(tmp_path / "table.ref").digest == read(tmp_path / "bot.ref").digest


def test_accepting_tells_what_changed(call, tmp_path):
    """Of attributions and embeddings as of columns."""
    write(tmp_path / "now.jsonl", records(800, seed=4, scale=0.2))
    out = call("reference", "accept", "--config.file", "m.yml", "--model", "bot")
    changed = {line.partition(": KS distance ")[0]: line for line in out.splitlines()}
    distance = float(changed["attributions of age"].partition("distance ")[2].split(",")[0])
    assert distance > 0.3
    assert "embeddings of 8 numbers, norm" in changed
