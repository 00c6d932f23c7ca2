"""The web server: metrics, health, and the status page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.config import Configuration
from exporter.exposition import operations
from exporter.exposition.admission import Admission
from exporter.exposition.collector import PublishedCollector
from exporter.exposition.renderings import Renderings
from exporter.exposition.request_log import RequestLog
from exporter.status import api, page
from exporter.status.published import Published
from exporter.web_config.file import WebSettings
from exporter.web_config.guard import Guard


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
    configuration: Callable[[], Configuration],
    web_settings: Callable[[], WebSettings] | None = None,
    *,
    log_requests: bool = False,
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
    configuration
        Returns the one in force.
    web_settings
        Returns what the web configuration asks for; absent: nothing.
    log_requests
        Whether each request is logged, those that are refused as well.
    """

    # The endpoints that collect are plain functions: starlette runs them in a thread, so that a
    # slow exposition delays no other request.
    def metrics(request: Request) -> Response:
        encoder, content_type = choose_encoder(request.headers.get("accept", ""))
        names = request.query_params.getlist("name[]")
        if names:
            return Response(encoder(_Selection(registry, names)), media_type=content_type)
        found = renderings.get(encoder, content_type)
        headers = {"Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(found.packed, media_type=content_type, headers=headers)
        return Response(found.plain, media_type=content_type, headers=headers)

    renderings = Renderings(registry, lambda: collector.snapshot, time.monotonic)
    published = Published(collector, clock)
    routes = [
        Route(telemetry_path, metrics),
        *operations.routes(collector, clock, reload),
        *api.routes(published),
        *page.routes(published, configuration, telemetry_path),
    ]
    middleware = [
        # Else a flood of requests would have the exporter killed for not being alive.
        Middleware(Admission, spared=(operations.HEALTHY, operations.READY)),
        Middleware(GZipMiddleware, minimum_size=1000),
    ]
    if web_settings is not None:
        middleware.insert(0, Middleware(Guard, current=web_settings, monotonic=time.monotonic))
    if log_requests:
        middleware.insert(0, Middleware(RequestLog, monotonic=time.monotonic))
    return Starlette(routes=routes, middleware=middleware)
