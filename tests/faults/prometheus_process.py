"""A real Prometheus that scrapes one exporter as fast as it can."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.commands.exporter_process import free_port, wait_until

SCRAPE_MILLISECONDS = 200
WHOLE = "1d"


@dataclass(frozen=True, slots=True)
class RawSeries:
    """Samples as they were scraped.

    Attributes
    ----------
    labels
        With `__name__`.
    timestamps
        Unix seconds, to the millisecond.
    values
        One for each.
    """

    labels: dict[str, str]
    timestamps: list[float]
    values: list[float]

    @property
    def name(self) -> str:
        """Name of the metric."""
        return self.labels["__name__"]

    @property
    def key(self) -> tuple[str, ...]:
        """Name and label values, as the exporter shows them."""
        own = sorted(self.labels.keys() - {"__name__", "job", "instance"})
        return (self.name, *(self.labels[label] for label in own))

    def selector(self, label_names: Iterable[str]) -> str:
        """Return what selects it, and no other one that has some of these labels."""
        names = sorted({*label_names, *self.labels} - {"__name__"})
        matchers = (f"{k}={json.dumps(self.labels.get(k, ''), ensure_ascii=False)}" for k in names)
        return f"{self.name}{{{','.join(matchers)}}}"

    @property
    def falls(self) -> list[tuple[float, float]]:
        """Pairs of neighbours of which the second is lower."""
        return [(a, b) for a, b in zip(self.values, self.values[1:], strict=False) if b < a]


class PrometheusProcess:
    """The server.

    Parameters
    ----------
    folder
        For its configuration and its data.
    target
        ``host:port`` of the exporter.
    blocks
        A folder of blocks that it begins with, however old; it is moved. Absent: none.
    options
        More of its own.
    scraping
        More of the section that scrapes it.
    """

    def __init__(
        self,
        folder: Path,
        target: str,
        *,
        blocks: Path | None = None,
        options: Sequence[str] = (),
        **scraping: Any,
    ) -> None:
        program = shutil.which("prometheus")
        assert program is not None, "prometheus is not on PATH; scripts/servers.sh installs it"
        folder.mkdir()
        if blocks is not None:
            blocks.rename(folder / "data")
        interval = f"{SCRAPE_MILLISECONDS}ms"
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": [
                {
                    "job_name": "modeltail",
                    "static_configs": [{"targets": [target]}],
                    **scraping,
                }
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "prometheus.log"
        self._output = self.log.open("wb")
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.retention.time={'100y' if blocks else '1d'}",
                "--query.max-samples=500000000",
                *options,
            ],
            stdout=self._output,
            stderr=self._output,
        )

    def ready(self) -> PrometheusProcess:
        """Wait until it answers."""

        def answers() -> bool:
            assert self._process.poll() is None, self.log.read_text()
            try:
                return requests.get(f"{self.url}/-/ready", timeout=5).status_code == 200
            except requests.ConnectionError:
                return False

        wait_until(answers)
        return self

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return the result of an instant query."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        answer = requests.post(
            f"{self.url}/api/v1/query", data={"query": expression, **when}, timeout=60
        ).json()
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def raw(self, selector: str) -> list[RawSeries]:
        """Return all samples of the series that are selected."""
        return [
            RawSeries(
                series["metric"],
                [float(t) for t, _ in series["values"]],
                [float(v) for _, v in series["values"]],
            )
            for series in self.query(f"{selector}[{WHOLE}]")
        ]

    def increase(self, series: RawSeries) -> float:
        """Return `increase()` from the first sample to the last.

        The range ends at one sample and begins at the other, so nothing is extrapolated.
        """
        length = round(1000 * (series.timestamps[-1] - series.timestamps[0]))
        selector = series.selector(("class", "le", "version"))
        result = self.query(f"increase({selector}[{length}ms])", series.timestamps[-1])
        assert len(result) == 1, result
        return float(result[0]["value"][1])

    def counters(self) -> set[str]:
        """Return the names of all series of counters and histograms, by the types it was told."""
        answer = requests.get(f"{self.url}/api/v1/targets/metadata", timeout=10).json()
        names = set()
        for entry in answer["data"]:
            if entry["type"] == "histogram":
                names |= {entry["metric"] + suffix for suffix in ("_bucket", "_count", "_sum")}
            elif entry["type"] == "counter":
                # Its name is without _total where it scrapes OpenMetrics.
                names |= {entry["metric"], f"{entry['metric'].removesuffix('_total')}_total"}
        return names

    def close(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        self._output.close()
