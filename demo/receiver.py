"""Stands in for Slack, PagerDuty and the dead man's switch: receives, answers, keeps, tells."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from demo.notifications import Notification, from_pagerduty, from_slack

_LARGEST_BODY = 1 << 20


class Receiver:
    """A server on loopback that takes notifications and answers as the real services do.

    Parameters
    ----------
    archive
        File that every payload is appended to as a JSON line, as it came.
    on_notification
        Called with each notification, in the thread of its request.
    clock
        Returns seconds; the demo's start is 0.
    """

    def __init__(
        self,
        archive: Path,
        on_notification: Callable[[Notification], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._archive = archive
        self._on_notification = on_notification
        self._clock = clock
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))
        self._thread.name = "receiver"
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        """Without a slash at the end; paths are /slack, /pagerduty and /watchdog."""
        self.heartbeats = 0
        """How often the dead man's switch was told that all is well."""

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, path: str, payload: Mapping[str, Any]) -> tuple[HTTPStatus, str]:
        """Keep what came in at `path`, tell of it, and return status and body of the answer."""
        after = self._clock()
        with self._lock:
            entry = {"after_seconds": round(after, 3), "path": path, "payload": payload}
            with self._archive.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            if path == "/watchdog":
                self.heartbeats += 1
                return HTTPStatus.OK, "ok"
        try:
            if path == "/slack":
                self._on_notification(from_slack(payload, after))
                return HTTPStatus.OK, "ok"
            if path == "/pagerduty":
                self._on_notification(from_pagerduty(payload, after))
                accepted = {
                    "status": "success",
                    "message": "Event processed",
                    "dedup_key": payload.get("dedup_key", ""),
                }
                return HTTPStatus.ACCEPTED, json.dumps(accepted)
        except (KeyError, IndexError) as error:
            return HTTPStatus.BAD_REQUEST, f"missing: {error}"
        return HTTPStatus.NOT_FOUND, "no such service"


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Take one notification."""
            length = min(int(self.headers.get("Content-Length", 0)), _LARGEST_BODY)
            try:
                payload = json.loads(self.rfile.read(length))
            except ValueError:
                status, answer = HTTPStatus.BAD_REQUEST, "no JSON"
            else:
                status, answer = receiver.take(self.path, payload)
            body = answer.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the notifications themselves are shown."""

    return Handler
