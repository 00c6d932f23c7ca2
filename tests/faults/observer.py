"""What must hold at every scrape."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.commands.exporter_process import ExporterProcess

PER_PROCESS = (
    "modeltail_checkpoint_",
    "modeltail_monitor_errors_",
    "modeltail_series_refused_",
    "process_",
)
"""Counters that begin at 0 with each process; all others are stored."""

Shown = Mapping[tuple[str, ...], float]


def unbalanced(shown: Shown) -> dict[str, tuple[float, float]]:
    """Return lines, and parsed + rejected + skipped, of sources where these are not the same."""
    parts = (
        "modeltail_records_parsed_total",
        "modeltail_records_rejected_total",
        "modeltail_lines_skipped_total",
    )
    lines = {
        labels[0]: v for (name, *labels), v in shown.items() if name == "modeltail_lines_total"
    }
    accounted = dict.fromkeys(lines, 0.0)
    for (name, *labels), value in shown.items():
        if name in parts:
            # Labels are sorted by name: a reason comes before the source.
            accounted[labels[-1]] = accounted.get(labels[-1], 0.0) + value
    return {
        source: (lines.get(source, 0.0), total)
        for source, total in accounted.items()
        if lines.get(source, 0.0) != total
    }


class Observer:
    """Scrapes, and remembers each counter that fell and all books that do not balance."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], float] = {}
        self.fell: list[tuple[tuple[str, ...], float, float]] = []
        self.unbalanced: list[dict[str, tuple[float, float]]] = []
        self.scrapes = 0

    def scrape(self, exporter: ExporterProcess) -> dict[tuple[str, ...], float]:
        """Scrape once; nothing is returned if the exporter is not there to answer."""
        try:
            response = requests.get(f"{exporter.url}/metrics", timeout=5)
        except requests.RequestException:
            return {}
        self.scrapes += 1
        shown: dict[tuple[str, ...], float] = {}
        for family in text_string_to_metric_families(response.text):
            for sample in family.samples:
                labels = (sample.labels[name] for name in sorted(sample.labels))
                series = (sample.name, *labels)
                shown[series] = sample.value
                if family.type in ("counter", "histogram"):
                    self._check(series, sample.value)
        if wrong := unbalanced(shown):
            self.unbalanced.append(wrong)
        return shown

    def _check(self, series: tuple[str, ...], value: float) -> None:
        if series[0].startswith(PER_PROCESS):
            return
        before = self._seen.get(series, 0.0)
        # Not even to 0: Prometheus would count again what was there before.
        if value < before:
            self.fell.append((series, before, value))
        self._seen[series] = value
