from __future__ import annotations

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporter.monitors.budget import SeriesBudget
from exporter.monitors.syslog_counts import SyslogCounts
from exporter.records import Categorical, SyslogBatch


def batch(records: list[tuple[float, str, str]], source: str = "cluster") -> SyslogBatch:
    """Make a batch of (time, host, tag)."""
    times, hosts, tags = zip(*records, strict=True) if records else ((), (), ())
    times = np.array(times, dtype=np.float64)
    return SyslogBatch(
        source,
        1000.0,
        times,
        Categorical.encode(hosts),
        Categorical.encode(tags),
        Categorical.encode(tags),
        event_time=times,
    )


def exposed(monitor: SyslogCounts) -> dict[tuple[str, ...], float]:
    """Return the samples by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in monitor.families(monitor.snapshot(), 1000.0)
        for sample in family.samples
    }


def test_messages_are_counted_by_host_and_tag():
    """Only pairs that occurred are series; the time is the latest of the host."""
    monitor = SyslogCounts()
    monitor.update(batch([(10.0, "a", "cron"), (30.0, "a", "sshd"), (20.0, "a", "cron")]))
    monitor.update(batch([(5.0, "b", "")]))
    monitor.update(batch([]))
    assert exposed(monitor) == {
        ("syslog_messages_total", "a", "cron"): 2,
        ("syslog_messages_total", "a", "sshd"): 1,
        ("syslog_messages_total", "b", ""): 1,
        ("syslog_last_message_timestamp_seconds", "a"): 30.0,
        ("syslog_last_message_timestamp_seconds", "b"): 5.0,
    }


def test_a_host_in_two_sources_is_one_series():
    """Sources are no label."""
    monitor = SyslogCounts()
    for source in ("auth", "messages"):
        monitor.update(batch([(10.0, "a", "cron")], source))
    assert exposed(monitor)["syslog_messages_total", "a", "cron"] == 2


def test_hosts_and_tags_beyond_the_first_are_other():
    """The number of series is bounded and no message is lost."""
    monitor = SyslogCounts(max_hosts=2, max_tags=2)
    monitor.update(batch([(n, f"h{n % 4}", f"t{n % 3}") for n in range(12)]))
    samples = exposed(monitor)
    counts = {key[1:]: value for key, value in samples.items() if "messages" in key[0]}
    assert sum(counts.values()) == 12
    assert {host for host, _ in counts} == {"h0", "h1", "other"}
    assert {tag for _, tag in counts} == {"t0", "t1", "other"}
    assert samples["syslog_last_message_timestamp_seconds", "other"] == 11


def test_names_from_a_log_are_escaped():
    """A host that an attacker chose can't break the exposition."""
    monitor = SyslogCounts()
    monitor.update(batch([(1.0, 'a"} 1\nfake_total{x="', "\x00\\")]))
    registry = CollectorRegistry()

    class Collector:
        def collect(self):
            return monitor.families(monitor.snapshot(), 1.0)

    registry.register(Collector())
    text = generate_latest(registry).decode()
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 2


def test_a_snapshot_does_not_change():
    """A scrape reads what was published."""
    monitor = SyslogCounts()
    monitor.update(batch([(1.0, "a", "t")]))
    snapshot = monitor.snapshot()
    monitor.update(batch([(2.0, "b", "t"), (3.0, "a", "t")]))
    samples = [s.value for family in monitor.families(snapshot, 9.0) for s in family.samples]
    assert samples == [1, 1.0]


def test_the_state_is_restored():
    """A restored monitor exposes the same and goes on counting."""
    monitor, restored = (SyslogCounts(max_hosts=2, max_tags=2) for _ in range(2))
    records = [(float(n), f"h{n % 4}", f"t{n % 3}") for n in range(12)]
    monitor.update(batch(records))
    restored.load(monitor.dump())
    assert exposed(restored) == exposed(monitor)
    for each in (monitor, restored):
        each.update(batch(records))
    assert exposed(restored) == exposed(monitor)


def test_state_of_another_configuration_is_refused():
    """Other limits mean other cells."""
    with pytest.raises(ValueError, match="does not fit"):
        SyslogCounts(max_hosts=3).load(SyslogCounts(max_hosts=2).dump())


@pytest.mark.parametrize("limit", [100, 700, 10_000])
def test_the_series_stay_within_the_budget(limit):
    """Every host logs with every tag: what is claimed covers all pairs, and `other` the rest."""
    budget = SeriesBudget(limit)
    monitor = SyslogCounts(max_hosts=40, max_tags=20, budget=budget)
    pairs = [(10.0, f"h{host}", f"t{tag}") for host in range(50) for tag in range(30)]
    monitor.update(batch(pairs))
    found = exposed(monitor)
    # The row and the column of `other` alone are always there.
    assert len(found) <= budget.used + 2
    assert budget.used <= limit
    messages = [n for (name, *_), n in found.items() if name == "syslog_messages_total"]
    assert sum(messages) == len(pairs)


def test_times_from_a_clock_that_was_ahead_give_way():
    """Kept, they would hide that a host is silent until the clock gets there."""
    monitor = SyslogCounts()
    monitor.update(batch([(5000.0, "a", "cron"), (900.0, "b", "cron")]))
    monitor.update(batch([(999.0, "a", "cron")]))
    found = exposed(monitor)
    assert found["syslog_last_message_timestamp_seconds", "a"] == 999.0
    assert found["syslog_last_message_timestamp_seconds", "b"] == 900.0
