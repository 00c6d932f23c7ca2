"""A loopback HTTP server that keeps what is posted to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Post:
    """One request: the path it was sent to and its JSON body."""

    path: str
    body: Any


class Receiver:
    """Answers every POST as Slack (`ok`) and PagerDuty (202) do, and remembers it."""

    def __init__(self) -> None:
        self._posts: list[Post] = []
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver._keep(Post(self.path, body))
                self.send_response(202 if self.path.startswith("/pagerduty") else 200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *arguments: object) -> None:
                """Keep the test's output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def _keep(self, post: Post) -> None:
        with self._arrived:
            self._posts.append(post)
            self._arrived.notify_all()

    @property
    def url(self) -> str:
        """Address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def posts(self, path: str) -> list[Any]:
        """Return the bodies posted to `path` so far."""
        with self._arrived:
            return [post.body for post in self._posts if post.path == path]

    def wait(self, path: str, wanted: Callable[[Any], bool], seconds: float = 30) -> Any:
        """Return the first body posted to `path` that is `wanted`; fail after `seconds`."""

        def found() -> list[Any]:
            return [post.body for post in self._posts if post.path == path and wanted(post.body)]

        with self._arrived:
            if not self._arrived.wait_for(lambda: bool(found()), seconds):
                raise AssertionError(f"nothing wanted came to {path}; came: {self._posts}")
            return found()[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
