"""docs/metrics.md: every metric family, as the exporter itself exposes it.

A small prediction log and a small syslog, made so that every family has a series, go through the
real pipeline; the tables say what comes out.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric

from exporter import cli, config
from exporter.assembly import SERVER_GROUP, assemble
from exporter.commands.streams import Streams
from exporter.exposition.collector import PublishedCollector
from exporter.monitors.fed_group import FedGroup
from exporter.pipeline import Pipeline
from exporter.servers.sampling import Process, Sample, Use
from exporter.storage.store import Store
from scripts.markdown_table import table

_NOW = 1_767_225_600.0
_CONFIGURATION = """
windows: [1h]
models:
  - name: m
    paths: [predictions.jsonl, .]  # A directory can't be followed: an open error.
    thresholds: {min_accuracy: 0.8}
    drift:
      {reference: m.ref, min_samples: 2, columns: {age: {exact: true}, "*": {}}, density: {}}
    slo:
      latency: {objective: 0.99, below_seconds: 0.5}
      quality: {objective: 0.99, accuracy: 0.8}
    rules: {fields: {features.age: {min: 0}}}
    server: {pid_file: m.pid}
  - {name: r, paths: [regression.jsonl], task: regression, drift: {reference: r.ref}}
  - {name: k, paths: [lists.jsonl], task: ranking}
  - {name: t, paths: [lists.jsonl], task: multilabel}
  - {name: l, paths: [answers.jsonl]}
  - {name: b, paths: [binary.jsonl], slices: [region], drift: {reference: b.ref}}
  - {name: c, paths: [classes.jsonl], drift: {reference: {first: 100}}}
syslog:
  - {name: s, paths: [syslog], model: s.markov, timezone: UTC}
dependencies:
  - {name: d, path: prices.csv, expect_every: 1h}
registry: {file: registry.yml}
limits: {series: 2000}  # Too few for all classes: a refusal.
"""
_REGISTRY = """\
models:
  m:
    versions:
      1.0.0:
        registered: 1970-01-01T00:00:00Z
        kind: forest
        trained_on: january
        examples: 1000
        hyperparameters: {depth: 6}
        metrics: {accuracy: 0.9}
    history: [{at: 1970-01-01T00:00:01Z, action: promote, version: 1.0.0}]
"""
_REGRESSION = """\
{"prediction": 2, "true_label": 1, "prediction_lower": 1, "prediction_upper": 3}
{"prediction": 2, "true_label": 3}
"""
_BINARY = """\
{"prediction": 1, "true_label": 1, "confidence": 0.75, "slice": {"region": "n"}}
{"prediction": 0, "true_label": 0, "probabilities": {"0": 0.75, "1": 0.25}, "threshold": 0.5}
"""
_CLASSES = (
    '{"prediction": "a", "true_label": "b", "probabilities": {"a": 0.5, "b": 0.25, "c": 0.25}, '
    '"latency_ms": 5, "shadow": '
    '{"version": "2", "prediction": "b", "confidence": 0.5, "latency_ms": 5}}\n'
)
_LISTS = '{"prediction": ["a", "b"], "true_label": ["b"]}\n'
_ANSWERS = (
    '{"input_length": 30, "oov_ratio": 0.1, "escalated": true, "cost": 0.2, "currency": "EUR"}\n'
    '{"tokens_in": 9, "tokens_out": 5, "latency_s": 1, "time_to_first_token_ms": 200, '
    '"finish_reason": "stop"}\n'
)
_SERVER = Process(1000, 1, 50.0, _NOW - 50, Use(1.5, 2048, 4096), 10**8, 8, 12, 0.01)
_DRIFT = ("drift_", "attribution_drift_", "attribution_rank_", "embedding", "density_")
_SECTIONS = (
    ("Models: counters and histograms", "Mergeable: add them up over instances."),
    ("Models: rolling figures", "One instance's view of each configured window."),
    ("Models: drift", "The comparison of each window with the reference."),
    ("Models: server", "Of the processes that serve a model, if `server` says where they are."),
    ("Models: facts", "What is configured, and when something was last heard."),
    ("Syslog", "Of each host, over all sources."),
    ("The exporter itself", "Whether all of the above can be trusted."),
)


def render() -> str:
    """Return one section with a table for each group of families."""
    with tempfile.TemporaryDirectory() as directory:
        families = exposed(Path(directory))
    parts = []
    for title, about in _SECTIONS:
        rows = sorted(_row(family) for family in families if _section(family) == title)
        rendered = table(("metric", "type", "labels", "meaning"), rows)
        parts.append(f"## {title}\n\n{about}\n\n{rendered}")
    return "\n".join(parts)


def exposed(directory: Path) -> list[Metric]:
    """Return every family that the exporter can expose, each with at least one series.

    Parameters
    ----------
    directory
        An empty one, for the inputs.
    """
    (directory / "modeltail.yml").write_text(_CONFIGURATION, encoding="utf-8")
    (directory / "predictions.jsonl").write_text("".join(_predictions()), encoding="utf-8")
    (directory / "regression.jsonl").write_text(_REGRESSION, encoding="utf-8")
    (directory / "binary.jsonl").write_text(_BINARY, encoding="utf-8")
    (directory / "classes.jsonl").write_text(_CLASSES, encoding="utf-8")
    (directory / "lists.jsonl").write_text(_LISTS, encoding="utf-8")
    (directory / "answers.jsonl").write_text(_ANSWERS, encoding="utf-8")
    (directory / "registry.yml").write_text(_REGISTRY, encoding="utf-8")
    (directory / "prices.csv").write_text("day,price\n", encoding="utf-8")
    (directory / "syslog").write_text("".join(_messages()), encoding="utf-8")
    _modeltail("syslog", "train", "-o", str(directory / "s.markov"), str(directory / "syslog"))
    _modeltail(
        *("reference", "build", "--config.file", str(directory / "modeltail.yml")),
        *("--model", "m", "-o", str(directory / "m.ref"), "--seasonal", "hour_of_day"),
        str(directory / "predictions.jsonl"),
    )
    for model, lines in (("r", _REGRESSION), ("b", _BINARY)):
        (directory / "labelled.jsonl").write_text(lines * 500, encoding="utf-8")
        _modeltail(
            *("reference", "build", "--config.file", str(directory / "modeltail.yml")),
            *("--model", model, "-o", str(directory / f"{model}.ref")),
            str(directory / "labelled.jsonl"),
        )
    parts = assemble(config.load(directory / "modeltail.yml"), replay=True)
    collector = PublishedCollector(parts.isolation, lambda: _NOW, lambda: 0.0, _NOW)
    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        Store(directory / "storage", "damaged"),
        collector.publish,
        lambda: _NOW,
        parts.windows_end,
    )
    pipeline.drain()
    parts.dependencies.once()
    parts.registry.once()
    # Which figures of real processes may be read depends on the system.
    servers = parts.groups[SERVER_GROUP]
    if isinstance(servers, FedGroup):
        servers.update([Sample("m", _NOW, (_SERVER,), _NOW)])
    # The second time it shows the checkpoint of the first.
    for _ in range(2):
        pipeline.checkpoint_and_publish()
    registry = CollectorRegistry()
    registry.register(collector)
    families = list(registry.collect())
    pipeline.close()
    return families


def series_name(family: Metric) -> str:
    """Return the name that the family has in Prometheus; histograms without their suffixes."""
    suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
    return family.name + suffix


def label_names(family: Metric) -> list[str]:
    """Return the labels of the family's series, without `le`."""
    return list(
        dict.fromkeys(label for one in family.samples for label in one.labels if label != "le")
    )


def _row(family: Metric) -> tuple[str, str, str, str]:
    # In the text format that Prometheus reads by default there is no type info.
    kind = "gauge" if family.type == "info" else family.type
    labels = ", ".join(f"`{label}`" for label in label_names(family))
    return f"`{series_name(family)}`", kind, labels, family.documentation


def _section(family: Metric) -> str:
    owner, _, rest = family.name.partition("_")
    if owner != "model":
        return "Syslog" if owner == "syslog" else "The exporter itself"
    if rest.startswith("server_"):
        return "Models: server"
    if rest.startswith(_DRIFT):
        return "Models: drift"
    if family.type in ("counter", "histogram"):
        return "Models: counters and histograms"
    return f"Models: {'rolling figures' if 'window' in label_names(family) else 'facts'}"


def _predictions() -> Iterator[str]:
    """Yield 400 predictions of more classes than there may be series for, and every mishap.

    A day before them the model was less sure.
    """
    for number in range(1600):
        unsure = {"timestamp": _NOW - 90_000 + number, "model_version": "1", "confidence": 0.1}
        yield json.dumps(unsure) + "\n"
    for number in range(400):
        record = {
            "timestamp": _NOW - 400 + number,
            "model_version": "1",
            "prediction": f"class {number % 40}",
            "true_label": f"class {number % 20}",
            "confidence": 0.9,
            "latency_ms": 12,
            "features": {"age": number * 7 % 30},
            "attributions": {"age": 0.5, "plan": 0.25},
            "embedding": [1, number % 2],
            "uncertainty": number % 7,
        }
        yield json.dumps(record) + "\n"
    failed = {"timestamp": _NOW, "model_version": "1", "error_type": "TimeoutError"}
    started = {"timestamp": _NOW - 500, "model_version": "1", "package_versions": {"numpy": "2.0"}}
    label_alone = {"request_id": "1", "true_label": "class 1"}
    yield f"{json.dumps(started)}\n{json.dumps(failed)}\n{json.dumps(label_alone)}\n\nno record\n"


def _messages() -> Iterator[str]:
    """Yield an hour of a machine whose messages follow each other in turn."""
    for second in range(3000):
        minute, rest = divmod(second, 60)
        message = ("cron[1]: job started", "sshd[2]: connection from 10.0.0.1", "cron[1]: job done")
        yield f"Dec 31 23:{minute:02}:{rest:02} host1 {message[second % 3]}\n"


def _modeltail(*arguments: str) -> None:
    told = io.StringIO()
    if cli.execute(arguments, Streams(io.StringIO(), told, io.BytesIO())):
        raise RuntimeError(f"modeltail {' '.join(arguments)}: {told.getvalue()}")
