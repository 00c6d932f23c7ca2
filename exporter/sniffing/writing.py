"""A configuration for logs that were looked at, with remarks for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.sniffing.formats import Guess

_HEAD = """\
# Written by modeltail init from the first lines of the logs; look it over.
# docs/configuration.md has every key; modeltail check tries it on the logs.
storage: {path: state}          # offsets and counts survive a restart
windows: [5m, 1h, 24h]
"""
_WANTED = {
    "timestamp": "events are of the time they are read",
    "prediction": "no predictions by class, no drift of the prediction",
    "true_label": "no accuracy, unless ground truth comes later with a request_id",
    "request_id": "ground truth that comes later can't be joined",
    "confidence": "no confidence, no calibration, no estimated accuracy",
    "latency_ms": "no latency",
    "model_version": "all of it counts as one version",
    "features": "no drift of features",
}
_INSTEAD = {"latency_ms": ("latency_s", "latency_us"), "confidence": ("probabilities",)}


@dataclass(frozen=True, slots=True)
class Looked:
    """Files of one kind, and what they are.

    Attributes
    ----------
    name
        Of the model or syslog source.
    paths
        Files and globs.
    guess
        What they are.
    """

    name: str
    paths: Sequence[str]
    guess: Guess


def text(looked: Sequence[Looked]) -> str:
    """Return the configuration as YAML; whatever logs say is quoted in it."""
    parts = [_HEAD]
    models = [one for one in looked if one.guess.kind == "model"]
    if models:
        parts.append("\nmodels:\n")
        parts += [_model(one) for one in models]
    sources = [one for one in looked if one.guess.kind == "syslog"]
    if sources:
        parts.append("\nsyslog:\n")
        parts += [f"  - name: {_quoted(one.name)}\n{_paths(one.paths)}" for one in sources]
    return "".join(parts)


def _model(one: Looked) -> str:
    guess = one.guess
    lines = [f"  - name: {_quoted(one.name)}\n{_paths(one.paths)}"]
    lines += [f"    # {remark}\n" for remark in guess.remarks]
    lines += [f"    {key}: {_quoted(value)}\n" for key, value in guess.settings.items()]
    mapped = {field: key for field, key in guess.fields.items() if field != key}
    if mapped:
        lines.append("    fields:                     # of ours, the key of the log\n")
        lines += [f"      {field}: {_quoted(key)}\n" for field, key in mapped.items()]
    own = [field for field, key in guess.fields.items() if field == key]
    if own:
        lines.append(f"    # Found under their own names: {', '.join(own)}.\n")
    missing = [
        f"    # Not found: {field}; {costs}.\n"
        for field, costs in _WANTED.items()
        if not any(name in guess.fields for name in (field, *_INSTEAD.get(field, ())))
    ]
    lines += missing
    lines.append(
        "    # thresholds: {min_accuracy: 0.9, max_error_ratio: 0.05}   # for the alerts\n"
    )
    return "".join(lines)


def _paths(paths: Sequence[str]) -> str:
    return f"    paths: [{', '.join(map(_quoted, paths))}]\n"


def _quoted(value: Any) -> str:
    """Return a value as JSON, which is YAML: nothing in it can end it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_quoted(each)}" for key, each in value.items()) + "}"
    return json.dumps(value)
