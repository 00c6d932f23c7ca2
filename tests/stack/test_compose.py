from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import load
from tests.stack.rules import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
TARGETS = ROOT / "prometheus" / "targets" / "compose"

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (source, rest) of the short mounts of a service."""
    short = [mount for mount in service.get("volumes", []) if isinstance(mount, str)]
    return [tuple(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":", 1)) for mount in short]


def test_file_follows_the_compose_specification() -> None:
    """No key is misspelt and no value is of a wrong type."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    result = subprocess.run(
        [*command, "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_the_stack_is_complete() -> None:
    """All six services are there; the logs of the demo are not written unless asked for."""
    assert sorted(SERVICES) == [
        "alertmanager",
        "blackbox-exporter",
        "demo-logs",
        "exporter",
        "grafana",
        "node-exporter",
        "prometheus",
    ]


def test_profile_of_the_demo():
    """It alone has one; its volume can take the place of the exporter's logs."""
    profiles = {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one}
    assert profiles == {"demo-logs": ["demo"]}
    assert "demo-logs" in COMPOSE["volumes"]
    sources = {source for source, rest in mounts(SERVICES["demo-logs"]) if rest == "/logs"}
    assert sources == {"demo-logs"}


def test_images_are_stages_of_the_dockerfile():
    """Each target exists; what they copy is not ignored."""
    text = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    built = {one["build"]["target"] for one in SERVICES.values() if "build" in one}
    assert built == {"exporter", "demo"}
    assert built <= stages
    shown = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    for copied in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE):
        assert {path.split("/")[0] for path in copied.split()} <= shown


@every_service
def test_service_is_hardened_and_bounded(name: str) -> None:
    """Read only, without privileges, watched, within limits, of a named version."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    if "build" not in service:
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"])
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_image_of_the_exporter_does_not_run_as_root() -> None:
    """The last user that the Dockerfile names is an ordinary one."""
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1:] == ["9877"]


@every_service
def test_mounted_files_exist_and_are_read_only(name: str) -> None:
    """What comes from the repository is there and cannot be changed from inside."""
    for source, rest in mounts(SERVICES[name]):
        if source.startswith("."):
            assert (ROOT / source).exists(), source
        if source.startswith((".", "/")):
            assert rest.endswith(":ro"), source
        else:
            assert source in COMPOSE["volumes"]


def test_secrets_are_files_that_git_ignores() -> None:
    """No secret is in the environment, and none can be committed by mistake."""
    for secret in COMPOSE["secrets"].values():
        folder = (ROOT / secret["file"]).parent
        assert (folder / ".gitignore").read_text().startswith("*\n")
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|KEY|SECRET", key):
                assert value.startswith("/run/secrets/")


def test_alertmanager_finds_its_secrets() -> None:
    """The secrets are mounted where the configuration looks, seen from the working directory."""
    service = SERVICES["alertmanager"]
    mounted = {secret["target"] for secret in service["secrets"]}
    text = (ROOT / "alertmanager" / "alertmanager.yml").read_text()
    wanted = re.findall(r"_file: (secrets/\S+)$", text, re.MULTILINE)
    assert mounted == {f"{service['working_dir']}/{path}" for path in wanted}


def test_targets_of_prometheus_are_services() -> None:
    """Every address that Prometheus is given under compose is a service of the file."""
    for path in TARGETS.glob("*.yml"):
        for group in yaml.safe_load(path.read_text()):
            addresses = [*group["targets"], *group.get("labels", {}).values()]
            for address in addresses:
                assert re.sub(r"^http://|:\d+.*$", "", address) in SERVICES


def test_configuration_of_the_exporter_is_valid() -> None:
    """The examples load, and the paths in them are those of the container."""
    for folder in ("compose", "demo"):
        check_configuration(load(ROOT / "deploy" / folder / "modeltail.yml"))


def check_configuration(configuration):
    """Check one of them."""
    paths = [
        path for source in configuration.models + configuration.syslog for path in source.paths
    ]
    assert all(path.startswith("/logs/") for path in paths)
    assert configuration.storage.path == Path("/var/lib/modeltail")
