"""Three exporters read a third of a stream each; Prometheus compares it with the reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import yaml
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from demo import stack
from demo.programs import Program, free_port, run_to_end
from exporter.drift import reference_file
from exporter.drift.fleet import FleetColumn
from exporter.drift.reference import Reference
from tests.end_to_end.test_stack import MODELTAIL, eventually

pytestmark = pytest.mark.end_to_end

RULES = Path(__file__).parents[2] / "prometheus" / "rules" / "fleet_drift.yml"
CONFIGURATION = """
windows: [1h]
publish_interval: 200ms
models:
  - {name: m, paths: [log*.jsonl], drift: {reference: ../m.ref}}
"""
LEVEL = "job_model_version_feature"
PARTS, RECORDS, TURNS = 3, 6000, 5


def records(n: int, seed: int, shift: float) -> list[dict[str, Any]]:
    """Return predictions with a number and a class."""
    random = np.random.default_rng(seed)
    ages = (random.normal(size=n) + shift).round(4).tolist()
    plans = random.choice(["gold", "tin"], n, p=[0.5 - shift / 4, 0.5 + shift / 4]).tolist()
    return [
        {"model_version": "1", "prediction": "no", "features": {"age": age, "plan": plan}}
        for age, plan in zip(ages, plans, strict=True)
    ]


@dataclass
class Fleet:
    """The exporters' folders, what they are to read, and their Prometheus."""

    folders: list[Path]
    stream: list[dict[str, Any]]
    reference: Reference
    prometheus: str

    def values(self, expression: str) -> dict[str, float]:
        """Return the result of an instant query by the label `feature`."""
        answer = requests.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=5
        ).json()
        assert answer["status"] == "success", answer
        return {
            one["metric"].get("feature", ""): float(one["value"][1])
            for one in answer["data"]["result"]
        }

    def write(self) -> None:
        """Let the exporters read a turn after the other, some scrapes apart.

        In the first one it is one record, with which the series of a version begin.
        """
        ends = [0, 1, *np.linspace(1, RECORDS // PARTS, TURNS).astype(int)[1:].tolist()]
        for start, end in pairwise(ends):
            for part, folder in enumerate(self.folders):
                with (folder / "log.jsonl").open("a") as log:
                    some = self.stream[part::PARTS][start:end]
                    log.writelines(json.dumps(record) + "\n" for record in some)
            self.until(f"{LEVEL}:drift_samples:sum{{feature='age'}}", PARTS * end)

    def until(self, expression: str, value: float) -> None:
        """Wait until a query has one value, and which."""
        eventually(lambda: [*self.values(expression).values()] == [value])

    def column(self, name: str) -> FleetColumn:
        """Return a column of the reference."""
        return FleetColumn.of(next(one for one in self.reference.columns if one.name == name))

    def counts(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what the whole stream, and the reference, have in each cell of the fleet's."""
        fleet = self.column(name)
        values = [record["features"][name] for record in self.stream]
        if fleet.numeric:
            edges = [float(edge) for edge in fleet.edges]
            cells = np.searchsorted(edges, values, side="left")
        else:
            cells = np.array([fleet.categories.index(value) for value in values])
        return np.bincount(cells, minlength=fleet.size), fleet.folded(fleet.column.counts)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Start the exporters on empty logs, and Prometheus with the shipped rules."""
    servers = stack.find_servers()
    assert isinstance(servers, stack.Servers), f"not installed: {servers}"
    folder = tmp_path_factory.mktemp("fleet")
    good = folder / "good.jsonl"
    good.write_text("".join(json.dumps(one) + "\n" for one in records(4000, 1, 0.0)))
    (folder / "build.yml").write_text("models: [{name: m, paths: [log.jsonl]}]\n")
    build = ["reference", "build", "--config.file", str(folder / "build.yml"), "--model", "m"]
    run_to_end([str(MODELTAIL), *build, "-o", str(folder / "m.ref"), str(good)])
    programs: list[Program] = []
    folders, targets = [], []
    try:
        for part in range(PARTS):
            own = folder / f"exporter{part}"
            own.mkdir()
            folders.append(own)
            (own / "modeltail.yml").write_text(CONFIGURATION)
            (own / "log.jsonl").touch()
            targets.append(f"127.0.0.1:{free_port()}")
            command = ["run", "--config.file", "modeltail.yml", "--storage.path", "storage"]
            address = ["--web.listen-address", targets[-1]]
            programs.append(Program("exporter", own, [str(MODELTAIL), *command, *address]))
            programs[-1].wait_for_url(f"http://{targets[-1]}/-/ready")
        # Evaluated each second, as everything here, rather than every two minutes.
        (folder / "rules.yml").write_text(RULES.read_text().replace("    interval: 2m\n", ""))
        configuration = {
            "global": {
                "scrape_interval": "1s",
                "scrape_timeout": "1s",
                "evaluation_interval": "1s",
            },
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "modeltail", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        address = f"127.0.0.1:{free_port()}"
        command = [
            str(servers.prometheus),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ]
        programs.append(Program("prometheus", folder, command))
        programs[-1].wait_for_url(f"http://{address}/-/ready")
        reference = reference_file.read(folder / "m.ref")
        yield Fleet(folders, records(RECORDS, 2, 0.2), reference, f"http://{address}")
    finally:
        for program in reversed(programs):
            program.stop()


def test_drift_over_the_fleet_is_that_of_the_whole_stream(fleet: Fleet) -> None:
    """From raw counters to 1e-6; of late, where Prometheus extrapolates, KS within .01."""
    fleet.until("count(up == 1)", PARTS)
    fleet.write()
    counts, ours = fleet.counts("age")
    n, tau = counts.sum(), fleet.column("age").column.tau
    m = ours.sum() / tau
    distance = np.abs(np.cumsum(counts) / n - np.cumsum(ours) / ours.sum()).max()
    shares = (counts + 0.5) / (n + 0.5 * len(counts))
    expected = (ours / tau + 0.5) / (m + 0.5 * len(counts))
    psi = ((shares - expected) * np.log(shares / expected)).sum()
    middle = (shares + expected) / 2
    divergence = (shares * np.log(shares / middle) + expected * np.log(expected / middle)).sum() / 2
    pvalue = 2 * np.exp(-2 * n * m / (n + m) * distance**2)
    found = {
        name: fleet.values(f"{LEVEL}:{name}:sum")["age"]
        for name in ("drift_ks", "drift_ks_pvalue", "drift_psi", "drift_js")
    }
    assert found["drift_ks"] == pytest.approx(distance, abs=1e-6)
    assert found["drift_psi"] == pytest.approx(psi, abs=1e-6)
    assert found["drift_js"] == pytest.approx(divergence, abs=1e-6)
    assert found["drift_ks_pvalue"] == pytest.approx(pvalue, rel=1e-6)
    theirs, known = fleet.counts("plan")
    table = np.array([theirs, known / fleet.column("plan").column.tau])
    statistic = chi2_contingency(table[:, table.any(axis=0)], correction=False).statistic
    assert fleet.values(f"{LEVEL}:drift_chi2:sum")["plan"] == pytest.approx(statistic, abs=1e-6)

    def of_late() -> bool:
        late = fleet.values(f"{LEVEL}:drift_ks:increase1h").get("age", 0.0)
        return abs(late - distance) < 0.01

    eventually(of_late)
