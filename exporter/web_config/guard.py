"""What the web configuration asks of every request, and adds to every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.exposition.locality import AUTHENTICATED
from exporter.web_config.file import WebSettings
from exporter.web_config.passwords import Passwords, credentials
from exporter.web_config.settings import RateLimit

MOST_CHECKS = 20
"""Passwords that wait to be checked; those of users that have been here before need no check."""
_WHO = {"WWW-Authenticate": 'Basic realm="modeltail", charset="UTF-8"'}


class Guard:
    """Lets requests through that the configuration allows.

    Parameters
    ----------
    inner
        Answers them.
    current
        Returns the settings in force.
    monotonic
        Seconds that go by evenly.
    """

    def __init__(
        self, inner: ASGIApp, current: Callable[[], WebSettings], monotonic: Callable[[], float]
    ) -> None:
        self._inner = inner
        self._current = current
        self._monotonic = monotonic
        self._passwords = Passwords()
        self._checking = 0
        # Many at once would take all processors, and the threads that answer requests.
        self._one_at_a_time = CapacityLimiter(1)
        self._tokens = 0.0
        self._filled_at: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        config = self._current().config
        added = config.http_server_config.headers

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(added)
            await send(message)

        refusal: Response | None = None
        if config.rate_limit is not None and not self._within(config.rate_limit):
            refusal = PlainTextResponse("too many requests\n", status_code=429)
        elif config.basic_auth_users:
            refusal = await self._authenticate(scope, config.basic_auth_users)
        await (refusal or self._inner)(scope, receive, with_headers)

    async def _authenticate(self, scope: Scope, users: Mapping[str, str]) -> Response | None:
        """Return what to answer to somebody who is no user; ``None`` to a user."""
        given = credentials(Headers(scope=scope).get("authorization", ""))
        right: bool | None = False
        if given is not None:
            right = self._passwords.remembered(users, *given)
            if right is None:
                if self._checking >= MOST_CHECKS:
                    return PlainTextResponse("too many passwords at once\n", status_code=429)
                self._checking += 1
                try:
                    check = partial(self._passwords.are_right, users, *given)
                    right = await to_thread.run_sync(check, limiter=self._one_at_a_time)
                finally:
                    self._checking -= 1
        if not right:
            return PlainTextResponse("unauthorized\n", status_code=401, headers=_WHO)
        scope.setdefault("state", {})[AUTHENTICATED] = True
        return None

    def _within(self, limit: RateLimit) -> bool:
        """Take one from a bucket that holds `burst`, and is filled by one an `interval`."""
        now = self._monotonic()
        if self._filled_at is None:
            self._tokens = float(limit.burst)
        else:
            self._tokens += (now - self._filled_at) / limit.interval
        self._filled_at = now
        self._tokens = min(self._tokens, float(limit.burst))
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
