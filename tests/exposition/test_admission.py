from __future__ import annotations

import asyncio
import threading

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector
from starlette.testclient import TestClient

from exporter.exposition.admission import MAXIMUM_IN_FLIGHT, Admission
from exporter.exposition.collector import PublishedCollector
from exporter.exposition.web import application
from exporter.monitors.isolation import Isolation
from tests.exposition.configured import configured
from tests.monitors.builders import NOW

DEADLINE_SECONDS = 20


class Held(Collector):
    """A collector that does not come back before it is let go."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Event()

    def collect(self):
        self.entered.release()
        assert self.let_go.wait(DEADLINE_SECONDS)
        return []


def test_requests_beyond_the_maximum_are_refused_at_once():
    """All 40 are being answered, the next ones get 503, only probes an answer, then all is well."""
    held = Held()
    registry = CollectorRegistry()
    served = PublishedCollector(Isolation(), lambda: NOW, timer=None, config_loaded_at=5.0)
    app = application(registry, served, lambda: NOW, "/metrics", lambda: None, configured)
    registry.register(served)
    registry.register(held)

    async def scenario():
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            waiting = [
                asyncio.create_task(client.get("/metrics?name[]=x"))
                for _ in range(MAXIMUM_IN_FLIGHT)
            ]
            try:
                for _ in waiting:
                    assert await asyncio.to_thread(held.entered.acquire, timeout=DEADLINE_SECONDS)
                refused = [await client.get(path) for path in ("/metrics", "/-/reload", "/nothing")]
                probed = [await client.get(path) for path in ("/-/healthy", "/-/ready")]
                assert not any(task.done() for task in waiting)
            finally:
                held.let_go.set()
            answered = await asyncio.gather(*waiting)
            return refused, probed, answered, await client.get("/metrics")

    refused, probed, answered, after = asyncio.run(scenario())
    assert [response.status_code for response in refused] == [503, 503, 503]
    assert {response.text for response in probed} == {"starting\n"}
    assert refused[0].text == "40 requests are in flight, try again\n"
    assert refused[0].headers["retry-after"] == "1"
    assert {response.status_code for response in answered} == {200}
    assert after.status_code == 200


def test_a_request_that_fails_gives_its_place_back():
    """Whatever the application raises."""

    async def failing(scope, receive, send):
        raise RuntimeError("planted")

    client = TestClient(Admission(failing, maximum=1))
    for _ in range(3):
        with pytest.raises(RuntimeError, match="planted"):
            client.get("/")
