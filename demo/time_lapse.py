"""Runs the shipped rules in a time lapse: every duration divided by one factor.

So that the demo need not wait for ``for: 5m``, and yet judges by the shipped expressions,
thresholds and routes and by nothing else.
"""

from __future__ import annotations

import re
from typing import Any

_UNITS = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 31536000.0,
}
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
# Strings are matched first, so that brackets inside of them are left alone.
_STRINGS_AND_RANGES = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|\[(?P<range>[^\]]*)\]"""
    r"""|\boffset (?P<offset>\w+)"""
)
_RANGE = re.compile(r"\[((?:\d+(?:ms|[smhdwy]))+)\]")
_RULE_DURATIONS = ("for", "keep_firing_for")
_ROUTE_DURATIONS = ("group_wait", "group_interval", "repeat_interval")
_SHORTEST_RANGE = 4.0
"""Seconds: a range must hold a few samples, which come once a second."""


def divide_duration(text: str, factor: float, shortest: float = 0.0) -> str:
    """Divide a duration of Prometheus, such as ``1h30m``; the result has milliseconds.

    Parameters
    ----------
    shortest
        Seconds; the result is no shorter than that, unless `text` is.

    Raises
    ------
    ValueError
        `text` is no duration.

    >>> divide_duration("5m", 30), divide_duration("1h30m", 60), divide_duration("0s", 30)
    ('10s', '90s', '0s')
    """
    if not re.fullmatch(r"(?:\d+(?:ms|[smhdwy]))+|0", text):
        raise ValueError(f"{text!r} is no duration; expected for example 5m or 1h30m")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    shorter = max(seconds / factor, min(shortest, seconds))
    milliseconds = round(shorter * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def divide_ranges(expression: str, factor: float) -> str:
    """Divide the ranges of a PromQL expression; steps of subqueries and offsets as well.

    >>> divide_ranges('max_over_time(up{job=~"[5m]"}[5m]) > rate(x[1h:2m])', 30)
    'max_over_time(up{job=~"[5m]"}[10s]) > rate(x[120s:4s])'
    """

    def shorter(match: re.Match[str]) -> str:
        if match["string"]:
            return match["string"]
        if match["offset"]:
            return f"offset {divide_duration(match['offset'], factor, _SHORTEST_RANGE)}"
        parts = [
            divide_duration(part.strip(), factor, _SHORTEST_RANGE) if part.strip() else ""
            for part in match["range"].split(":")
        ]
        return f"[{':'.join(parts)}]"

    return _STRINGS_AND_RANGES.sub(shorter, expression)


def lapse_rules(document: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return a rule file with every duration divided by `factor`, in queries of texts too.

    Groups are evaluated at the global interval, whatever interval of their own they have.
    """
    return {
        **document,
        "groups": [
            {
                **{key: value for key, value in group.items() if key != "interval"},
                "rules": [_lapse_rule(rule, factor) for rule in group["rules"]],
            }
            for group in document["groups"]
        ],
    }


def lapse_routes(document: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return a configuration of Alertmanager with the waits of its routes divided by `factor`."""
    return {**document, "route": _lapse_route(document["route"], factor)}


def _lapse_rule(rule: dict[str, Any], factor: float) -> dict[str, Any]:
    return {
        **rule,
        "expr": divide_ranges(str(rule["expr"]), factor),
        **{key: divide_duration(str(rule[key]), factor) for key in _RULE_DURATIONS if key in rule},
        **_lapse_annotations(rule, factor),
    }


def _lapse_annotations(rule: dict[str, Any], factor: float) -> dict[str, Any]:
    """Divide the ranges of the queries that annotations make; they have no other brackets."""
    if "annotations" not in rule:
        return {}
    lapsed = {
        name: _RANGE.sub(
            lambda match: f"[{divide_duration(match[1], factor, _SHORTEST_RANGE)}]", text
        )
        for name, text in rule["annotations"].items()
    }
    return {"annotations": lapsed}


def _lapse_route(route: dict[str, Any], factor: float) -> dict[str, Any]:
    lapsed = dict(route)
    for key in _ROUTE_DURATIONS:
        if key in lapsed:
            lapsed[key] = divide_duration(str(lapsed[key]), factor)
    if "routes" in lapsed:
        lapsed["routes"] = [_lapse_route(child, factor) for child in lapsed["routes"]]
    return lapsed
