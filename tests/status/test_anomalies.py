from __future__ import annotations

import math
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from exporter.exposition.collector import PublishedCollector
from exporter.exposition.web import application
from exporter.monitors.isolation import Isolation
from exporter.monitors.latest_anomalies import Anomaly
from exporter.monitors.syslog_alarms import SyslogAlarms
from exporter.monitors.syslog_sources import AlarmSettings
from exporter.pipeline import Snapshot
from exporter.storage.checkpoint import CheckpointStats
from tests.exposition.configured import configured

ANOMALY = Anomaly(
    number=1,
    time=1.5,
    source="cluster",
    host="web1",
    kind="novel",
    alarm=True,
    score=12.5,
    pvalue=0.0005,
    message="Nov 22 12:00:00 web1 app[1]: <script>alert(1)</script>",
    context=("before", "after"),
    explanation='"app: <*>" was never logged before',
)
BURST = Anomaly(2, 2.5, "cluster", "web2", "burst", True, 7.0, math.nan, "", (), "")
SHOWN = {
    "number": 1,
    "time": 1.5,
    "source": "cluster",
    "host": "web1",
    "kind": "novel",
    "alarm": True,
    "score": 12.5,
    "pvalue": 0.0005,
}


class Alarms(SyslogAlarms):
    """The monitor, with anomalies of our own."""

    def __init__(self):
        super().__init__((), {"cluster": AlarmSettings(0.001)})

    def snapshot(self):
        """Return the state, with these."""
        return replace(super().snapshot(), anomalies=(BURST, ANOMALY))


def get(peer="127.0.0.1", host="localhost:9877", headers=(), *, published=True):
    """Ask for the anomalies."""
    collector = PublishedCollector(Isolation(), lambda: 0.0, None, 0.0)
    if published:
        alarms = Alarms()
        groups = [([(alarms, alarms.snapshot())], None)]
        collector.publish(Snapshot(0.0, groups, [], CheckpointStats(), {}, {}))
    app = application(
        CollectorRegistry(), collector, lambda: 0.0, "/metrics", lambda: None, configured
    )
    client = TestClient(app, client=(peer, 5000))
    return client.get("/api/v1/anomalies", headers={"host": host, **dict(headers)})


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("127.0.0.1", "localhost:9877"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]:9877"),
        ("::ffff:127.0.0.1", "localhost"),
    ],
)
def test_from_this_machine(peer, host):
    """Newest first, with lines and explanations; log content stays text."""
    response = get(peer, host)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json() == {
        "status": "success",
        "data": [
            {
                "number": 2,
                "time": 2.5,
                "source": "cluster",
                "host": "web2",
                "kind": "burst",
                "alarm": True,
                "score": 7.0,
                "pvalue": None,
                "message": "",
                "context": [],
                "explanation": "",
            },
            {
                **SHOWN,
                "message": ANOMALY.message,
                "context": ["before", "after"],
                "explanation": ANOMALY.explanation,
            },
        ],
    }


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("10.0.0.7", "localhost", ()),
        ("127.0.0.1", "evil.example", ()),
        ("127.0.0.1", "", ()),
        ("127.0.0.1", "localhost", [("x-forwarded-for", "10.0.0.7")]),
        ("127.0.0.1", "localhost", [("forwarded", "for=10.0.0.7")]),
        ("testclient", "localhost", ()),
    ],
)
def test_from_elsewhere(peer, host, headers):
    """Nothing that a log says; it is told why."""
    body = get(peer, host, headers).json()
    assert body["data"][1] == SHOWN
    assert body["warnings"] == [
        "lines of logs are shown to users with a password and to this machine only"
    ]


def test_before_the_first_snapshot():
    """There are none."""
    assert get(published=False).json() == {"status": "success", "data": []}
