"""``/-/healthy``, ``/-/ready`` and ``/-/reload``: for whoever keeps the exporter running."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.errors import UsageError
from exporter.exposition.collector import PublishedCollector
from exporter.exposition.locality import may_see_logs

STALE_SECONDS = 30.0
HEALTHY, READY = "/-/healthy", "/-/ready"


def routes(
    collector: PublishedCollector, clock: Callable[[], float], reload: Callable[[], None]
) -> list[Route]:
    """Return the endpoints.

    Parameters
    ----------
    collector
        Tells how old the published snapshot is.
    clock
        Unix seconds.
    reload
        Reads the configuration anew; raises UsageError if it can't be used.
    """

    # These two need no thread, so that they are answered while all threads are busy.
    async def healthy(_: Request) -> Response:
        published_at = collector.published_at
        if published_at is None:
            return PlainTextResponse("starting\n", status_code=503)
        age = clock() - published_at
        if age > STALE_SECONDS:
            return PlainTextResponse(f"no new snapshot for {age:.0f} s\n", status_code=503)
        return PlainTextResponse("healthy\n")

    async def ready(_: Request) -> Response:
        if collector.published_at is None:
            return PlainTextResponse("starting\n", status_code=503)
        return PlainTextResponse("ready\n")

    def reload_now(request: Request) -> Response:
        try:
            reload()
        except UsageError as error:
            # What it quotes of the configuration is for those who may read that.
            told = f": {error}" if may_see_logs(request) else "; the exporter's log says why"
            return PlainTextResponse(f"the configuration is not reloaded{told}\n", status_code=500)
        return PlainTextResponse("reloaded\n")

    return [
        Route(HEALTHY, healthy),
        Route(READY, ready),
        Route("/-/reload", reload_now, methods=["POST", "PUT"]),
    ]
