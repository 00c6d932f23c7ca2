from __future__ import annotations

import socket
import threading
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from exporter.errors import UsageError
from exporter.exposition.serving import bind_all, serve


def test_every_address_is_served():
    """Two listeners, one application; both are closed at the end."""
    application = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    listeners = bind_all([("127.0.0.1", 0), ("127.0.0.1", 0)])
    ports = [listener.getsockname()[1] for listener in listeners]
    answers = []

    def ask_both(stop):
        def ask():
            try:
                for port in ports:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                        answers.append(answer.read())
            finally:
                stop()

        threading.Thread(target=ask).start()

    serve(application, listeners, ask_both, lambda: None)
    assert answers == [b"here", b"here"]
    assert [listener.fileno() for listener in listeners] == [-1, -1]


def test_an_address_in_use_leaves_none_open():
    """The one that could be bound is free again."""
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("", 0)) as probe:
        free = probe.getsockname()[1]
        probe.close()
        with pytest.raises(UsageError, match="can't listen on"):
            bind_all([("127.0.0.1", free), ("127.0.0.1", taken.getsockname()[1])])
        socket.create_server(("127.0.0.1", free)).close()
