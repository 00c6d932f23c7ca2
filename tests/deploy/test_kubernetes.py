"""The manifests are valid, shut off, and lead to an exporter that works."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import kubernetes_validate
import pytest
import requests
import yaml

from tests.commands.exporter_process import ExporterProcess, free_port, wait_until
from tests.deploy import manifests as built
from tests.deploy.manifests import Manifest

WORKLOADS = ("sidecar", "node")
every_workload = pytest.mark.parametrize("variant", WORKLOADS)
LINE = '{"prediction": "refund", "confidence": 0.9}'


@every_workload
def test_nothing_is_wrong(variant):
    """Kubernetes takes it, it needs no privileges, and all names lead somewhere."""
    assert built.problems(built.manifests(variant)) == []


@every_workload
def test_older_versions_take_it(variant):
    """Nothing in it is newer than sidecars are, which is Kubernetes 1.29."""
    for one in built.manifests(variant):
        kubernetes_validate.validate(one, "1.29", strict=True)


def exporter(documents: list[Manifest]) -> Manifest:
    """Return the exporter's container."""
    return built.containers(built.pod(documents))["modeltail"]


def remove(key: str) -> Callable[[list[Manifest]], Any]:
    """Return what removes a key of the exporter's security context."""
    return lambda documents: exporter(documents)["securityContext"].pop(key)


def put(key: str, value: object) -> Callable[[list[Manifest]], None]:
    """Return what sets a key of the pods."""
    return lambda documents: built.pod(documents).update({key: value})


def put_exporter(key: str, value: object) -> Callable[[list[Manifest]], None]:
    """Return what sets a key of the exporter's container."""
    return lambda documents: exporter(documents).update({key: value})


def configured(**sections: object) -> Callable[[list[Manifest]], None]:
    """Return what changes sections of the exporter's configuration."""

    def change(documents: list[Manifest]) -> None:
        (found,) = built.of_kind(documents, "ConfigMap")
        content = yaml.safe_load(found["data"]["modeltail.yml"]) | sections
        found["data"]["modeltail.yml"] = json.dumps(content)

    return change


def forget_state(documents: list[Manifest]) -> None:
    """Keep the state in the pod."""
    built.workload(documents)["spec"].pop("volumeClaimTemplates", None)
    kept = [one for one in built.pod(documents)["volumes"] if one["name"] != "state"]
    built.pod(documents)["volumes"] = [*kept, {"name": "state", "emptyDir": {"sizeLimit": "1Gi"}}]


def writable_logs(documents: list[Manifest]) -> None:
    """Mount the logs for writing."""
    for mount in exporter(documents)["volumeMounts"]:
        if mount["name"] == "logs":
            del mount["readOnly"]


def other_labels(documents: list[Manifest]) -> None:
    """Name the pods otherwise than what looks for them."""
    labels = built.workload(documents)["spec"]["template"]["metadata"]["labels"]
    labels["app.kubernetes.io/name"] = "other"


def surge(documents: list[Manifest]) -> None:
    """Start the new pod of a node before the old one has ended."""
    built.workload(documents)["spec"]["updateStrategy"] = {"rollingUpdate": {"maxSurge": 1}}


def without(kind: str) -> Callable[[list[Manifest]], None]:
    """Return what leaves out the manifests of a kind."""

    def leave_out(documents: list[Manifest]) -> None:
        documents[:] = [one for one in documents if one["kind"] != kind]

    return leave_out


def misspell(documents: list[Manifest]) -> None:
    """Write a key that Kubernetes does not know."""
    built.workload(documents)["spec"]["template"]["spec"]["terminationGracePeriod"] = 60


MISTAKES = {
    "StatefulSet|DaemonSet": misspell,
    "modeltail: readOnlyRootFilesystem is None": remove("readOnlyRootFilesystem"),
    "modeltail: allowPrivilegeEscalation is None": remove("allowPrivilegeEscalation"),
    "modeltail: capabilities is None": remove("capabilities"),
    "modeltail: seccompProfile is None": remove("seccompProfile"),
    "modeltail: runAsNonRoot is None": remove("runAsNonRoot"),
    "modeltail: no user, or root": remove("runAsUser"),
    "another user than the image's": lambda all_: exporter(all_)["securityContext"].update(
        {"runAsUser": 1000}
    ),
    "a service account's token": put("automountServiceAccountToken", value=True),
    "the pods have hostPID": put("hostPID", value=True),
    "too little time to end in": put("terminationGracePeriodSeconds", 5),
    "asks for no resources": put_exporter("resources", {"limits": {"memory": "512Mi"}}),
    "another port": put_exporter("ports", [{"name": "metrics", "containerPort": 9090}]),
    "no port is called metrics": put_exporter("ports", [{"name": "m", "containerPort": 9877}]),
    "liveness is not": put_exporter("livenessProbe", {"httpGet": {"path": "/", "port": "metrics"}}),
    "has no version": put_exporter("image", "registry.example.com/modeltail:latest"),
    "two exporters would share a state": surge,
    "the state goes with the pod": forget_state,
    "could be written": writable_logs,
    "selects no pod": other_labels,
    "no NetworkPolicy": without("NetworkPolicy"),
    r"/srv/a\.jsonl is in no volume": configured(models=[{"name": "a", "paths": ["/srv/a.jsonl"]}]),
    "the state can't be written": configured(storage={"path": "/etc/modeltail"}),
    "name two states": configured(storage={"path": "/var/lib/modeltail/other"}),
    "killed before labels are left out": configured(limits={"memory": "1GiB"}),
}


@every_workload
@pytest.mark.parametrize("told", MISTAKES)
def test_a_mistake_is_found(variant, told):
    """What is broken on purpose is told, so that silence means something."""
    documents = built.manifests(variant)
    MISTAKES[told](documents)
    assert re.search(told, "\n".join(built.problems(documents)))


def test_state_of_root_is_found():
    """A volume that is claimed belongs to root unless a group is named."""
    documents = built.manifests("sidecar")
    del built.pod(documents)["securityContext"]["fsGroup"]
    assert built.problems(documents) == ["the state belongs to root"]


def test_the_sidecar_ends_after_the_model():
    """It is a sidecar to Kubernetes, and reads what the model says at last."""
    spec = built.pod(built.manifests("sidecar"))
    (found,) = [one for one in spec["initContainers"] if one["name"] == "modeltail"]
    assert found["restartPolicy"] == "Always"


def test_the_sidecar_does_not_keep_requests_from_the_model():
    """No probe of it decides whether the pod gets requests, or whether the model starts."""
    assert set(built.probes(built.manifests("sidecar"))) == {"liveness"}


def test_model_and_exporter_share_the_logs():
    """The model writes where the exporter reads, and their common group makes it readable."""
    documents = built.manifests("sidecar")
    spec = built.pod(documents)
    (written,) = built.containers(spec)["model"]["volumeMounts"]
    (source,) = built.configuration(documents).models
    (path,) = source.paths
    assert written["mountPath"] == str(PurePosixPath(path).parent)
    assert built.mount_of(documents, path)["name"] == written["name"]


def test_the_sidecar_fits_the_strictest_policy():
    """The Pod Security Standard `restricted`: volumes of these kinds alone, and no added rights."""
    allowed = {"configMap", "emptyDir", "claim", "name"}
    volumes = built.volumes_of(built.manifests("sidecar")).values()
    assert {key for one in volumes for key in one} <= allowed


def test_the_node_is_only_read():
    """What it has of the node is the logs, read only, and a folder of its own."""
    documents = built.manifests("node")
    folders = {
        name: one["hostPath"]["path"]
        for name, one in built.volumes_of(documents).items()
        if "hostPath" in one
    }
    assert folders == {"logs": "/var/log", "state": "/var/lib/modeltail"}
    assert {
        mount["name"]
        for one in built.containers(built.pod(documents)).values()
        for mount in one["volumeMounts"]
        if not mount.get("readOnly")
    } == {"state", "tmp"}


def test_lines_of_a_container_runtime_are_read(tmp_path):
    """The configuration of the node counts what a container prints, and the node's syslog."""
    documents = built.manifests("node")
    scraped, _ = observed(
        documents,
        tmp_path,
        {
            "/var/log/pods/shop_support-bot-7d9f_0b1c/app/0.log": "2026-01-31T09:30:00Z stdout F "
            + LINE,
            "/var/log/syslog": "Jan 31 09:30:00 web1 sshd[1]: Failed password for root",
        },
    )
    assert scraped[("modeltail_lines_total", "support_bot")] == 1
    assert scraped[("modeltail_lines_total", "nodes")] == 1
    assert scraped[("modeltail_records_parsed_total", "support_bot")] == 1


def test_lines_of_the_model_are_read(tmp_path):
    """The configuration of the sidecar counts what the model writes."""
    logs = {"/var/log/support_bot/predictions.jsonl": LINE}
    scraped, _ = observed(built.manifests("sidecar"), tmp_path, logs)
    assert scraped[("modeltail_lines_total", "support_bot")] == 1


@every_workload
def test_probes_are_answered(variant, tmp_path):
    """Each path that the kubelet asks is one that the exporter answers with success."""
    documents = built.manifests(variant)
    _, answers = observed(documents, tmp_path, {})
    assert answers == dict.fromkeys(built.probes(documents), 200)


def observed(
    documents: list[Manifest], folder: Path, logs: dict[str, str]
) -> tuple[dict[tuple[str, ...], float], dict[str, int]]:
    """Run the exporter with each volume as a folder; return a scrape, and what probes get.

    Parameters
    ----------
    documents
        Manifests of a workload.
    folder
        Takes the place of the container's root.
    logs
        Text of files by their path in the container.
    """
    for mount in exporter(documents)["volumeMounts"]:
        (folder / mount["mountPath"][1:]).mkdir(parents=True)
    for path, text in logs.items():
        (folder / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (folder / path[1:]).write_text(f"{text}\n")
    (found,) = built.of_kind(documents, "ConfigMap")
    options = built.started(documents)
    config = folder / str(options.config_file)[1:]
    config.write_text(re.sub(r"(?<=[\s\[])(?=/var/)", str(folder), found["data"]["modeltail.yml"]))
    process = ExporterProcess(
        config, free_port(), options=[f"--storage.path={folder}{options.storage_path}"]
    )
    try:
        process.ready()

        def lines() -> float:
            scraped = process.scrape()
            return sum(scraped[key] for key in scraped if key[0] == "modeltail_lines_total")

        wait_until(lambda: lines() == len(logs))
        answers = {
            name: requests.get(f"{process.url}{path}", timeout=5).status_code
            for name, (path, _) in built.probes(documents).items()
        }
        return process.scrape(), answers
    finally:
        process.close()
