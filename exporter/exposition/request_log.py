"""A line in the exporter's log for each request."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

CLIENT_CLOSED = 499
"""In the place of a status where nobody waited for the answer, as nginx has it."""


class RequestLog:
    """Logs what was asked, by whom, and how it was answered, once it is.

    The query is left out, and so are headers: passwords and tokens are there.

    Parameters
    ----------
    inner
        The application that answers.
    monotonic
        Seconds that go by evenly.
    """

    def __init__(self, inner: ASGIApp, monotonic: Callable[[], float]) -> None:
        self._inner = inner
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        begun = self._monotonic()
        status, size = CLIENT_CLOSED, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
            elif scope["method"] != "HEAD":
                size += len(message.get("body", b""))

        try:
            await self._inner(scope, receive, counted)
        except Exception:
            status = 500
            raise
        finally:
            client = scope.get("client")
            fields = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "bytes": size,
                "seconds": round(self._monotonic() - begun, 6),
                "client": client[0] if client else "",
            }
            logger.info("request", extra={"fields": fields})
