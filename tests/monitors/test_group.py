from __future__ import annotations

from typing import ClassVar

from prometheus_client.core import GaugeMetricFamily

from exporter.monitors.group import MonitorGroup, families
from exporter.monitors.isolation import Isolation
from exporter.storage import encoding


class Adding:
    name: ClassVar[str] = "adding"

    def __init__(self):
        self.total = 0
        self.copies = 0

    def update(self, batch):
        self.total += batch

    def snapshot(self):
        self.copies += 1
        return self.total

    def families(self, snapshot, now):
        yield GaugeMetricFamily(self.name, "Help.", value=snapshot)

    def dump(self):
        return {"total": self.total}

    def load(self, state):
        self.total = 99  # What fails later must leave no trace.
        self.total = int(state["total"])


class Failing(Adding):
    name: ClassVar[str] = "failing"

    def update(self, batch):
        raise RuntimeError(batch)

    def families(self, snapshot, now):
        yield GaugeMetricFamily(self.name, "Help.", value=snapshot)
        raise RuntimeError(snapshot)


def group(isolation=None, kinds=(Adding, Failing)):
    """Return a group and its isolation."""
    isolation = isolation or Isolation()
    return MonitorGroup(lambda: [kind() for kind in kinds], isolation), isolation


def exposed(monitors, isolation):
    """Return the value by family."""
    return {
        family.name: family.samples[0].value
        for family in families(monitors.snapshot(), 0.0, isolation)
    }


def test_a_broken_monitor_costs_only_its_own_part():
    """The others see every batch and are exposed."""
    monitors, isolation = group()
    monitors.update(1)
    monitors.update(2)
    assert exposed(monitors, isolation) == {"adding": 3}
    assert isolation.errors == {"failing": 3}


def test_an_idle_monitor_is_copied_once():
    """A snapshot a second costs nothing while nothing happens."""
    monitors, _ = group(kinds=[Adding])
    monitors.update(1)
    ((monitor, first),) = monitors.snapshot()
    monitors.snapshot()
    assert monitor.copies == 1
    monitors.update(1)
    assert monitors.snapshot()[0][1] == first + 1
    assert monitor.copies == 2


def test_state_survives_storage():
    """Each monitor finds its own part."""
    monitors, isolation = group(kinds=[Adding])
    monitors.update(5)
    restored, _ = group(isolation, kinds=[Adding])
    restored.load(encoding.decode(encoding.encode(monitors.dump())))
    assert exposed(restored, isolation) == {"adding": 5}


def test_state_that_does_not_fit_costs_one_monitor():
    """It starts afresh, not half restored; one that is new starts at 0."""
    monitors, isolation = group(kinds=[Adding])
    monitors.load({"adding": {"wrong": 1}})
    assert exposed(monitors, isolation) == {"adding": 0}
    assert isolation.errors == {"adding": 1}
    monitors.load({"gone": {"total": 1}})
    assert exposed(monitors, isolation) == {"adding": 0}


def test_nothing_expires():
    """The set is fixed."""
    monitors, isolation = group(kinds=[Adding])
    monitors.update(1)
    monitors.expire(1e12)
    assert exposed(monitors, isolation) == {"adding": 1}
