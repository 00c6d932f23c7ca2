"""Prometheus Operator gets the rules and targets, Grafana the dashboards, as they are elsewhere."""

from __future__ import annotations

import copy
import json
import re
import subprocess

import pytest
import yaml

from scripts import kubernetes_rules
from tests.deploy import manifests as built
from tests.deploy.manifests import ROOT, Manifest
from tests.stack.rules import PROMTOOL, RULE_FILES

MONITORING = built.manifests("monitoring")
RULES = {one["metadata"]["name"]: one for one in built.of_kind(MONITORING, "PrometheusRule")}
MONITORS = {one["metadata"]["name"]: one for one in built.of_kind(MONITORING, "PodMonitor")}
DASHBOARDS = built.manifests("dashboards")
MOST_BYTES = 256 << 10
"""Of the annotation that `kubectl apply` notes what it applied in; a ConfigMap may have more."""


def test_the_operator_takes_it():
    """Known keys alone, and values of their types."""
    assert list(built.invalid(MONITORING)) == []


def misspelt_key(rule: Manifest, _: Manifest) -> None:
    """Write a key that no rule has."""
    rule["spec"]["groups"][0]["rules"][0]["expression"] = "1"


def no_expression(rule: Manifest, _: Manifest) -> None:
    """Leave out what every rule has."""
    del rule["spec"]["groups"][0]["rules"][0]["expr"]


def odd_duration(rule: Manifest, _: Manifest) -> None:
    """Write a duration that Prometheus can't read."""
    rule["spec"]["groups"][0]["interval"] = "often"


def no_selector(_: Manifest, monitor: Manifest) -> None:
    """Do not say whom to scrape."""
    del monitor["spec"]["selector"]


def action_that_is_none(_: Manifest, monitor: Manifest) -> None:
    """Relabel in a way that there is not."""
    monitor["spec"]["podMetricsEndpoints"][0]["relabelings"][0]["action"] = "forget"


def number_as_port(_: Manifest, monitor: Manifest) -> None:
    """Write a number where a name is meant."""
    monitor["spec"]["podMetricsEndpoints"][0]["port"] = 9877


def key_of_another_place(_: Manifest, monitor: Manifest) -> None:
    """Write a key where it says nothing."""
    monitor["spec"]["port"] = "metrics"


MISTAKES = (
    misspelt_key,
    no_expression,
    odd_duration,
    no_selector,
    action_that_is_none,
    number_as_port,
    key_of_another_place,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__)
def test_a_mistake_is_found(mistake):
    """What is broken on purpose is refused."""
    documents = copy.deepcopy([RULES["modeltail-model"], MONITORS["modeltail-node"]])
    mistake(*documents)
    assert len(list(built.invalid(documents))) == 1


def test_rules_are_current():
    """The script would write nothing that is not there, and remove nothing."""
    there = {path: path.read_text() for path in kubernetes_rules.OUTPUT.iterdir()}
    assert there == kubernetes_rules.wanted()


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_rules_are_those_of_prometheus(path, tmp_path):
    """Each file of rules is there as it is, and promtool takes it."""
    spec = RULES[f"modeltail-{path.stem.replace('_', '-')}"]["spec"]
    assert spec == yaml.safe_load(path.read_text())
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(spec))
    subprocess.run([PROMTOOL, "check", "rules", tmp_path / "rules.yml"], check=True)


def test_no_rules_are_left_out():
    """The kustomization names every file of rules, and no other."""
    names = {f"modeltail-{path.stem.replace('_', '-')}" for path in RULE_FILES}
    assert set(RULES) == names


def test_dashboards_are_those_of_grafana():
    """Each dashboard is in a ConfigMap of its own, byte for byte."""
    shown = {}
    for one in DASHBOARDS:
        shown.update(one["data"])
    folder = ROOT / "grafana" / "dashboards"
    assert shown == {path.name: path.read_text() for path in folder.glob("*.json")}
    assert len(shown) == len(DASHBOARDS)


def test_grafana_finds_the_dashboards():
    """They have the label that Grafana's sidecar looks for, and Kubernetes takes them."""
    assert all(one["metadata"]["labels"] == {"grafana_dashboard": "1"} for one in DASHBOARDS)
    assert list(built.invalid(DASHBOARDS)) == []


@pytest.mark.parametrize(
    "document", [*DASHBOARDS, *MONITORING], ids=lambda one: one["metadata"]["name"]
)
def test_manifests_are_small_enough(document):
    """Otherwise `kubectl apply` would need options that nobody thinks of."""
    assert len(json.dumps(document, ensure_ascii=False).encode()) < MOST_BYTES


@pytest.mark.parametrize(
    ("variant", "namespace", "instance"),
    [("sidecar", "shop", "shop/support-bot-0"), ("node", "modeltail", "node-1")],
)
def test_targets_are_named_as_rules_expect(variant, namespace, instance, tmp_path):
    """Prometheus finds the pods, and gives their series the labels job and instance alone."""
    template = built.workload(built.manifests(variant))["spec"]["template"]
    spec = MONITORS[f"modeltail-{variant}"]["spec"]
    assert spec["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    (endpoint,) = spec["podMetricsEndpoints"]
    (port,) = built.containers(template["spec"])["modeltail"]["ports"]
    assert endpoint["port"] == port["name"]
    # Prometheus Operator sets these four before the relabelings of the monitor.
    labels = {
        "namespace": namespace,
        "pod": "support-bot-0",
        "container": "modeltail",
        "endpoint": "metrics",
        "__meta_kubernetes_namespace": namespace,
        "__meta_kubernetes_pod_name": "support-bot-0",
        "__meta_kubernetes_pod_node_name": "node-1",
    }
    targets = [{"targets": ["10.0.0.7:9877"], "labels": labels}]
    job = {
        "job_name": "podMonitor/monitoring/modeltail/0",
        "scrape_interval": endpoint["interval"],
        "scrape_timeout": endpoint["scrapeTimeout"],
        "static_configs": targets,
        "relabel_configs": [
            {re.sub("[A-Z]", lambda one: f"_{one[0].lower()}", key): one[key] for key in one}
            for one in endpoint["relabelings"]
        ],
    }
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [job]}))
    done = subprocess.run(
        [PROMTOOL, "check", "service-discovery", "--timeout=5s", config, job["job_name"]],
        capture_output=True,
        text=True,
        check=True,
    )
    (found,) = json.loads(done.stdout)
    shown = {key: found["labels"][key] for key in found["labels"] if not key.startswith("__")}
    assert shown == {"job": "modeltail", "instance": instance}
