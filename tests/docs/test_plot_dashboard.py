"""Pictures of dashboards are drawn from what the queries of their panels give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from scripts.plot_dashboard import Span, draw, rows, shown, ticks

SPAN = Span(1000.0, 1300.0)
SVG = "{http://www.w3.org/2000/svg}"


def panel(kind, title, x, expr, y=1, **defaults):
    """Return a panel as dashboards have it."""
    return {
        "type": kind,
        "title": title,
        "gridPos": {"x": x, "y": y, "w": 12, "h": 8},
        "fieldConfig": {"defaults": defaults},
        "targets": [{"expr": expr, "legendFormat": "v{{version}} <b>"}],
    }


DASHBOARD = {
    "title": "Model",
    "panels": [
        {"type": "row", "title": "Glance: $model", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
        panel("stat", "Now", 0, 'accuracy{model="$model"}', unit="percentunit"),
        panel("timeseries", "Over time of $version", 12, 'accuracy{version=~"$version"}', min=0),
        panel("table", "Below", 0, "accuracy", y=9),
        {"type": "row", "title": "Tables", "gridPos": {"x": 0, "y": 17, "w": 24, "h": 1}},
        panel("table", "All", 0, "accuracy", y=18),
        panel("stat", "Last", 12, "accuracy", y=18),
        {"type": "row", "title": "Other tables", "gridPos": {"x": 0, "y": 26, "w": 24, "h": 1}},
        panel("table", "Alone", 0, "accuracy", y=27),
    ],
}


@pytest.fixture
def prometheus() -> Iterator[tuple[str, list[str]]]:
    """Serve two values and a hole for every query; yield the address and the queries."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query)["query"][0])
            points = [[1000, "0.5"], [1002, "0.25"], [1100, "NaN"], [1200, "0.75"]]
            result = [{"metric": {"version": "1"}, "values": points}]
            body = json.dumps({"status": "success", "data": {"result": result}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_panels_show_what_their_queries_give(prometheus):
    """The last number, and a line with a hole, of the model that is chosen."""
    url, asked = prometheus
    picture = draw(url, rows(DASHBOARD, ["Glance"]), {"model": "digits"}, SPAN, "Model", "A & B")
    root = ET.fromstring(picture)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert asked == ['accuracy{model="digits"}', 'accuracy{version=~".+"}']
    assert texts[:3] == ["Glance: digits", "Now", "75 %"]
    assert {"Over time of all", "v1 <b>", "A & B", "0.6"} <= set(texts)
    (line,) = [path for path in root.iter(f"{SVG}path") if path.get("d").count("L") == 1]
    assert line.get("d").count("M") == 2
    assert root.findtext(f"{SVG}title") == "Dashboard Model"


def test_what_is_not_drawn_says_so(prometheus):
    """A table beside a number is a frame with its title; by itself it is left out."""
    url, asked = prometheus
    picture = draw(url, rows(DASHBOARD, ["Tables", "Other"]), {}, SPAN, "Model", "caption")
    assert picture.count("table, not drawn here") == 1
    assert asked == ["accuracy"]
    assert [title for title, _ in rows(DASHBOARD, [])] == ["Glance: $model", "Tables"]
    assert [len(panels) for _, panels in rows(DASHBOARD, [])] == [2, 2]


def test_a_row_that_is_not_there():
    """The error names those that are."""
    with pytest.raises(ValueError, match=r"no row 'X'; there are Glance: \$model, Tables, Other"):
        rows(DASHBOARD, ["X"])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9731, "percentunit", "97.3 %"),
        (-17.7, "percentunit", "-1,770 %"),
        (0.0042, "s", "4.2 ms"),
        (2, "s", "2 s"),
        (12345.6, "short", "12,346"),
        (3_200_000, "bytes", "3.05 MiB"),
        (0, "bytes", "0 B"),
        (1.5, "reqps", "1.5 /s"),
    ],
)
def test_numbers_are_for_people(value, unit, text):
    """With a unit, and no more digits than can be read."""
    assert shown(value, unit) == text


def test_ticks_are_round():
    """And lie within the axis."""
    assert ticks(0, 0.93) == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert ticks(37, 1900) == [500, 1000, 1500]
