"""Each request is a line of the log, however it ends, and whatever it asks for."""

from __future__ import annotations

import io
import json
import logging

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from exporter.exposition.collector import PublishedCollector
from exporter.exposition.request_log import RequestLog
from exporter.exposition.web import application
from exporter.logs import LineFormatter
from exporter.monitors.isolation import Isolation
from tests.exposition.configured import configured
from tests.monitors.builders import NOW


@pytest.fixture
def log():
    """Return what the log of requests is written to, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter("json"))
    logger = logging.getLogger("exporter.exposition.request_log")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def entries(log):
    """Return the fields of all lines, but for the times."""
    every = [json.loads(line) for line in log.getvalue().splitlines()]
    return [
        {key: each[key] for key in ("method", "path", "status", "bytes", "client")}
        for each in every
    ]


def client(*, log_requests):
    """Return a client of an exporter that shows nothing yet."""
    registry = CollectorRegistry()
    collector = PublishedCollector(Isolation(), lambda: NOW, timer=None, config_loaded_at=5.0)
    registry.register(collector)
    app = application(
        registry, collector, lambda: NOW, "/metrics", lambda: None, configured,
        log_requests=log_requests,
    )  # fmt: skip
    return TestClient(app, client=("192.0.2.7", 5))


def test_every_request_is_a_line(log):
    """Found or not; what may hold a secret, the query, is left out."""
    asked = client(log_requests=True)
    answer = asked.get("/metrics?name[]=up", headers={"Accept-Encoding": "identity"})
    asked.head("/-/ready")
    asked.get("/a%0Alevel=error%1b[2J?token=secret")
    common = {"client": "192.0.2.7"}
    missing = len(b"Not Found")
    assert entries(log) == [
        common | {"method": "GET", "path": "/metrics", "status": 200, "bytes": len(answer.content)},
        common | {"method": "HEAD", "path": "/-/ready", "status": 503, "bytes": 0},
        common
        | {"method": "GET", "path": "/a\nlevel=error\x1b[2J", "status": 404, "bytes": missing},
    ]
    assert "secret" not in log.getvalue()
    assert "\x1b" not in log.getvalue()


def test_nobody_asked_for_a_log(log):
    """A scrape each second would drown all else."""
    client(log_requests=False).get("/metrics")
    assert log.getvalue() == ""


def test_a_fault_is_logged_as_500(log):
    """With the time that it took."""

    async def failing(scope, receive, send):
        raise RuntimeError("planted")

    times = iter((5.0, 7.5))
    with pytest.raises(RuntimeError, match="planted"):
        TestClient(RequestLog(failing, lambda: next(times))).get("/x")
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["status"], line["bytes"], line["seconds"]) == (500, 0, 2.5)
