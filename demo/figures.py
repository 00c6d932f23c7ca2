"""The series that the summary shows: from Prometheus, or from the exporter where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from demo import web

_SELECTOR = '{__name__=~"(model|syslog)_.+|modeltail_lines_total|up",job="modeltail"}'


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that Prometheus holds pending or firing.

    Attributes
    ----------
    labels
        The alert's labels, ``alertname`` and ``severity`` among them.
    state
        ``pending`` or ``firing``.
    since
        Unix seconds at which its expression first held.
    """

    labels: Mapping[str, str]
    state: str
    since: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Samples at one instant, and the alerts.

    Attributes
    ----------
    samples
        Labels and value of every series, by name.
    alerts
        Pending and firing ones, without the one that always fires.
    problem
        Why there are none; empty if all is well.
    """

    samples: Mapping[str, list[tuple[Mapping[str, str], float]]] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    problem: str = ""

    def total(self, name: str, /, **labels: str) -> float | None:
        """Return the sum of the series that have these labels; ``None`` if there are none."""
        values = [
            value for found, value in self.samples.get(name, ()) if labels.items() <= found.items()
        ]
        return sum(values) if values else None

    def one(self, name: str, /, **labels: str) -> float | None:
        """Return the first series that has these labels; ``None`` if there is none."""
        for found, value in self.samples.get(name, ()):
            if labels.items() <= found.items():
                return value
        return None

    def having(self, name: str, value: float, label: str, /, **labels: str) -> list[str]:
        """Return what `label` is in the series that have these labels and that value."""
        return sorted(
            found[label]
            for found, sample in self.samples.get(name, ())
            if sample == value and labels.items() <= found.items() and label in found
        )


def from_prometheus(url: str) -> Figures:
    """Ask Prometheus' API at `url`; a failure is told in the figures, not raised."""
    try:
        vector = web.data(f"{url}/api/v1/query", query=_SELECTOR)["result"]
        alerts = web.data(f"{url}/api/v1/alerts")["alerts"]
    except OSError as error:
        return Figures(problem=f"Prometheus: {error}")
    samples = ((entry["metric"], float(entry["value"][1])) for entry in vector)
    return Figures(
        _by_name((labels["__name__"], labels, value) for labels, value in samples),
        tuple(_alert(alert) for alert in alerts if alert["labels"]["alertname"] != "Watchdog"),
    )


def from_exporter(url: str) -> Figures:
    """Ask the exporter's own page at `url`; a failure is told in the figures, not raised."""
    try:
        page = web.text(url)
    except OSError as error:
        return Figures(problem=f"exporter: {error}")
    families = text_string_to_metric_families(page)
    return Figures(
        _by_name(
            (sample.name, sample.labels, sample.value)
            for family in families
            for sample in family.samples
        )
    )


def _by_name(
    samples: Iterable[tuple[str, Mapping[str, str], float]],
) -> dict[str, list[tuple[Mapping[str, str], float]]]:
    by_name: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for name, labels, value in samples:
        by_name.setdefault(name, []).append((labels, value))
    return by_name


def _alert(entry: Mapping[str, Any]) -> Alert:
    since = datetime.fromisoformat(entry["activeAt"])
    return Alert(entry["labels"], entry["state"], since.timestamp())
