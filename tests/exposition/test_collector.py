from __future__ import annotations

import json

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from exporter.exposition.collector import PublishedCollector, merged
from exporter.monitors.isolation import Isolation
from exporter.monitors.throughput import Throughput
from exporter.pipeline import Snapshot
from exporter.storage.checkpoint import CheckpointStats
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, unlimited


def throughput(*records, **labels):
    """Return a monitor that has seen records."""
    monitor = Throughput(LABELS | labels, WINDOWS, unlimited())
    monitor.update(batch(*records))
    return monitor


def snapshot(*monitors, windows_end=None, timestamp=NOW):
    """Return a snapshot of monitors."""
    return Snapshot(
        timestamp=timestamp,
        groups=[([(monitor, monitor.snapshot()) for monitor in monitors], windows_end)],
        sources=[],
        checkpoint=CheckpointStats(),
        monitor_errors={},
        series_refused={},
    )


def collector(now=NOW, timer=None, isolation=None):
    """Return a collector with a clock that stands still."""
    return PublishedCollector(
        isolation or Isolation(), clock=lambda: now, timer=timer, config_loaded_at=5.0
    )


def exposed(source):
    """Return the value of each series, from the text that a scraper gets."""
    registry = CollectorRegistry()
    registry.register(source)
    found = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            key = sample.name + json.dumps(sample.labels, sort_keys=True)
            assert key not in found
            found[key] = sample.value
    return found


def value(found, name, **labels):
    """Return one series."""
    return found.get(name + json.dumps(labels, sort_keys=True))


def test_nothing_is_exposed_before_the_first_snapshot():
    """Rather than zeros that would look like a reset."""
    source = collector()
    assert exposed(source) == {}
    assert source.published_at is None


def test_the_last_snapshot_is_shown():
    """With what the exporter knows of itself; the scrape's duration only where it is timed."""
    source = collector()
    source.publish(snapshot(throughput({"prediction": "a"})))
    source.publish(
        snapshot(throughput({"prediction": "a"}, {"prediction": "a"}), timestamp=NOW + 1)
    )
    found = exposed(source)
    assert value(found, "model_predictions_total", **LABELS, **{"class": "a"}) == 2
    assert value(found, "modeltail_snapshot_timestamp_seconds") == NOW + 1 == source.published_at
    assert value(found, "modeltail_config_last_reload_success_timestamp_seconds") == 5
    assert value(found, "modeltail_scrape_duration_seconds") is None


def test_the_duration_of_a_scrape():
    """From the first family to the last."""
    ticks = iter([10.0, 10.25])
    source = collector(timer=lambda: next(ticks))
    source.publish(snapshot())
    assert value(exposed(source), "modeltail_scrape_duration_seconds") == 0.25


def test_windows_end_at_the_time_of_the_scrape():
    """They slide on while nothing is logged, from one snapshot."""
    taken = snapshot(throughput({"timestamp": NOW - 10, "prediction": "a"}))
    for age, inside in ((0, 1), (49, 1), (51, None)):
        source = collector(now=NOW + age)
        source.publish(taken)
        name = "model_window_predictions"
        assert value(exposed(source), name, **LABELS, window="1m") == inside
        assert value(exposed(source), name, **LABELS, window="1h") == 1


def test_windows_may_end_at_the_latest_event():
    """As files are read once, the clock of the scrape says nothing."""
    source = collector(now=NOW + 1e6)
    source.publish(snapshot(throughput({"prediction": "a"}), windows_end=NOW))
    assert value(exposed(source), "model_window_predictions", **LABELS, window="1m") == 1


def test_a_family_of_many_monitors_is_one_family():
    """HELP and TYPE once, all samples below: the format demands it."""
    source = collector()
    source.publish(
        snapshot(
            throughput({"prediction": "a"}, version="1"),
            throughput({"prediction": "a"}, version="2"),
            throughput({"prediction": "b"}, model="second"),
        )
    )
    registry = CollectorRegistry()
    registry.register(source)
    text = generate_latest(registry).decode()
    assert text.count("# TYPE model_predictions_total counter") == 1
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert names == sorted(set(names))
    found = exposed(source)
    for version in "12":
        labels = {"model": "bot", "version": version, "class": "a"}
        assert value(found, "model_predictions_total", **labels) == 1


def test_families_without_series_are_left_out():
    """HELP of nothing says nothing."""
    full = GaugeMetricFamily("b", "Help.", value=1)
    assert merged([CounterMetricFamily("c", "Help.", labels=["x"]), full]) == [full]
    assert merged([]) == []


def test_a_monitor_that_fails_costs_its_own_families():
    """The scrape succeeds."""

    class Broken(Throughput):
        name = "broken"

        def families(self, snapshot, now):
            raise RuntimeError("broken")

    isolation = Isolation()
    source = collector(isolation=isolation)
    broken = Broken(LABELS, WINDOWS, unlimited())
    source.publish(snapshot(broken, throughput({"prediction": "a"})))
    found = exposed(source)
    assert value(found, "model_predictions_total", **LABELS, **{"class": "a"}) == 1
    assert isolation.errors["broken"] >= 1


def test_scraping_twice_shows_the_same():
    """Joining families leaves the snapshot as it is."""
    source = collector()
    source.publish(snapshot(throughput({"prediction": "a"}), throughput({"error": 1}, version="2")))
    assert exposed(source) == exposed(source)
