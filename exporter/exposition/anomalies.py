"""``/api/v1/anomalies``: the latest syslog anomalies, newest first.

What a log says is for those who may read the log: lines, and explanations, which quote them, are
left out unless the request is that of a user, or comes from this machine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exporter.exposition.locality import may_see_logs
from exporter.monitors.latest_anomalies import Anomaly

LOG_CONTENT = ("message", "context", "explanation")
_WITHHELD = "lines of logs are shown to users with a password and to this machine only"


def endpoint(latest: Callable[[], Sequence[Anomaly]]) -> Callable[[Request], Response]:
    """Return the endpoint.

    Parameters
    ----------
    latest
        Returns the anomalies, newest first.
    """

    def anomalies(request: Request) -> Response:
        with_content = may_see_logs(request)
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


def _as_json(anomaly: Anomaly, *, with_content: bool) -> dict[str, Any]:
    fields = asdict(anomaly)
    if isnan(anomaly.pvalue):
        fields["pvalue"] = None
    if not with_content:
        for name in LOG_CONTENT:
            del fields[name]
    return fields
