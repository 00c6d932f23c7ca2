"""Small inputs for monitors, and what they expose."""

from __future__ import annotations

import json

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from exporter.event_time import EventTime
from exporter.exposition.collector import merged
from exporter.monitors.budget import SeriesBudget
from exporter.parsing.json_lines import JsonLines
from exporter.storage import encoding
from exporter.windows import Window

LABELS = {"model": "bot", "version": "1"}
WINDOWS = (Window("1m", 60.0), Window("1h", 3600.0))
NOW = 1_000_000.0


def parse(*records, received=NOW, **options):
    """Parse records (maps, or lines as bytes) to a batch."""
    lines = [
        record if isinstance(record, bytes) else json.dumps(record).encode() for record in records
    ]
    return JsonLines(**options).parse(lines, received).batch


def batch(*records, windows=WINDOWS, place=None, received=NOW, **options):
    """Parse records, those without a time being of `received`, and place them in the windows."""
    place = place or EventTime(windows, replay=False)
    return place.place(parse(*records, received=received, **options))


def unlimited():
    """Return a budget that grants everything."""
    return SeriesBudget.unlimited()


class _Exposed(Collector):
    def __init__(self, monitors, now):
        self._monitors = monitors
        self._now = now

    def collect(self):
        return merged(
            family
            for monitor in self._monitors
            for family in monitor.families(monitor.snapshot(), self._now)
        )


def exposition(*monitors, now=NOW):
    """Return the text that a scrape at `now` gets."""
    registry = CollectorRegistry()
    registry.register(_Exposed(monitors, now))
    return generate_latest(registry).decode()


def series(*monitors, now=NOW, without=("model", "version")):
    """Return the value of each series, as ``name{label="value"}`` without the constant labels."""
    found = {}
    for family in _Exposed(monitors, now).collect():
        for sample in family.samples:
            labels = ",".join(
                f"{name}={value}" for name, value in sample.labels.items() if name not in without
            )
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in found
            found[key] = sample.value
    return found


def through_storage(monitor, fresh):
    """Restore the state of a monitor, as stored on disk, into a fresh one."""
    fresh.load(encoding.decode(encoding.encode(monitor.dump())))
    return fresh
