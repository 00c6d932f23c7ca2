"""The live summary: all that happens, on one screen; or on one line where there is no screen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.figures import Alert, Figures
from demo.notifications import Notification
from demo.verdict import Verdict

WINDOW = "30s"
"""The window that the summary shows; the exporter keeps a longer one as well."""
_ABSENT = "-"
_COLOURS = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


@dataclass(frozen=True, slots=True)
class State:
    """What the summary shows.

    Attributes
    ----------
    elapsed
        Seconds since the logs began.
    noise
        What the model's inputs suffer from: standard deviation in units of ink (0..16).
    incident
        Where the replay of the syslog is, with respect to the recorded incident.
    figures
        From Prometheus or the exporter.
    urls
        What to open in a browser, by name.
    latest
        The latest notifications, oldest first.
    verdict
        What was delivered.
    heartbeats
        How often the dead man's switch was told that alerting works.
    """

    elapsed: float
    noise: float
    incident: Literal["before", "during", "after"]
    figures: Figures
    urls: Mapping[str, str]
    latest: Sequence[Notification]
    verdict: Verdict
    heartbeats: int = 0


def number(value: float | None, form: str = ",.0f") -> str:
    """Return a number as text, and a dash for one that is not there.

    >>> number(1234.0), number(0.957, ".1%"), number(None)
    ('1,234', '95.7%', '-')
    """
    return _ABSENT if value is None else format(value, form)


def screen(state: State, now: float | None = None) -> RenderableType:
    """Return the summary for a terminal.

    Parameters
    ----------
    now
        Unix seconds; the present if not given.
    """
    return Group(
        _addresses(state),
        _subjects(state),
        _alerts(state, time.time() if now is None else now),
        _deliveries(state),
    )


def line(state: State) -> str:
    """Return the summary as one line of plain text."""
    figures = state.figures
    firing = sorted(
        {alert.labels["alertname"] for alert in figures.alerts if alert.state == "firing"}
    )
    parts = [
        f"{state.elapsed:5.0f} s",
        f"noise {state.noise:.1f}",
        f"incident {state.incident}",
        f"predictions {number(figures.total('model_predictions_total'))}",
        f"accuracy {number(figures.one('model_accuracy_ratio', window=WINDOW), '.1%')}",
        f"confidence {number(figures.one('model_confidence_mean', window=WINDOW), '.2f')}",
        f"messages {number(figures.total('syslog_messages_total'))}",
        f"unseen {number(figures.total('syslog_unseen_transitions_total'))}",
        f"firing {', '.join(firing) or 'nothing'}",
    ]
    if figures.problem:
        parts.append(figures.problem)
    return " | ".join(parts)


def _addresses(state: State) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, url in state.urls.items():
        table.add_row(Text(name, style="bold"), Text(url, style="blue"))
    if state.heartbeats:
        told = f"told {state.heartbeats} times that alerting works"
        table.add_row(Text("Watchdog", style="bold"), Text(told))
    if state.figures.problem:
        table.add_row(Text("problem", style="bold red"), Text(state.figures.problem))
    title = f"modeltail demo, {state.elapsed:.0f} s; Ctrl-C ends it"
    return Panel(table, title=title, title_align="left")


def _subjects(state: State) -> RenderableType:
    figures = state.figures
    model = Table.grid(padding=(0, 2))
    for name, value in (
        ("noise in the input", f"{state.noise:.1f} of 16"),
        ("predictions", number(figures.total("model_predictions_total"))),
        ("failed", number(figures.total("model_errors_total"))),
        ("accuracy", _share(figures, "model_accuracy_ratio")),
        ("at most (95 %)", _share(figures, "model_accuracy_upper_ratio")),
        ("least good", number(figures.one("model_threshold", name="min_accuracy"), ".1%")),
        ("mean confidence", number(figures.one("model_confidence_mean", window=WINDOW), ".2f")),
        ("latency p95", _milliseconds(figures)),
        ("features that drift", _drift(figures)),
    ):
        model.add_row(name, value)
    syslog = Table.grid(padding=(0, 2))
    expected = figures.total("syslog_incidents_expected_total")
    for name, value in (
        ("recorded incident", {"during": "now", "before": "to come"}.get(state.incident, "over")),
        ("messages", number(figures.total("syslog_messages_total"))),
        ("never seen", number(figures.total("syslog_unseen_messages_total"))),
        ("never in this order", number(figures.total("syslog_unseen_transitions_total"))),
        ("mean surprisal", _surprisal(figures)),
        ("incidents", number(figures.total("syslog_incidents_total"))),
        ("expected at most", number(expected, ".1f")),
    ):
        syslog.add_row(name, value)
    table = Table.grid(expand=True)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    table.add_row(
        Panel(model, title=f"model digits (last {WINDOW})", title_align="left"),
        Panel(syslog, title=f"syslog of edge1 (last {WINDOW})", title_align="left"),
    )
    return table


def _alerts(state: State, now: float) -> RenderableType:
    # The windows and features of one alert share a row, so that all of it stays on one screen.
    rows: dict[tuple[str, str, str], list[Alert]] = {}
    for alert in state.figures.alerts:
        labels = alert.labels
        key = (alert.state, labels["alertname"], labels.get("severity", ""))
        rows.setdefault(key, []).append(alert)
    table = Table.grid(padding=(0, 2))
    for (stage, name, severity), alerts in sorted(rows.items()):
        about = sorted(
            {
                alert.labels[key]
                for alert in alerts
                for key in ("model", "host", "window", "feature")
                if key in alert.labels
            }
        )
        since = min(alert.since for alert in alerts)
        table.add_row(
            Text(stage, style="bold" if stage == "firing" else "dim"),
            Text(severity, style=_COLOURS.get(severity, "")),
            name,
            Text(" ".join(about), overflow="ellipsis", no_wrap=True),
            f"{max(now - since, 0):.0f} s",
        )
    if not rows:
        table.add_row(Text("none", style="dim"))
    return Panel(table, title="alerts in Prometheus", title_align="left")


def _deliveries(state: State) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for notification in state.latest:
        table.add_row(f"{notification.after:.0f} s", notification.service, Text(notification.title))
    for entry in state.verdict.missing:
        table.add_row("", "", Text(f"still to come: {entry}", style="dim"))
    return Panel(table, title="told to Slack and PagerDuty", title_align="left")


def _share(figures: Figures, name: str) -> str:
    return number(figures.one(name, window=WINDOW), ".1%")


def _milliseconds(figures: Figures) -> str:
    value = figures.one("model_latency_quantile_seconds", window=WINDOW, q="0.95")
    return number(None if value is None else 1000 * value, ".2f") + " ms"


def _drift(figures: Figures) -> str:
    drifted = figures.having("model_drift_detected", 1.0, "feature", window=WINDOW)
    return ", ".join(drifted) or "none"


def _surprisal(figures: Figures) -> str:
    return number(figures.one("syslog_surprisal_mean_nats", window=WINDOW), ".2f") + " nats"
