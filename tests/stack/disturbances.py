"""Rule tests over again, with one failed scrape or one restart in the middle of things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_DURATION = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NUMBER = r"\d*\.?\d+(?:[eE][-+]?\d+)?"
_STEPS = re.compile(
    rf"(?P<first>[-+]?(?:{_NUMBER}|NaN|Inf))(?P<step>[-+]{_NUMBER})?x(?P<times>\d+)"
)
_COUNTER = re.compile(r"^\w+_(?:total|bucket|count|sum)\b")

Samples = list[str]
"""As promtool writes them: a number, ``_`` for none, ``stale`` behind a failed scrape."""


def seconds(text: str) -> int:
    """Return a duration such as ``1h30m`` in seconds."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


def samples(text: str) -> Samples:
    """Write out the values of an input series.

    >>> samples("0+2x2 _ stale 1x1")
    ['0', '2', '4', '_', 'stale', '1', '1']
    """
    found = []
    for part in str(text).split():
        if match := _STEPS.fullmatch(part):
            first, step = float(match["first"]), float(match["step"] or 0)
            found += [f"{first + step * n:.12g}" for n in range(int(match["times"]) + 1)]
        elif match := re.fullmatch(r"_x(\d+)", part):
            found += ["_"] * int(match[1])
        else:
            found.append(part)
    return found


def failed_scrape(series: str, values: Samples, at: int) -> Samples:
    """Return the samples with those of one moment missing, and `up` at 0."""
    if at >= len(values) or values[at] == "_":
        return values
    lost = "0" if series.startswith("up{") else "stale"
    return [*values[:at], lost, *values[at + 1 :]]


def restart(series: str, values: Samples, at: int) -> Samples:
    """Return the samples with counters that begin again at 0, as where storage is lost."""
    numbers = [value for value in values[: at + 1] if value not in {"_", "stale"}]
    if not _COUNTER.match(series) or not numbers:
        return values
    before = float(numbers[-1])
    return [
        value if place < at or value in {"_", "stale"} else f"{float(value) - before:.12g}"
        for place, value in enumerate(values)
    ]


def disturbed(
    document: dict[str, Any],
    disturb: Callable[[str, Samples, int], Samples],
    waits: dict[str, int],
) -> Iterator[dict[str, Any]]:
    """Yield a test for every expectation of a test file: as many alerts fire as undisturbed.

    Parameters
    ----------
    document
        A test file of promtool.
    disturb
        Changes the samples of a series at a moment.
    waits
        Seconds for which each alert has to hold before it fires. It is disturbed half of that
        before the moment that is looked at.
    """
    for group in document["tests"]:
        every = seconds(group["interval"])
        for case in group.get("alert_rule_test", []):
            name, moment = case["alertname"], seconds(case["eval_time"])
            at = round((moment - max(waits[name] / 2, every)) / every)
            series = [
                {**one, "values": " ".join(disturb(one["series"], samples(one["values"]), at))}
                for one in group["input_series"]
            ]
            fires = len(case.get("exp_alerts", []))
            expected = {"exp_samples": [{"labels": "{}", "value": fires}]} if fires else {}
            query = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
            yield {
                **{key: value for key, value in group.items() if not key.endswith("_test")},
                "name": f"{group.get('name', '')}: {name} at {case['eval_time']}",
                "input_series": series,
                "promql_expr_test": [{"expr": query, "eval_time": case["eval_time"], **expected}],
            }
