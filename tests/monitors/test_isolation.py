from __future__ import annotations

import logging

from prometheus_client.core import GaugeMetricFamily

from exporter.monitors.isolation import Isolation


def test_what_raises_is_counted_and_costs_its_own_result():
    """Others go on."""
    isolation = Isolation()
    assert isolation.call("good", lambda: 7) == 7
    assert isolation.call("bad", lambda: 1 / 0) is None
    assert isolation.errors == {"bad": 1}


def test_the_traceback_is_logged_once(caplog):
    """A monitor that fails on every batch does not fill the log."""
    isolation = Isolation()
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            isolation.call("bad", lambda: 1 / 0)
    assert [record.getMessage() for record in caplog.records] == ["monitor bad failed"]
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
    assert isolation.errors == {"bad": 5}


def test_families_that_fail_half_way_are_left_out():
    """Half a family would look like a fall to zero."""

    def families():
        yield GaugeMetricFamily("a", "Help.", value=1)
        raise RuntimeError("half way")

    isolation = Isolation()
    assert isolation.iterate("bad", families) == []
    assert isolation.errors == {"bad": 1}


def test_known_monitors_start_at_zero():
    """Without taking back what has been counted."""
    isolation = Isolation()
    isolation.call("bad", lambda: 1 / 0)
    isolation.known(["bad", "good"])
    assert isolation.errors == {"bad": 1, "good": 0}
