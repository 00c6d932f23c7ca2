"""Draws rows of a dashboard as SVG, by the queries of its panels to a Prometheus.

Pictures in the documentation are made with it, since no Grafana is needed for them. `make demo`
prints the address of its Prometheus:

    python -m scripts.plot_dashboard http://127.0.0.1:9090 grafana/dashboards/modeltail-model.json
        --row "At a glance" --row "Golden signals" --set model=digits --set window=30s -o model.svg

Of variables that are not set everything is chosen. Panels with one number and panels of lines are
drawn; others are not, and neither is what Grafana adds to them.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import requests

POINTS = 150
"""Of each line."""
COLUMN, LINE, GAP = 50, 32, 8
"""Pixels: a column and a row of the dashboard's grid, and the space between panels."""
COLOURS = ("#1f77b4", "#2c8a3d", "#b35a00", "#6b2fa0", "#00808a", "#a83279", "#7a6a00", "#555555")
LIMIT = "#c4162a"
DRAWN = ("stat", "timeseries")
_STYLE = (
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#333}"
    ".title{font-weight:600;font-size:12px}.row{font-weight:600;font-size:15px}"
    ".number{font-size:22px;font-weight:600}.small{font-size:11px;fill:#666}"
    "path{fill:none;stroke-width:1.5;stroke-linejoin:round}.grid{stroke:#e8e8e8;stroke-width:1}"
)


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its legend, its times in Unix seconds, and its values."""

    legend: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Span:
    """What time is on display, Unix seconds."""

    begin: float
    end: float

    @property
    def step(self) -> float:
        """Seconds between two points of a line."""
        return max((self.end - self.begin) / POINTS, 1.0)


def filled(text: str, values: Mapping[str, str], everything: str = ".+") -> str:
    """Return a query or title with `values` for variables, and `everything` for all others.

    >>> filled('up{job=~"$job",model="$model"}[$__rate_interval]', {"model": "a"})
    'up{job=~".+",model="a"}[10s]'
    """
    given = {"__rate_interval": "10s", "__range": "1m", **values}
    return re.sub(r"\$(\w+)", lambda match: given.get(match[1], everything), text)


def ask(url: str, panel: dict[str, Any], values: Mapping[str, str], span: Span) -> list[Series]:
    """Return the lines of a panel.

    Raises
    ------
    requests.RequestException
        If Prometheus can't be asked, or refuses a query.
    """
    found = []
    for target in panel["targets"]:
        answer = requests.get(
            f"{url}/api/v1/query_range",
            params={
                "query": filled(target["expr"], values),
                "start": str(span.begin),
                "end": str(span.end),
                "step": str(span.step),
            },
            timeout=30,
        )
        answer.raise_for_status()
        for result in answer.json()["data"]["result"]:
            labels = result["metric"]
            legend = re.sub(
                r"{{(\w+)}}",
                lambda name, labels=labels: labels.get(name[1], ""),
                target.get("legendFormat", ""),
            )
            points = [(float(when), float(value)) for when, value in result["values"]]
            found.append(Series(legend.strip(), [p for p in points if math.isfinite(p[1])]))
    return found


def shown(value: float, unit: str | None) -> str:
    """Return a number as people read it.

    >>> shown(0.9731, "percentunit"), shown(0.0042, "s"), shown(3_200_000, "bytes")
    ('97.3 %', '4.2 ms', '3.05 MiB')
    """
    if unit == "percentunit":
        return f"{value * 100:,.0f} %" if abs(value) >= 10 else f"{value * 100:.3g} %"
    if unit == "s" and 0 < abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    if unit == "bytes":
        power = min(int(math.log(max(abs(value), 1), 1024)), 4)
        return f"{value / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
    suffix = {"s": " s", "reqps": " /s", "ops": " /s"}.get(unit or "", "")
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text}{suffix}"


def ticks(low: float, high: float) -> list[float]:
    """Return up to six round numbers that lie between two.

    >>> ticks(0, 0.93)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    """
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    first = math.ceil(low / step)
    return [round(number * step, digits) for number in range(first, math.floor(high / step) + 1)]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, pixels."""

    x: float
    y: float
    width: float
    height: float


def frame(box: Box, title: str) -> str:
    """Return the outline of a panel with its title, cut where there is no room."""
    room = int((box.width - 16) / 6.9)
    title = title if len(title) <= room else f"{title[: room - 1].rstrip()}…"
    return (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="4" '
        f'fill="#fff" stroke="#ddd"/>'
        f'<text class="title" x="{box.x + 10}" y="{box.y + 20}">{escape(title)}</text>'
    )


def remark(box: Box, text: str) -> str:
    """Return what stands in a panel in the place of data."""
    return f'<text class="small" x="{box.x + 10}" y="{box.y + 62}">{escape(text)}</text>'


def stat(box: Box, panel: dict[str, Any], lines: Sequence[Series]) -> str:
    """Return a panel with the last number."""
    last = [series.points[-1][1] for series in lines if series.points]
    defaults = panel["fieldConfig"]["defaults"]
    if not last:
        return remark(box, "no value yet")
    text = escape(shown(last[0], defaults.get("unit")))
    return f'<text class="number" x="{box.x + 10}" y="{box.y + 72}">{text}</text>'


def timeseries(box: Box, panel: dict[str, Any], lines: Sequence[Series], span: Span) -> str:
    """Return a panel of lines, with axes and legend."""
    defaults = panel["fieldConfig"]["defaults"]
    values = [value for series in lines for _, value in series.points]
    if not values:
        return remark(box, "no value yet")
    low = min([*values, defaults["min"]] if "min" in defaults else values)
    high = max([*values, defaults["max"]] if "max" in defaults else values)
    if high <= low:
        high = low + (abs(low) or 1.0)
    plot = Box(box.x + 62, box.y + 32, box.width - 76, box.height - 84)

    def place(when: float, value: float) -> str:
        x = plot.x + plot.width * (when - span.begin) / (span.end - span.begin)
        return f"{x:.1f} {plot.y + plot.height * (high - value) / (high - low):.1f}"

    parts = []
    for tick in ticks(low, high):
        y = place(span.begin, tick).split()[1]
        parts.append(
            f'<path class="grid" d="M{plot.x} {y}h{plot.width}"/>'
            f'<text class="small" x="{plot.x - 6}" y="{float(y) + 4:.1f}" text-anchor="end">'
            f"{escape(shown(tick, defaults.get('unit')))}</text>"
        )
    minutes = (span.end - span.begin) / 60
    for tick in ticks(0, minutes):
        x = plot.x + plot.width * tick / minutes
        parts.append(
            f'<text class="small" x="{x:.1f}" y="{plot.y + plot.height + 15:.1f}" '
            f'text-anchor="middle">{tick:g} min</text>'
        )
    at = plot.x
    for number, series in enumerate(one for one in lines if one.points):
        limit = series.legend == "limit"
        colour = LIMIT if limit else COLOURS[number % len(COLOURS)]
        dash = ' stroke-dasharray="8 6"' if limit else ""
        # A hole in the data is a hole in the line.
        path, before = [], -math.inf
        for when, value in series.points:
            path.append(("L" if when - before < 1.5 * span.step else "M") + place(when, value))
            before = when
        parts.append(f'<path stroke="{colour}"{dash} d="{"".join(path)}"/>')
        width = 26 + 6.3 * len(series.legend)
        if at + width < box.x + box.width:
            y = box.y + box.height - 16
            parts.append(
                f'<path stroke="{colour}"{dash} d="M{at:.1f} {y}h14"/>'
                f'<text class="small" x="{at + 18:.1f}" y="{y + 4}">{escape(series.legend)}</text>'
            )
        at += width
    return "".join(parts)


def rows(
    dashboard: dict[str, Any], wanted: Sequence[str]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the titles and the panels of the rows whose titles begin like one that is wanted.

    What would be a line of panels of which none is drawn is left out.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    every: list[tuple[str, list[dict[str, Any]]]] = []
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            every.append((panel["title"], []))
        else:
            every[-1][1].append(panel)
    for name in wanted:
        if not any(title.startswith(name) for title, _ in every):
            raise ValueError(f"no row {name!r}; there are {', '.join(title for title, _ in every)}")
    drawn = [
        (title, _with_something_drawn(panels))
        for title, panels in every
        if not wanted or title.startswith(tuple(wanted))
    ]
    return [(title, panels) for title, panels in drawn if panels]


def _with_something_drawn(panels: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    heights = {panel["gridPos"]["y"] for panel in panels if panel["type"] in DRAWN}
    return [panel for panel in panels if panel["gridPos"]["y"] in heights]


def draw(
    url: str,
    chosen: Sequence[tuple[str, list[dict[str, Any]]]],
    values: Mapping[str, str],
    span: Span,
    title: str,
    caption: str,
) -> str:
    """Return the picture of some rows."""
    parts = []
    top = GAP
    for row, panels in chosen:
        text = escape(filled(row, values, "all"))
        parts.append(f'<text class="row" x="{GAP}" y="{top + 18}">{text}</text>')
        top += 28
        heights = {panel["gridPos"]["y"]: panel["gridPos"]["h"] for panel in panels}
        tops = {y: sum(heights[above] for above in heights if above < y) for y in heights}
        for panel in panels:
            place = panel["gridPos"]
            box = Box(
                GAP + place["x"] * COLUMN,
                top + tops[place["y"]] * LINE,
                place["w"] * COLUMN - GAP,
                place["h"] * LINE - GAP,
            )
            parts.append(frame(box, filled(panel["title"], values, "all")))
            if panel["type"] == "stat":
                parts.append(stat(box, panel, ask(url, panel, values, span)))
            elif panel["type"] == "timeseries":
                parts.append(timeseries(box, panel, ask(url, panel, values, span), span))
            else:
                parts.append(remark(box, f"{panel['type']}, not drawn here"))
        top += LINE * sum(heights.values())
    width, height = 24 * COLUMN + GAP, top + 26
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>Dashboard {escape(title)}</title><desc>{escape(caption)}</desc>"
        f"<style>{_STYLE}</style>"
        f'<rect width="{width}" height="{height}" rx="6" fill="#f4f5f7"/>{"".join(parts)}'
        f'<text class="small" x="{GAP}" y="{top + 14}">{escape(caption)}</text></svg>\n'
    )


def main() -> None:
    """Ask and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="of Prometheus")
    parser.add_argument("dashboard", type=Path)
    parser.add_argument("-o", dest="picture", type=Path, required=True)
    parser.add_argument("--row", action="append", default=[], help="beginning of its title")
    parser.add_argument("--set", action="append", default=[], metavar="VARIABLE=VALUE")
    parser.add_argument("--minutes", type=float, default=5.0, help="on display (default: 5)")
    parser.add_argument("--caption", required=True, help="what is seen, below the picture")
    options = parser.parse_args()
    dashboard = json.loads(options.dashboard.read_text(encoding="utf-8"))
    values = dict(text.split("=", 1) for text in options.set)
    now = time.time()
    span = Span(now - 60 * options.minutes, now)
    chosen = rows(dashboard, options.row)
    picture = draw(options.url, chosen, values, span, dashboard["title"], options.caption)
    options.picture.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
