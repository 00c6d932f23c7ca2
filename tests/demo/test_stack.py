from __future__ import annotations

import subprocess

import pytest
import yaml

from demo.stack import Addresses, Servers, find_servers, write_alertmanager, write_prometheus

ADDRESSES = Addresses("127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003")


def load(path):
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_prometheus_runs_the_shipped_rules_on_loopback(tmp_path):
    """Jobs and rules are those that are shipped; targets and intervals are the demo's."""
    path = write_prometheus(tmp_path, ADDRESSES, 30.0)
    configuration = load(path)
    assert configuration["global"]["scrape_interval"] == "1s"
    assert configuration["global"]["evaluation_interval"] == "1s"
    assert "modeltail" in [job["job_name"] for job in configuration["scrape_configs"]]
    targets = {file.stem: load(file) for file in (path.parent / "targets").iterdir()}
    assert targets == {
        "modeltail": [{"targets": ["127.0.0.1:1001"]}],
        "prometheus": [{"targets": ["127.0.0.1:1002"]}],
        "alertmanager": [{"targets": ["127.0.0.1:1003"]}],
    }
    alerts = {
        rule["alert"]
        for file in (path.parent / "rules").iterdir()
        for group in load(file)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert {"ModelAccuracyLow", "ModelDriftDetected", "SyslogAnomalous", "Watchdog"} <= alerts
    subprocess.run(["promtool", "check", "config", path], check=True, capture_output=True)


def test_alertmanager_tells_the_receiver_and_nobody_else(tmp_path):
    """Every address that a notification goes to is the receiver's; routes stay."""
    path = write_alertmanager(tmp_path, "http://127.0.0.1:1004", 30.0)
    configuration = load(path)
    assert configuration["global"]["pagerduty_url"] == "http://127.0.0.1:1004/pagerduty"
    secrets = path.parent / "secrets"
    assert (secrets / "slack_api_url").read_text() == "http://127.0.0.1:1004/slack"
    assert len((secrets / "pagerduty_routing_key").read_text()) == 32
    webhooks = [
        webhook["url"]
        for receiver in configuration["receivers"]
        for webhook in receiver.get("webhook_configs", [])
    ]
    assert webhooks == ["http://127.0.0.1:1004/watchdog"]
    assert configuration["route"]["group_wait"] == "1s"
    subprocess.run(
        ["amtool", "check-config", path.name], check=True, capture_output=True, cwd=path.parent
    )


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (
            {"prometheus", "prometheus-alertmanager", "alertmanager"},
            Servers("/bin/prometheus", "/bin/prometheus-alertmanager"),
        ),
        ({"prometheus", "alertmanager"}, Servers("/bin/prometheus", "/bin/alertmanager")),
        ({"prometheus"}, ["Alertmanager"]),
        ({"alertmanager"}, ["Prometheus"]),
        (set(), ["Prometheus", "Alertmanager"]),
    ],
)
def test_servers_are_found_by_either_name(present, expected):
    """Debian renames Alertmanager; what is missing is named."""
    found = find_servers(lambda name: f"/bin/{name}" if name in present else None)
    assert found == expected


def test_addresses_are_loopback_and_differ():
    """Three free ports of this machine alone."""
    addresses = Addresses.choose()
    chosen = {addresses.exporter, addresses.prometheus, addresses.alertmanager}
    assert len(chosen) == 3
    assert all(address.startswith("127.0.0.1:") for address in chosen)
