"""The metrics that rules and dashboards may use, with their labels: what the exporter exposes."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from scripts.metric_tables import exposed
from tests.stack.rules import recordings

TARGET_LABELS = frozenset({"job", "instance"})
# These come from prometheus_client's collector of the running process.
_PROCESS = (
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
)
# What the level of a recorded name stands for, where that is not the label of that name.
_LEVELS = {"feature": {"feature", "reference"}, "bin": {"previous_edge"}}


@cache
def exported() -> dict[str, frozenset[str]]:
    """Return the labels of every series that the exporter exposes, by name."""
    with tempfile.TemporaryDirectory() as directory:
        families = exposed(Path(directory))
    labels: dict[str, frozenset[str]] = dict.fromkeys(_PROCESS, TARGET_LABELS)
    for family in families:
        for series in family.samples:
            known = labels.get(series.name, TARGET_LABELS)
            labels[series.name] = known | series.labels.keys()
    return labels


def from_prometheus() -> dict[str, frozenset[str]]:
    """Return the labels of the series that Prometheus makes itself, by name."""
    alert = {"alertname", "alertstate", "severity", "model", "version", "window", "host"}
    burn = {"slo", "long", "short"}
    return {
        "up": TARGET_LABELS,
        "scrape_duration_seconds": TARGET_LABELS,
        "scrape_samples_scraped": TARGET_LABELS,
        "ALERTS": TARGET_LABELS | alert | burn,
    }


@cache
def recorded() -> dict[str, frozenset[str]]:
    """Return the labels of what the rules record, by name: its level lists them."""
    labels = {}
    for rule in recordings():
        level, _, _ = rule["record"].partition(":")
        parts = [_LEVELS.get(part, {part}) for part in level.split("_")]
        labels[rule["record"]] = frozenset().union(*parts)
    return labels
