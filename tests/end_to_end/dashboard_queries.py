"""Runs the queries of dashboards as Grafana does, with the variables chosen."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.stack.dashboards import label_values, panels, variables

RATE_INTERVAL, STEP = "10s", 5
"""The first is four scrapes at least, with some to spare; the second in seconds."""
ON_DISPLAY = 60
"""Seconds."""
PATIENCE_SECONDS = 8.0
"""For how long a query that gives nothing is tried again."""


@dataclass(frozen=True)
class Choice:
    """What is chosen at the top of a dashboard; of all else, everything."""

    model: str
    feature: str = ""
    window: str = "30s"

    def into(self, text: str) -> str:
        """Return a query with this choice in the place of variables."""
        values = {
            "__rate_interval": RATE_INTERVAL,
            "__range": f"{ON_DISPLAY}s",
            "model": self.model,
            "feature": self.feature,
            "window": self.window,
        }
        return re.sub(r"\$(\w+)", lambda match: values.get(match[1], ".+"), text)


@dataclass
class Findings:
    """What came of the queries of a dashboard."""

    queries: int = 0
    series: int = 0
    empty: list[tuple[str, str]] = field(default_factory=list)
    """Panels and their queries that gave nothing for any choice."""
    nameless: list[tuple[str, str]] = field(default_factory=list)
    """Panels and legends that name labels which results do not have."""
    ambiguous: list[tuple[str, str]] = field(default_factory=list)
    """Panels and legends that are the same for several series."""
    apart: list[str] = field(default_factory=list)
    """Tables whose columns do not come together, since their labels differ."""


class Prometheus:
    """A Prometheus that is asked what Grafana would ask it.

    Parameters
    ----------
    url
        Where it is.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def ask(self, path: str, **parameters: Any) -> Any:
        """Return the data of an answer; fail on an error."""
        answer = self._session.get(f"{self._url}/api/v1/{path}", params=parameters, timeout=10)
        content = answer.json()
        assert content["status"] == "success", (parameters, content)
        return content["data"]

    def labels(self, target: dict[str, Any], choice: Choice) -> list[dict[str, str]]:
        """Return the labels of each series that a target of a panel gives."""
        query, now = choice.into(target["expr"]), time.time()
        if target["instant"]:
            data = self.ask("query", query=query, time=now)
        else:
            begin = now - ON_DISPLAY
            data = self.ask("query_range", query=query, start=begin, end=now, step=STEP)
        return [series["metric"] for series in data["result"]]

    def values(self, variable: dict[str, Any], choice: Choice) -> list[str]:
        """Return what a variable offers."""
        selector, label = label_values(variable)
        return self.ask(f"label/{label}/values", **{"match[]": choice.into(selector)})

    def look(
        self, dashboard: dict[str, Any], choices: list[Choice], excused: Container[tuple[str, str]]
    ) -> Findings:
        """Run every query of a dashboard, for one choice after the other until it gives something.

        Where none does, it is tried again for some seconds, but for those that are `excused`: a
        machine with much to do fails a scrape now and then, and values of that moment are missing.
        """
        findings = Findings()
        for panel in panels(dashboard):
            keys = []
            for target in panel["targets"]:
                name = (panel["title"], target["refId"])
                patience = 0.0 if name in excused else PATIENCE_SECONDS
                every = self._first(target, choices, patience)
                findings.queries += 1
                findings.series += len(every)
                if not every:
                    findings.empty.append(name)
                    continue
                keys.append({frozenset(labels) for labels in every})
                if panel["type"] in {"timeseries", "heatmap"}:
                    self._read_legend(panel["title"], target["legendFormat"], every, findings)
            if any(key != keys[0] for key in keys if joined(panel)):
                findings.apart.append(panel["title"])
        return findings

    def _read_legend(
        self, title: str, legend: str, every: list[dict[str, str]], findings: Findings
    ) -> None:
        if not set(re.findall(r"{{(\w+)}}", legend)) <= set().union(*every):
            findings.nameless.append((title, legend))
        shown = [
            re.sub(r"{{(\w+)}}", lambda name, one=labels: one.get(name[1], ""), legend)
            for labels in every
        ]
        if len(set(shown)) < len(shown):
            findings.ambiguous.append((title, legend))

    def _first(
        self, target: dict[str, Any], choices: list[Choice], patience: float
    ) -> list[dict[str, str]]:
        deadline = time.monotonic() + patience
        while True:
            for choice in differing(target["expr"], choices):
                if every := self.labels(target, choice):
                    return every
            if time.monotonic() > deadline:
                return []

    def offers(self, dashboard: dict[str, Any], choices: list[Choice]) -> dict[str, list[str]]:
        """Return what each variable of a dashboard offers for the first choice that it knows."""
        return {
            name: next(filter(None, (self.values(variable, one) for one in choices)), [])
            for name, variable in variables(dashboard).items()
            if variable["type"] == "query"
        }


def joined(panel: dict[str, Any]) -> bool:
    """Tell whether a panel puts the results of its queries into one row."""
    return any(one["id"] == "merge" for one in panel.get("transformations", ()))


def differing(text: str, choices: list[Choice]) -> Iterator[Choice]:
    """Yield the choices that lead to different queries."""
    seen = set()
    for choice in choices:
        query = choice.into(text)
        if query not in seen:
            seen.add(query)
            yield choice
