"""A bound on the requests in flight: what is beyond is refused at once instead of piling up."""

from __future__ import annotations

from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# As many as the threads that starlette runs plain functions in (anyio's default limit): whatever
# is admitted runs at once, and nothing waits unseen for a thread. node_exporter has 40, too.
MAXIMUM_IN_FLIGHT = 40


class Admission:
    """Refuses requests with 503 while `maximum` are in flight.

    Parameters
    ----------
    inner
        The application that answers what is admitted.
    maximum
        Number of requests, of all clients and endpoints together.
    spared
        Paths that are always answered; no thread may be needed for that.
    """

    def __init__(
        self,
        inner: ASGIApp,
        maximum: int = MAXIMUM_IN_FLIGHT,
        spared: Collection[str] = (),
    ) -> None:
        self._inner = inner
        self._maximum = maximum
        self._spared = frozenset(spared)
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the event loop makes counting safe without a lock."""
        if scope["type"] != "http" or scope["path"] in self._spared:
            await self._inner(scope, receive, send)
            return
        if self._in_flight >= self._maximum:
            refusal = PlainTextResponse(
                f"{self._maximum} requests are in flight, try again\n",
                status_code=503,
                headers={"Retry-After": "1"},
            )
            await refusal(scope, receive, send)
            return
        self._in_flight += 1
        answered = False

        async def answer(message: Message) -> None:
            nonlocal answered
            if not answered:
                # How long the client takes to read it is of no account to others.
                answered = True
                self._in_flight -= 1
            await send(message)

        try:
            await self._inner(scope, receive, answer)
        finally:
            if not answered:
                self._in_flight -= 1
