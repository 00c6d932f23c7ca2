from __future__ import annotations

import gzip

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from exporter import __version__
from exporter.exposition.collector import PublishedCollector
from exporter.exposition.operations import STALE_SECONDS
from exporter.exposition.web import application
from exporter.monitors.isolation import Isolation
from exporter.pipeline import Snapshot
from exporter.storage.checkpoint import CheckpointStats
from tests.exposition.configured import configured
from tests.monitors.builders import NOW


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Return a clock that is moved by hand."""
    return Clock()


@pytest.fixture
def collector(clock):
    """Return the collector that is served."""
    return PublishedCollector(Isolation(), clock, timer=None, config_loaded_at=5.0)


@pytest.fixture
def registry(collector):
    """Return the registry that is served."""
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


@pytest.fixture
def client(registry, collector, clock):
    """Return a client of the application."""
    return TestClient(application(registry, collector, clock, "/metrics", lambda: None, configured))


def publish(collector, timestamp=NOW):
    """Publish an empty snapshot."""
    collector.publish(Snapshot(timestamp, [], [], CheckpointStats(), {}, {}))


def test_metrics_in_the_text_format(client, collector, registry):
    """What generate_latest gives, with its content type."""
    publish(collector)
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert response.content == generate_latest(registry)
    names = {family.name for family in text_string_to_metric_families(response.text)}
    assert "modeltail_build_info" in names


def test_metrics_in_openmetrics(client, collector):
    """For a scraper that asks for it."""
    publish(collector)
    response = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert response.headers["content-type"].startswith(
        "application/openmetrics-text; version=1.0.0"
    )
    assert response.text.endswith("# EOF\n")
    names = {family.name for family in openmetrics(response.text)}
    assert "modeltail_checkpoint_failures" in names


def test_some_metrics_only(client, collector):
    """As client libraries have it: name[], of families or of series."""
    publish(collector)
    names = ["modeltail_snapshot_timestamp_seconds", "modeltail_checkpoint_failures_total"]
    for asked, found in ((names[:1], names[:1]), (names, names[::-1]), (["nothing"], [])):
        response = client.get("/metrics", params={"name[]": asked})
        assert [
            sample.name
            for family in text_string_to_metric_families(response.text)
            for sample in family.samples
        ] == found
    response = client.get("/metrics?name[]=modeltail_checkpoint_failures")
    assert response.text.splitlines()[1:] == [
        "# TYPE modeltail_checkpoint_failures_total counter",
        "modeltail_checkpoint_failures_total 0.0",
    ]


def test_metrics_are_compressed_on_demand(client, collector):
    """Prometheus asks for gzip."""
    publish(collector)
    with client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["content-encoding"] == "gzip"
        packed = b"".join(response.iter_raw())
    plain = client.get("/metrics", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.content


def test_health(client, collector, clock):
    """Healthy while snapshots come; ready from the first on."""
    for path in ("/-/healthy", "/-/ready"):
        response = client.get(path)
        assert (response.status_code, response.text) == (503, "starting\n")
    publish(collector)
    assert (client.get("/-/healthy").status_code, client.get("/-/healthy").text) == (
        200,
        "healthy\n",
    )
    clock.now = NOW + STALE_SECONDS
    assert client.get("/-/healthy").status_code == 200
    clock.now = NOW + STALE_SECONDS + 1
    response = client.get("/-/healthy")
    assert (response.status_code, response.text) == (503, "no new snapshot for 31 s\n")
    response = client.get("/-/ready")
    assert (response.status_code, response.text) == (200, "ready\n")


def test_scraping_goes_on_while_unhealthy(client, collector, clock):
    """The age of the snapshot is in the metrics."""
    publish(collector)
    clock.now = NOW + 1000
    assert client.get("/metrics").status_code == 200


def test_the_first_page_leads_to_the_metrics(client):
    """A page for people."""
    response = client.get("/")
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert '<a href="/metrics">Metrics</a>' in response.text
    assert __version__ in response.text


def test_head_other_methods_and_other_paths(client, collector):
    """HEAD has no body, nothing can be written, and there is nothing else."""
    publish(collector)
    head = client.head("/metrics")
    assert (head.status_code, head.content) == (200, b"")
    for path in ("/metrics", "/-/healthy", "/-/ready", "/"):
        assert client.post(path).status_code == 405
        assert client.delete(path).status_code == 405
    for path in ("/nothing", "/metrics/x", "/../etc/passwd", "/-/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", '/m"<x>'])
def test_another_telemetry_path(registry, collector, clock, path):
    """Also in place of the first page; its name is escaped there."""
    publish(collector)
    client = TestClient(application(registry, collector, clock, path, lambda: None, configured))
    assert "modeltail_build_info" in client.get(path).text
    assert client.get("/metrics").status_code == 404
    if path != "/":
        assert '<a href="/m&#34;&lt;x&gt;">' in client.get("/").text
