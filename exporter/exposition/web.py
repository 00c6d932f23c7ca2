"""The web server: metrics, health, and a page that leads to them."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporter import __version__
from exporter.exposition import anomalies, operations
from exporter.exposition.collector import PublishedCollector
from exporter.monitors.latest_anomalies import Anomaly
from exporter.monitors.syslog_alarms import SyslogAlarms

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>modeltail</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}}
</style></head><body><main><h1>modeltail</h1>
<p>Metrics, statistics and alerts from the logs of machine-learning models.</p>
<ul><li><a href="{metrics}">Metrics</a></li><li><a href="/-/healthy">Health</a></li>
<li><a href="/api/v1/anomalies">Latest syslog anomalies</a></li></ul>
<p>Version {version}</p></main></body></html>
"""


class _Selection(Collector):
    """The families and series of a registry that are asked for by name.

    The registry's own restriction knows only what is described before it is collected.
    """

    def __init__(self, registry: CollectorRegistry, names: Sequence[str]) -> None:
        self._registry = registry
        self._names = frozenset(names)

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            part = Metric(family.name, family.documentation, family.type, family.unit)
            part.samples = [
                sample
                for sample in family.samples
                if sample.name in self._names or family.name in self._names
            ]
            if part.samples:
                yield part


def application(
    registry: CollectorRegistry,
    collector: PublishedCollector,
    clock: Callable[[], float],
    telemetry_path: str,
    reload: Callable[[], None],
) -> Starlette:
    """Return the ASGI application.

    Parameters
    ----------
    registry
        What is exposed.
    collector
        Tells how old the published snapshot is.
    clock
        Unix seconds.
    telemetry_path
        Where the metrics are.
    reload
        Reads the configuration anew; raises UsageError if it can't be used.
    """

    # The endpoints that collect are plain functions: starlette runs them in a thread, so that a
    # slow exposition delays no other request.
    def metrics(request: Request) -> Response:
        encoder, content_type = choose_encoder(request.headers.get("accept", ""))
        names = request.query_params.getlist("name[]")
        source = _Selection(registry, names) if names else registry
        return Response(encoder(source), media_type=content_type)

    def index(_: Request) -> Response:
        page = _PAGE.format(metrics=html.escape(telemetry_path), version=html.escape(__version__))
        return HTMLResponse(page, headers={"X-Content-Type-Options": "nosniff"})

    def latest() -> list[Anomaly]:
        return [one for taken in collector.taken(SyslogAlarms.name) for one in taken.anomalies]

    routes = [
        Route(telemetry_path, metrics),
        Route("/api/v1/anomalies", anomalies.endpoint(latest)),
        *operations.routes(collector, clock, reload),
    ]
    if telemetry_path != "/":
        routes.append(Route("/", index))
    return Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=1000)])
