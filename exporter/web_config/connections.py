"""Connections: how many there may be, how long they may say nothing, and whose they are."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.web_config import tls

MOST = 512
"""At a time; more are closed at once."""
REQUEST_SECONDS = 10.0
"""In which a request has to be there whole."""
IDLE_SECONDS = 75.0
"""Between two requests; scrapers come at least once a minute."""
ANSWER_SECONDS = 60.0
"""In which an answer has to be read."""


def protocol(allowed: Callable[[], tuple[str, ...]]) -> type[asyncio.Protocol]:
    """Return the protocol for the web server.

    Parameters
    ----------
    allowed
        Returns the alternative names that a client's certificate must have one of, if any.
    """

    class Bounded(H11Protocol):
        """HTTP/1.1 on a connection that has a limited time for everything."""

        _watch: asyncio.TimerHandle | None = None
        _asked: Any = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Take a connection, or close it."""
            super().connection_made(transport)
            secured: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
            certificate = None if secured is None else secured.getpeercert()
            if len(self.connections) > MOST or not tls.is_allowed(certificate, allowed()):
                transport.abort()
            else:
                self._watch = self.loop.call_later(REQUEST_SECONDS, self._look)

        def _look(self) -> None:
            """Close the connection if what it is busy with has not moved on since the last look."""
            if self.transport.is_closing():
                return
            # What h11 calls a cycle: a request that is whole, and its answer. None since the last
            # look, or still the same: nobody is asking, or nobody reads the answer.
            if self.cycle is self._asked:
                self.transport.abort()
                return
            self._asked = self.cycle
            seconds = IDLE_SECONDS if self.cycle.response_complete else ANSWER_SECONDS
            self._watch = self.loop.call_later(seconds, self._look)

        def connection_lost(self, exc: Exception | None) -> None:
            """Look no more."""
            if self._watch is not None:
                self._watch.cancel()
            super().connection_lost(exc)

    return Bounded
