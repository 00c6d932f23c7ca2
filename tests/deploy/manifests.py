"""Kubernetes manifests as `kubectl` would send them, and what may be wrong with them."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import kubernetes_validate
import yaml
from cloudcoil.models.prometheus_operator import v1 as operator
from pydantic import ValidationError

from exporter import cli, config
from exporter.commands.run import DEFAULT_ADDRESS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
KUBECTL = Path(sys.executable).with_name("kubectl")
KUBERNETES = kubernetes_validate.latest_version()
OPERATOR = "monitoring.coreos.com/v1"

Manifest = dict[str, Any]


@functools.cache
def built(kustomization: Path) -> str:
    """Return what a kustomization makes, as YAML."""
    done = subprocess.run(
        [KUBECTL, "kustomize", kustomization], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def manifests(variant: str) -> list[Manifest]:
    """Return the manifests of a folder of deploy/kubernetes, anew each time."""
    return [one for one in yaml.safe_load_all(built(FOLDER / variant)) if one is not None]


def of_kind(documents: list[Manifest], *kinds: str) -> list[Manifest]:
    """Return the manifests of these kinds."""
    return [one for one in documents if one["kind"] in kinds]


def workload(documents: list[Manifest]) -> Manifest:
    """Return the only manifest that makes pods."""
    (found,) = of_kind(documents, "StatefulSet", "DaemonSet", "Deployment")
    return found


def pod(documents: list[Manifest]) -> Manifest:
    """Return the specification of its pods."""
    return workload(documents)["spec"]["template"]["spec"]


def containers(spec: Manifest) -> dict[str, Manifest]:
    """Return all containers of a pod by name."""
    return {one["name"]: one for one in [*spec.get("initContainers", []), *spec["containers"]]}


def configuration(documents: list[Manifest]) -> config.Configuration:
    """Return what the exporter is told to do."""
    (found,) = of_kind(documents, "ConfigMap")
    return config.parse(found["data"]["modeltail.yml"], found["metadata"]["name"])


def image_user() -> int:
    """Return the number of the user that the Dockerfile makes for the exporter."""
    stage = (ROOT / "Dockerfile").read_text().split(" AS exporter\n")[1]
    return int(re.search(r"useradd --uid (\d+)", stage)[1])


def problems(documents: list[Manifest]) -> list[str]:
    """Return all that is wrong with the manifests of a workload, an empty list if nothing is."""
    checks = (invalid, exposed, disconnected, badly_stored, badly_watched, not_ours)
    return [problem for check in checks for problem in check(documents)]


def invalid(documents: list[Manifest]) -> Iterator[str]:
    """Yield what Kubernetes or Prometheus Operator would refuse, or ignore as unknown."""
    for one in documents:
        if one["apiVersion"] == OPERATOR:
            yield from _not_as_the_operator_has_it(one)
            continue
        try:
            kubernetes_validate.validate(one, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{one['kind']}: {error.message}"


def _not_as_the_operator_has_it(document: Manifest) -> Iterator[str]:
    try:
        read = getattr(operator, document["kind"]).model_validate(document)
    except ValidationError as error:
        yield f"{document['kind']}: {error}"
        return
    # An unknown key is passed over by the model, and hence not written again.
    written = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
    if written["spec"] != document["spec"]:
        yield f"{document['kind']}: an unknown key, or a value of another type"


def exposed(documents: list[Manifest]) -> Iterator[str]:
    """Yield what a container may do though it needn't."""
    spec = pod(documents)
    if spec.get("automountServiceAccountToken") is not False:
        yield "the pods get a service account's token"
    yield from (f"the pods have {key}" for key in spec if key in {"hostNetwork", "hostPID"})
    for name, one in containers(spec).items():
        said = one.get("securityContext", {})
        wanted = {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            "capabilities": {"drop": ["ALL"]},
        }
        if name == "own-state":
            # The kubelet makes folders on nodes as root, and somebody has to give them away.
            wanted |= {"runAsNonRoot": False}
            wanted |= {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}
            if [mount["name"] for mount in one["volumeMounts"]] != ["state"]:
                yield f"{name}: root sees more than the state"
        elif not said.get("runAsUser") or not said.get("runAsGroup"):
            yield f"{name}: no user, or root"
        yield from (
            f"{name}: {key} is {said.get(key)}"
            for key, value in wanted.items()
            if said.get(key) != value
        )
        given = one.get("resources", {})
        if not {"cpu", "memory"} <= set(given.get("requests", {})):
            yield f"{name}: asks for no resources"
        if "memory" not in given.get("limits", {}):
            yield f"{name}: no limit of memory"


def disconnected(documents: list[Manifest]) -> Iterator[str]:
    """Yield names that lead nowhere: of labels, ports, volumes, configurations."""
    made, spec = workload(documents), pod(documents)
    labels = made["spec"]["template"]["metadata"]["labels"]
    selectors = [made["spec"]["selector"]["matchLabels"]]
    selectors += [one["spec"]["selector"] for one in of_kind(documents, "Service")]
    policies = of_kind(documents, "NetworkPolicy")
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in policies]
    if not policies:
        yield "no NetworkPolicy"
    for selector in selectors:
        if not selector.items() <= labels.items():
            yield f"{selector} selects no pod"
    ports = {port["name"] for one in containers(spec).values() for port in one.get("ports", [])}
    used = {
        port["port"]
        for one in policies
        for rule in one["spec"]["ingress"]
        for port in rule["ports"]
    }
    used |= {
        port["targetPort"] for one in of_kind(documents, "Service") for port in one["spec"]["ports"]
    }
    yield from (f"no port is called {name}" for name in used - ports)
    volumes = set(volumes_of(documents))
    mounted = {
        mount["name"] for one in containers(spec).values() for mount in one.get("volumeMounts", [])
    }
    yield from (f"volume {name}: not there, or not mounted" for name in volumes ^ mounted)
    maps = {one["metadata"]["name"] for one in of_kind(documents, "ConfigMap")}
    named = {one["configMap"]["name"] for one in spec["volumes"] if "configMap" in one}
    yield from (f"ConfigMap {name}: not there, or not used" for name in maps ^ named)


def volumes_of(documents: list[Manifest]) -> dict[str, Manifest]:
    """Return all volumes of a pod by name, claims included."""
    claims = workload(documents)["spec"].get("volumeClaimTemplates", [])
    return {
        **{one["name"]: one for one in pod(documents)["volumes"]},
        **{one["metadata"]["name"]: {"claim": one["spec"]} for one in claims},
    }


def mount_of(documents: list[Manifest], path: str) -> Manifest | None:
    """Return the innermost mount of the exporter that a path lies in."""
    mounts = containers(pod(documents))["modeltail"]["volumeMounts"]
    around = [one for one in mounts if PurePosixPath(path).is_relative_to(one["mountPath"])]
    return max(around, key=lambda one: len(one["mountPath"]), default=None)


def badly_stored(documents: list[Manifest]) -> Iterator[str]:
    """Yield paths of the configuration that lie where they can't be read, written or kept."""
    wanted = configuration(documents)
    volumes = volumes_of(documents)
    for path in (path for one in wanted.models + wanted.syslog for path in one.paths):
        mount = mount_of(documents, path)
        if mount is None or mount["mountPath"] == "/tmp":
            yield f"{path} is in no volume"
        elif not mount.get("readOnly"):
            yield f"{path} could be written"
    state = mount_of(documents, str(wanted.storage.path))
    group = pod(documents)["securityContext"].get("fsGroup")
    if state is None or state.get("readOnly"):
        yield "the state can't be written"
    elif "emptyDir" in volumes[state["name"]]:
        yield "the state goes with the pod"
    elif "claim" in volumes[state["name"]] and group != image_user():
        yield "the state belongs to root"
    options = started(documents)
    if str(options.storage_path) != str(wanted.storage.path):
        yield "arguments and configuration name two states"
    for name, volume in volumes.items():
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {name} has no end"
    memory = containers(pod(documents))["modeltail"]["resources"]["limits"]["memory"]
    if wanted.limits.memory is None or wanted.limits.memory >= int(memory[:-2]) << 20:
        yield "the container is killed before labels are left out"


def started(documents: list[Manifest]) -> Any:
    """Return the options that the exporter is started with."""
    return cli.parser().parse_args(containers(pod(documents))["modeltail"]["args"])


def badly_watched(documents: list[Manifest]) -> Iterator[str]:
    """Yield what keeps the kubelet or Prometheus from it, or the exporter from ending."""
    one = containers(pod(documents))["modeltail"]
    ports = {port["name"]: port["containerPort"] for port in one.get("ports", [])}
    if ports != {"metrics": DEFAULT_ADDRESS[1]}:
        yield "another port than the exporter's"
    asked = probes(documents)
    if asked["liveness"] != ("/-/healthy", "metrics"):
        yield "liveness is not what /-/healthy says"
    if asked.get("readiness", ("/-/ready", "metrics")) != ("/-/ready", "metrics"):
        yield "readiness is not what /-/ready says"
    if pod(documents).get("terminationGracePeriodSeconds", 0) < 10:
        yield "too little time to end in"
    if mount_of(documents, str(started(documents).config_file))["name"] != "config":
        yield "the configuration is not where it is looked for"
    if any("subPath" in mount for mount in one["volumeMounts"]):
        yield "a file that is mounted alone never changes"
    update = workload(documents)["spec"].get("updateStrategy", {}).get("rollingUpdate", {})
    if update.get("maxSurge", 0) != 0:
        yield "two exporters would share a state"


def probes(documents: list[Manifest]) -> dict[str, tuple[str, str]]:
    """Return path and port of each probe of the exporter."""
    one = containers(pod(documents))["modeltail"]
    return {
        key.removesuffix("Probe"): (value["httpGet"]["path"], value["httpGet"]["port"])
        for key, value in one.items()
        if key.endswith("Probe")
    }


def not_ours(documents: list[Manifest]) -> Iterator[str]:
    """Yield what does not fit the image."""
    one = containers(pod(documents))["modeltail"]
    if one["securityContext"].get("runAsUser") != image_user():
        yield "another user than the image's"
    if not re.fullmatch(r"\S+/modeltail:\d+\.\d+\.\d+", one["image"]):
        yield f"image {one['image']} has no version"
