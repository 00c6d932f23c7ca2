"""Listening, and serving until a signal asks to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager, suppress

import uvicorn
from starlette.applications import Starlette

from exporter.errors import UsageError
from exporter.web_config.connections import IDLE_SECONDS, protocol
from exporter.web_config.file import WebConfigFile
from exporter.web_config.tls import Switching

logger = logging.getLogger(__name__)

_BACKLOG = 128
_SHUTDOWN_SECONDS = 2


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; an empty host stands for all addresses.

    Raises
    ------
    UsageError
        If the address can't be used.
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        if host == "" and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # create_server puts the address into strerror; the number alone is what matters.
        problem = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"can't listen on {shown}: {problem}") from error


def bind_all(addresses: Iterable[tuple[str, int]]) -> list[socket.socket]:
    """Return a listening socket for each host and port: all of them, or none stays open.

    Raises
    ------
    UsageError
        If one of the addresses can't be used.
    """
    with ExitStack() as opened:
        listeners = [opened.enter_context(bind(host, port)) for host, port in addresses]
        opened.pop_all()
    return listeners


def serve(
    application: Starlette,
    listeners: Sequence[socket.socket],
    stop_from_outside: Callable[[Callable[[], object]], None],
    reload: Callable[[], None],
    web_config: WebConfigFile | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; reload at SIGHUP.

    Parameters
    ----------
    listeners
        From :func:`bind_all`; closed at the end.
    stop_from_outside
        Handed a function that stops the server from any thread.
    reload
        Reads the configuration anew; tells itself of what is wrong with it, and raises UsageError.
    web_config
        Certificates, and whom of those with a certificate to let in.
    """

    def allowed() -> tuple[str, ...]:
        tls_settings = web_config and web_config.current().config.tls_server_config
        return tls_settings.client_allowed_sans if tls_settings else ()

    settings = uvicorn.Config(
        application,
        http=protocol(allowed),
        # Certificates are changed in asyncio's own way.
        loop="asyncio",
        timeout_keep_alive=int(IDLE_SECONDS),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    settings.load()
    if web_config is not None and web_config.current().context is not None:
        settings.ssl = Switching.to(web_config.context)
    server = _Server(settings)
    for listener in listeners:
        host, port = listener.getsockname()[:2]
        logger.info("listening on %s:%d", f"[{host}]" if ":" in host else host, port)

    def stop() -> None:
        server.should_exit = True

    def reload_or_not() -> None:
        # The log has it; a signal has nobody else to tell.
        with suppress(UsageError):
            reload()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, loop.run_in_executor, None, reload_or_not)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        stop_from_outside(lambda: loop.call_soon_threadsafe(stop))
        await server.serve(sockets=list(listeners))

    asyncio.run(run())


class _Server(uvicorn.Server):
    """uvicorn, without its signal handlers: they end the process by the signal, not with 0."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
