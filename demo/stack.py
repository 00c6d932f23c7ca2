"""Prometheus and Alertmanager with the shipped configuration, on loopback and in a time lapse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demo.programs import Program, free_port
from demo.time_lapse import lapse_routes, lapse_rules

SCRAPE_INTERVAL = "1s"
"""Of scraping and of evaluating; both are 15 s as shipped."""

_PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Servers:
    """The programs that are needed beside the exporter.

    Attributes
    ----------
    prometheus, alertmanager
        Paths of the programs.
    """

    prometheus: str
    alertmanager: str


def find_servers(which: Callable[[str], str | None] = shutil.which) -> Servers | list[str]:
    """Look for the servers on PATH.

    Returns
    -------
    Servers or list of str
        Both of them, or the names of those that are missing.
    """
    prometheus = which("prometheus")
    # Debian gives it a name that says whose manager it is.
    alertmanager = which("prometheus-alertmanager") or which("alertmanager")
    if prometheus and alertmanager:
        return Servers(prometheus, alertmanager)
    found = {"Prometheus": prometheus, "Alertmanager": alertmanager}
    return [name for name, path in found.items() if path is None]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens, as ``host:port``."""

    exporter: str
    prometheus: str
    alertmanager: str

    @classmethod
    def choose(cls) -> Addresses:
        """Return free ports of loopback."""
        return cls(*(f"127.0.0.1:{free_port()}" for _ in range(3)))


def write_prometheus(
    directory: Path, addresses: Addresses, factor: float, interval: str = SCRAPE_INTERVAL
) -> Path:
    """Copy the shipped configuration of Prometheus to `directory`, adapted to the demo.

    Its rules, its jobs and its relabelling stay; addresses and intervals change.

    Parameters
    ----------
    factor
        What durations of the rules are divided by.
    interval
        Of scraping and of evaluating.

    Returns
    -------
    Path
        The configuration file.
    """
    shipped = _PROJECT / "prometheus"
    configuration = _load(shipped / "prometheus.yml")
    configuration["global"].update(
        scrape_interval=interval,
        scrape_timeout=interval,
        evaluation_interval=interval,
    )
    target = directory / "prometheus"
    (target / "rules").mkdir(parents=True)
    for path in sorted((shipped / "rules").glob("*.yml")):
        if factor == 1:
            # As they are: a time lapse has one interval for all groups.
            shutil.copy(path, target / "rules")
        else:
            _dump(lapse_rules(_load(path), factor), target / "rules" / path.name)
    # Node and blackbox exporter belong to the whole stack, and the demo starts neither.
    (target / "targets").mkdir()
    listening = {
        "modeltail": addresses.exporter,
        "prometheus": addresses.prometheus,
        "alertmanager": addresses.alertmanager,
    }
    for name, address in listening.items():
        _dump([{"targets": [address]}], target / "targets" / f"{name}.yml")
    return _dump(configuration, target / "prometheus.yml")


def write_alertmanager(directory: Path, receiver: str, factor: float) -> Path:
    """Copy the shipped configuration of Alertmanager to `directory`, adapted to the demo.

    Routes, grouping, inhibition and templates stay; waits change, and Slack, PagerDuty and the
    dead man's switch are the receiver at the URL `receiver`.

    Returns
    -------
    Path
        The configuration file.
    """
    shipped = _PROJECT / "alertmanager"
    configuration = lapse_routes(_load(shipped / "alertmanager.yml"), factor)
    configuration.setdefault("global", {})["pagerduty_url"] = f"{receiver}/pagerduty"
    for entry in configuration["receivers"]:
        for webhook in entry.get("webhook_configs", []):
            webhook["url"] = f"{receiver}/watchdog"
    target = directory / "alertmanager"
    shutil.copytree(shipped / "templates", target / "templates")
    secrets = target / "secrets"
    secrets.mkdir()
    (secrets / "slack_api_url").write_text(f"{receiver}/slack", encoding="utf-8")
    (secrets / "pagerduty_routing_key").write_text("demo" * 8, encoding="utf-8")
    return _dump(configuration, target / "alertmanager.yml")


def start_alertmanager(
    servers: Servers, directory: Path, configuration: Path, addresses: Addresses
) -> Program:
    """Start Alertmanager and wait until it is ready.

    Raises
    ------
    ProgramError
        It does not come up.
    """
    program = Program(
        "alertmanager",
        directory,
        [
            servers.alertmanager,
            f"--config.file={configuration}",
            f"--storage.path={directory / 'alertmanager-data'}",
            f"--web.listen-address={addresses.alertmanager}",
            f"--web.external-url=http://{addresses.alertmanager}",
            "--cluster.listen-address=",
        ],
        # Alertmanager takes the paths of secrets relative to where it runs.
        working_directory=configuration.parent,
    )
    return _ready(program, addresses.alertmanager)


def start_prometheus(
    servers: Servers, directory: Path, configuration: Path, addresses: Addresses
) -> Program:
    """Start Prometheus and wait until it is ready.

    Raises
    ------
    ProgramError
        It does not come up.
    """
    program = Program(
        "prometheus",
        directory,
        [
            servers.prometheus,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={directory / 'prometheus-data'}",
            f"--web.listen-address={addresses.prometheus}",
            f"--web.external-url=http://{addresses.prometheus}",
            # An alert that was sent before Alertmanager was discovered is sent again soon.
            "--rules.alert.resend-delay=1s",
        ],
    )
    return _ready(program, addresses.prometheus)


def _ready(program: Program, address: str) -> Program:
    try:
        program.wait_for_url(f"http://{address}/-/ready")
    except BaseException:
        program.stop()
        raise
    return program


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def _dump(document: Any, path: Path) -> Path:
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=1000), encoding="utf-8")
    return path
