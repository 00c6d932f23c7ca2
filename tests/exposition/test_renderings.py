"""One rendering serves all that scrape a snapshot in a format, as long as it is fresh."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from exporter.exposition.renderings import FORMATS, FRESH_SECONDS, Renderings


class Counted:
    """A collector that counts how often it is asked, and waits if it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.wait = threading.Event()
        self.wait.set()

    def describe(self):
        return ()

    def collect(self):
        self.asked += 1
        self.wait.wait(10)
        yield GaugeMetricFamily("x", "X.", value=self.asked)


@pytest.fixture
def world():
    """Return a collector, what is shown and what time it is, and the renderings of it."""
    collector, state = Counted(), {"snapshot": object(), "now": 0.0}
    registry = CollectorRegistry()
    registry.register(collector)
    made = Renderings(registry, lambda: state["snapshot"], lambda: state["now"])
    return collector, state, made


def test_once_for_each_snapshot_and_format(world):
    """A new snapshot, or some time, and it is made anew."""
    collector, state, renderings = world
    first = renderings.get(generate_latest, "text")
    assert renderings.get(generate_latest, "text") is first
    assert first.plain == b"# HELP x X.\n# TYPE x gauge\nx 1.0\n"
    assert gzip.decompress(first.packed) == first.plain
    assert renderings.get(openmetrics, "open").plain.endswith(b"x 2.0\n# EOF\n")
    state["snapshot"] = object()
    assert b"x 3.0" in renderings.get(generate_latest, "text").plain
    state["now"] += FRESH_SECONDS + 0.1
    assert b"x 4.0" in renderings.get(generate_latest, "text").plain
    assert collector.asked == 4


def test_whoever_comes_meanwhile_waits_for_the_same(world):
    """Twenty scrapers at once cost as much as one."""
    collector, _, renderings = world
    collector.wait.clear()
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(renderings.get, generate_latest, "text") for _ in range(20)]
        collector.wait.set()
        assert {one.result().plain for one in waiting} == {b"# HELP x X.\n# TYPE x gauge\nx 1.0\n"}
    assert collector.asked == 1


def test_formats_that_are_kept_are_bounded(world):
    """Whoever asks for many versions of a format fills no memory."""
    _, _, renderings = world
    for number in range(3 * FORMATS):
        renderings.get(generate_latest, f"text; version={number}")
    assert len(renderings._formats) == FORMATS
