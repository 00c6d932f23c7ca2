"""A real Alertmanager on loopback that runs the shipped configuration."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

SHIPPED = Path(__file__).parents[2] / "alertmanager"


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binary() -> str:
    """Return the program's path: what MODELTAIL_ALERTMANAGER names, or else that of `PATH`.

    Debian calls it prometheus-alertmanager.
    """
    named = os.environ.get("MODELTAIL_ALERTMANAGER")
    found = named or shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    assert found, "Alertmanager is not installed"
    return found


def version(program: str) -> str:
    """Return major and minor version of a program, such as 0.25."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    # Of the two streams it depends on the version which is used.
    found = re.search(r"version (\d+\.\d+)", done.stdout + done.stderr)
    assert found, f"{program} does not say which version it is"
    return found[1]


def hasten(node: Any) -> Any:
    """Return a route tree that waits for a second where the shipped one waits for minutes."""
    if isinstance(node, dict):
        waits = {"group_wait": "1s", "group_interval": "1s"}
        return {key: waits.get(key) or hasten(value) for key, value in node.items()}
    if isinstance(node, list):
        return [hasten(value) for value in node]
    return node


Change = Callable[[dict[str, Any]], None]


def install(folder: Path, receiver_url: str, change: Change | None = None) -> None:
    """Copy the shipped configuration; addresses, secrets, waiting times and a change are ours."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("secrets"))
    configuration = yaml.safe_load((SHIPPED / "alertmanager.yml").read_text())
    configuration["global"]["pagerduty_url"] = f"{receiver_url}/pagerduty"
    configuration["route"] = hasten(configuration["route"])
    for receiver in configuration["receivers"]:
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = f"{receiver_url}/watchdog"
    if change:
        change(configuration)
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(configuration))
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "slack_api_url").write_text(f"{receiver_url}/slack\n")
    (secrets / "pagerduty_routing_key").write_text("0123456789abcdef0123456789abcdef\n")


@contextmanager
def alertmanager(
    folder: Path,
    receiver_url: str,
    *,
    program: str | None = None,
    external_url: str | None = None,
    change: Change | None = None,
) -> Iterator[str]:
    """Run Alertmanager in a new `folder`; yield its URL, which links use unless told otherwise."""
    install(folder, receiver_url, change)
    url = f"http://127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program or binary(),
                "--config.file=alertmanager.yml",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address={url.removeprefix('http://')}",
                f"--web.external-url={external_url or url}",
                "--web.route-prefix=/",
                "--cluster.listen-address=",
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        _await_ready(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/-/ready", timeout=1).ok:
                return
        except requests.ConnectionError:
            continue
    raise AssertionError(f"Alertmanager did not start: {log.read_text()}")
