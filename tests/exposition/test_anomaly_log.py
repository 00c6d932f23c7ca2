from __future__ import annotations

import logging
import math
from dataclasses import replace
from types import SimpleNamespace

from exporter.exposition.anomaly_log import AnomalyLog
from exporter.monitors.latest_anomalies import Anomaly
from exporter.monitors.syslog_alarms import SyslogAlarms

ANOMALY = Anomaly(
    number=1,
    time=1.5,
    source="cluster",
    host="web1",
    kind="novel",
    alarm=True,
    score=12.3456,
    pvalue=0.00051234,
    message="Nov 22 12:00:00 web1 app[1]: odd",
    context=("before", "after"),
    explanation='"app: odd" was never logged before',
)


class Published:
    """A collector that shows some anomalies, newest first."""

    def __init__(self):
        self.anomalies = ()

    def taken(self, monitor):
        """Yield what the monitors of a name had to show."""
        assert monitor == SyslogAlarms.name
        yield SimpleNamespace(anomalies=self.anomalies)


def logged(log, caplog):
    """Return the fields of the events that one more publication makes."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        log.write()
    assert all(record.getMessage() == "syslog anomaly" for record in caplog.records)
    return [record.fields for record in caplog.records]


def test_each_anomaly_is_logged_once_in_its_order(caplog):
    """However often it is published."""
    published = Published()
    log = AnomalyLog(published)
    assert logged(log, caplog) == []
    published.anomalies = tuple(replace(ANOMALY, number=number) for number in (2, 1))
    assert [fields["time"] for fields in logged(log, caplog)] == [1.5, 1.5]
    assert logged(log, caplog) == []
    published.anomalies = (replace(ANOMALY, number=3, host="web3"), *published.anomalies)
    assert [fields["host"] for fields in logged(log, caplog)] == ["web3"]


def test_a_monitor_that_begins_anew(caplog):
    """Counts from 1 again."""
    published = Published()
    log = AnomalyLog(published)
    published.anomalies = (replace(ANOMALY, number=7),)
    logged(log, caplog)
    published.anomalies = (ANOMALY,)
    assert len(logged(log, caplog)) == 1


def test_the_fields(caplog):
    """What an anomaly says, but for the lines around it; a burst has no p-value."""
    published = Published()
    log = AnomalyLog(published)
    published.anomalies = (replace(ANOMALY, number=2, kind="burst", pvalue=math.nan), ANOMALY)
    assert logged(log, caplog) == [
        {
            "time": 1.5,
            "source": "cluster",
            "host": "web1",
            "kind": "novel",
            "alarm": True,
            "score": 12.35,
            "pvalue": 0.000512,
            "message": "Nov 22 12:00:00 web1 app[1]: odd",
            "explanation": '"app: odd" was never logged before',
        },
        {
            "time": 1.5,
            "source": "cluster",
            "host": "web1",
            "kind": "burst",
            "alarm": True,
            "score": 12.35,
            "pvalue": None,
            "message": "Nov 22 12:00:00 web1 app[1]: odd",
            "explanation": '"app: odd" was never logged before',
        },
    ]
