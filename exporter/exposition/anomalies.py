"""``/api/v1/anomalies``: the latest syslog anomalies, newest first.

What a log says is for those who may read the log: lines, and explanations, which quote them, are
left out unless the request comes from this machine itself. A proxy on this machine, or a page in a
browser on it that has its name resolved to this machine, is not taken for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from ipaddress import ip_address
from math import isnan
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.monitors.latest_anomalies import Anomaly

_LOG_CONTENT = ("message", "context", "explanation")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_WITHHELD = "lines of logs are shown to requests from this machine only"


def endpoint(latest: Callable[[], Sequence[Anomaly]]) -> Callable[[Request], Response]:
    """Return the endpoint.

    Parameters
    ----------
    latest
        Returns the anomalies, newest first.
    """

    def anomalies(request: Request) -> Response:
        with_content = is_local(request)
        body: dict[str, Any] = {
            "status": "success",
            "data": [_as_json(anomaly, with_content=with_content) for anomaly in latest()],
        }
        if not with_content:
            body["warnings"] = [_WITHHELD]
        return JSONResponse(
            body, headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        )

    return anomalies


def is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine, and asks for it by a name of it."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    asked_for = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return _is_loopback(request.client.host) and (
        asked_for == "localhost" or _is_loopback(asked_for)
    )


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _as_json(anomaly: Anomaly, *, with_content: bool) -> dict[str, Any]:
    fields = asdict(anomaly)
    if isnan(anomaly.pvalue):
        fields["pvalue"] = None
    if not with_content:
        for name in _LOG_CONTENT:
            del fields[name]
    return fields
