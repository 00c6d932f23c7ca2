"""What the shipped rules cost a real Prometheus, by number of models.

    python -m benchmarks.rule_cost [--models 5 --models 10 --models 20] [--seconds 270]

An exporter with so many models, of two versions and 20 features each, in two windows, with
references. Prometheus scrapes it every 5 s and evaluates all rules every 15 s, as shipped; then it
is asked how long each group took, how many series there are, and which share of a processor it
takes to evaluate each group at its own interval.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fleet.models import Size, records, write
from benchmarks.live.exporters import COMMAND
from demo.programs import Program
from demo.stack import Addresses, find_servers, start_prometheus, write_prometheus

VERSIONS, FEATURES, WINDOWS = 2, 20, 2
GROUPS = "prometheus_rule_group_last_duration_seconds"
LOAD = f"sum({GROUPS} / prometheus_rule_group_interval_seconds)"


class Prometheus:
    """Asks a server."""

    def __init__(self, address: str) -> None:
        self._address = address

    def values(self, expression: str) -> dict[str, float]:
        """Return the values of an instant query by the first label of each series."""
        query = urllib.parse.urlencode({"query": expression})
        url = f"http://{self._address}/api/v1/query?{query}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
        return {one["metric"].get("rule_group", ""): float(one["value"][1]) for one in result}

    def value(self, expression: str) -> float:
        """Return the only value of an instant query."""
        return next(iter(self.values(expression).values()))


@dataclass(frozen=True, slots=True)
class Cost:
    """What one fleet costs.

    Attributes
    ----------
    groups
        Seconds that the last evaluation of each group of rules took.
    load
        Share of a processor that evaluating each group at its interval takes.
    scraped, made
        Samples of a scrape, and series that rules make.
    """

    groups: dict[str, float]
    load: float
    scraped: float
    made: float


def measure(models: int, seconds: float) -> Cost:
    """Run everything, and ask Prometheus."""
    servers = find_servers()
    if isinstance(servers, list):
        raise SystemExit(f"not installed: {', '.join(servers)}")
    addresses = Addresses.choose()
    size = Size(models, VERSIONS, FEATURES, 3, WINDOWS)
    running: list[Program] = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        path = write(directory, size, time.time())
        try:
            arguments = [
                f"--config.file={path}",
                f"--storage.path={directory / 'state'}",
                f"--web.listen-address={addresses.exporter}",
            ]
            exporter = Program("modeltail", directory, [*COMMAND, "run", *arguments])
            running.append(exporter)
            exporter.wait_for_url(f"http://{addresses.exporter}/-/ready", 120.0)
            prometheus = write_prometheus(directory, addresses, 1.0, "5s")
            text = prometheus.read_text()
            prometheus.write_text(
                text.replace("evaluation_interval: 5s", "evaluation_interval: 15s")
            )
            running.append(start_prometheus(servers, directory, prometheus, addresses))
            go_on(directory, size, seconds)
            server = Prometheus(addresses.prometheus)
            groups = server.values(GROUPS)
            return Cost(
                groups={name.rpartition(";")[2]: took for name, took in groups.items()},
                load=server.value(LOAD),
                scraped=server.value('scrape_samples_scraped{job="modeltail"}'),
                made=server.value('count({__name__=~".+:.+"})'),
            )
        finally:
            for program in reversed(running):
                program.stop()


def go_on(directory: Path, size: Size, seconds: float) -> None:
    """Let the models predict, ten times each every two seconds."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    number = 1000
    while time.monotonic() < end:
        for name in size.names:
            number += 1
            lines = records(size, time.time() + 100, 10, number)
            with (directory / f"{name}.jsonl").open("a") as file:
                file.write("\n".join(lines) + "\n")
        pause.wait(2)


def main() -> None:
    """Print a line for each number of models, and the slopes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, action="append", help="default: 5, 10 and 20")
    parser.add_argument("--seconds", type=float, default=270.0)
    options = parser.parse_args()
    numbers = options.models or [5, 10, 20]
    costs = []
    for models in numbers:
        cost = measure(models, options.seconds)
        costs.append(cost)
        longest = max(cost.groups, key=lambda name: cost.groups[name])
        print(
            f"{models:4} models: {cost.scraped:8,.0f} series scraped, {cost.made:8,.0f} made by "
            f"rules; {sum(cost.groups.values()):6.2f} s to evaluate all once, "
            f"{cost.groups[longest]:.2f} s of it {longest}; {cost.load:.1%} of a processor",
            flush=True,
        )
    if len(numbers) > 1:
        columns = [[getattr(cost, name) for cost in costs] for name in ("load", "scraped", "made")]
        slopes = [np.polyfit(numbers, column, 1)[0] for column in columns]
        print(
            f"a model more: {slopes[0]:.2%} of a processor, {slopes[1]:,.0f} series, "
            f"{slopes[2]:,.0f} made by rules"
        )
        share = (costs[-1].load / numbers[-1]) / (costs[0].load / numbers[0])
        print(f"a model of the most, over one of the fewest: {share:.2f} x")


if __name__ == "__main__":
    main()
