"""``/``: the status page, made here and needing nothing from elsewhere.

Whatever logs and files say is text on it: the templates escape all of it, and the content security
policy lets a browser run nothing but the one script below ``/assets/``. That puts a new body into
the page every few seconds; without it the page is as good, and stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporter.config import Configuration
from exporter.exposition.locality import may_see_logs
from exporter.status import charts_svg, wording
from exporter.status.api import WITHHELD
from exporter.status.in_force import in_force
from exporter.status.published import Published

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ASSETS = {"status.css": "text/css", "status.js": "text/javascript", "icon.svg": "image/svg+xml"}
MOST_COLUMNS = 40
"""Columns of a reference on the page; the API has all of them."""
MOST_EVENTS = 30


def routes(
    published: Published, configuration: Callable[[], Configuration], telemetry_path: str
) -> list[Route]:
    """Return the page and what belongs to it.

    Parameters
    ----------
    published
        What is shown.
    configuration
        Returns the one in force.
    telemetry_path
        Where the metrics are.
    """
    templates = Environment(
        loader=PackageLoader("exporter.status"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= wording.FILTERS
    templates.globals |= {"sparkline": charts_svg.sparkline, "bars": charts_svg.bars}

    def shown(request: Request, template: str) -> Response:
        with_content = may_see_logs(request)
        figures = published.figures()
        drift = published.drift(figures)
        content: dict[str, Any] = {
            "status": published.status(),
            "models": published.models(figures),
            "drift": drift[:MOST_COLUMNS],
            "more_drift": len(drift[MOST_COLUMNS:]),
            "anomalies": published.anomalies()[:MOST_EVENTS],
            "rejects": published.rejects(with_content=with_content),
            "most": MOST_EVENTS,
            "configuration": in_force(configuration()),
            "with_content": with_content,
            "withheld": WITHHELD,
            "telemetry_path": telemetry_path,
        }
        page = templates.get_template(template).render(content)
        return HTMLResponse(page, headers=_HEADERS)

    def page(request: Request) -> Response:
        return shown(request, "page.html")

    def body(request: Request) -> Response:
        return shown(request, "body.html")

    def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _ASSETS:
            return Response("no such asset\n", status_code=404, media_type="text/plain")
        content = resources.files("exporter.status").joinpath("assets", name).read_bytes()
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=300"}
        return Response(content, media_type=_ASSETS[name], headers=headers)

    return [Route("/", page), Route("/body", body), Route("/assets/{name}", asset)]
