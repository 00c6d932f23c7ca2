"""``/api/v1/``: what the status page shows, as JSON, with a description of it (OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter import __version__
from exporter.exposition.locality import may_see_logs
from exporter.monitors.latest_anomalies import Anomaly
from exporter.status import anomalies
from exporter.status.published import Published
from exporter.status.views import Drift, Model, Rejects, Status

WITHHELD = "what logs say is shown to users with a password and to this machine only"
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_DATA: dict[str, tuple[str, Any]] = {
    "status": ("The exporter itself: sources, storage, faults.", Status),
    "models": ("Models: figures of windows and how they came to be.", list[Model]),
    "drift": ("Each column of each window beside the reference.", list[Drift]),
    "anomalies": ("The latest anomalies of system logs.", list[Anomaly]),
    "rejects": ("Lines that could not be decoded, and values that broke a rule.", Rejects),
}


def routes(published: Published) -> list[Route]:
    """Return the endpoints."""

    def status(_: Request) -> Response:
        return _answer(published.status())

    def models(_: Request) -> Response:
        return _answer(published.models(published.figures()))

    def drift(_: Request) -> Response:
        return _answer(published.drift(published.figures()))

    def latest_anomalies(request: Request) -> Response:
        with_content = may_see_logs(request)
        latest = published.anomalies()
        shown = [anomalies.as_json(one, with_content=with_content) for one in latest]
        return _answer(shown, () if with_content else (anomalies.WITHHELD,))

    def rejects(request: Request) -> Response:
        with_content = may_see_logs(request)
        shown = published.rejects(with_content=with_content)
        return _answer(shown, () if with_content else (WITHHELD,))

    def described(_: Request) -> Response:
        return _json(openapi())

    endpoints: dict[str, Callable[[Request], Response]] = {
        "status": status,
        "models": models,
        "drift": drift,
        "anomalies": latest_anomalies,
        "rejects": rejects,
        "openapi.json": described,
    }
    return [Route(f"/api/v1/{name}", endpoint) for name, endpoint in endpoints.items()]


def _answer(data: Any, warnings: Sequence[str] = ()) -> Response:
    body = {"status": "success", "data": data}
    return _json({**body, "warnings": warnings} if warnings else body)


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json", headers=_HEADERS)


def openapi() -> dict[str, Any]:
    """Return the description of the endpoints."""
    kinds = [kind for _, kind in _DATA.values()]
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    # What logs say is left out for others than this machine, and a burst has no p-value.
    anomaly = components["Anomaly"]
    left_out = anomalies.LOG_CONTENT
    anomaly["required"] = [name for name in anomaly["required"] if name not in left_out]
    anomaly["properties"]["pvalue"] = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    described = zip(_DATA.items(), schemas, strict=True)
    return {
        "openapi": "3.1.0",
        "info": {"title": "modeltail", "version": __version__},
        "paths": {
            f"/api/v1/{name}": _path(summary, schema) for (name, (summary, _)), schema in described
        },
        "components": {"schemas": components},
    }


def _path(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "required": ["status", "data"],
        "properties": {
            "status": {"const": "success"},
            "data": schema,
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
    }
    content = {"application/json": {"schema": envelope}}
    responses = {"200": {"description": summary, "content": content}}
    return {"get": {"summary": summary, "responses": responses}}
