"""What the registry says of the versions of models, and whether it knows those in the logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.monitors.versions import MAX_VERSIONS
from exporter.registry.lineage import STAGES, Standing
from exporter.registry.looker import Look, Models

MOST_FIGURES = 20
"""Offline metrics, and hyperparameters, of a version; the first by name."""
LONGEST_LABEL = 128


@dataclass(frozen=True, slots=True)
class InLogs:
    """The versions that the logs of each model name."""

    versions: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at one moment.

    Attributes
    ----------
    up
        Whether the last look succeeded; ``None`` before the first.
    read_at
        Unix seconds of the last one that did; 0 before it.
    models
        What it found; empty before it.
    in_logs
        Versions in the logs by model.
    """

    up: bool | None = None
    read_at: float = 0.0
    models: Models | None = None
    in_logs: Mapping[str, frozenset[str]] | None = None


class RegisteredVersions:
    """The versions of all models.

    Of a model with more than :data:`~exporter.monitors.versions.MAX_VERSIONS` the one in production
    is shown, and those that something was done with last. What the last good look found stays while
    the registry can't be read.

    Parameters
    ----------
    models
        Names of the models; the registry may have others, which are left out.
    """

    name: ClassVar[str] = "registry"

    def __init__(self, models: Sequence[str]) -> None:
        self._names = tuple(models)
        self._known = Snapshot()

    def update(self, found: Iterable[Look | InLogs]) -> None:
        """Fold in what was found, in the order of time."""
        for one in found:
            if isinstance(one, InLogs):
                self._known = replace(self._known, in_logs=one.versions)
            elif one.models is None:
                self._known = replace(self._known, up=False)
            else:
                self._known = replace(self._known, up=True, read_at=one.time, models=one.models)

    def snapshot(self) -> Snapshot:
        """Return an immutable copy."""
        return self._known

    def families(self, snapshot: Snapshot, now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield the families; what is not known is absent."""
        if snapshot.up is not None:
            yield GaugeMetricFamily(
                "modeltail_registry_up",
                "Whether the registry could be read at the last look.",
                value=float(snapshot.up),
            )
        if snapshot.models is None:
            return
        yield GaugeMetricFamily(
            "modeltail_registry_last_success_timestamp_seconds",
            "Time of the last look at which the registry could be read.",
            value=snapshot.read_at,
        )
        shown = [
            (model, one) for model in self._names for one in latest(snapshot.models.get(model, ()))
        ]
        yield from _stages(shown)
        yield from _origins(shown)
        yield self._registered(snapshot.models, snapshot.in_logs or {})

    def _registered(self, models: Models, in_logs: Mapping[str, frozenset[str]]) -> Metric:
        registered = _gauge(
            "model_version_registered", "Whether the registry knows the version that logs name."
        )
        for model in self._names:
            known = {one.name for one in models.get(model, ())}
            for version in sorted(in_logs.get(model, ())):
                registered.add_metric([model, version], float(version in known))
        return registered

    def dump(self) -> None:
        """Return nothing: the registry tells it again."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Take nothing."""


def latest(standings: Sequence[Standing]) -> list[Standing]:
    """Return the version in production, and then those that something was done with last."""

    def rank(one: Standing) -> tuple[bool, float]:
        times = (one.version.registered, one.deployed, one.archived)
        return one.stage != "production", -max(time.timestamp() for time in times if time)

    return sorted(standings, key=rank)[:MAX_VERSIONS]


def _stages(shown: Sequence[tuple[str, Standing]]) -> Iterator[Metric]:
    stage = _gauge("model_stage", "1 for the stage that a version is in, else 0.", "model_stage")
    registered = _gauge(
        "model_registered_timestamp_seconds", "Time at which the version was registered."
    )
    deployed = _gauge(
        "model_deployed_timestamp_seconds",
        "Time at which the version came to production for the last time.",
    )
    for model, one in shown:
        at = [model, one.name]
        for name in STAGES:
            stage.add_metric([*at, name], float(name == one.stage))
        registered.add_metric(at, one.version.registered.timestamp())
        if one.deployed is not None:
            deployed.add_metric(at, one.deployed.timestamp())
    yield from (stage, registered, deployed)


def _origins(shown: Sequence[tuple[str, Standing]]) -> Iterator[Metric]:
    info = _gauge("model_version_info", "What a version is made of.", "kind", "trained_on")
    examples = _gauge("model_training_examples", "Examples that the version was trained on.")
    offline = _gauge(
        "model_offline_metric", "Figure of a version's validation before its release.", "metric"
    )
    parameter = _gauge(
        "model_hyperparameter_info", "Hyperparameter of a version.", "parameter", "value"
    )
    for model, one in shown:
        at, version = [model, one.name], one.version
        info.add_metric([*at, _label(version.kind or ""), _label(version.trained_on or "")], 1)
        if version.examples is not None:
            examples.add_metric(at, version.examples)
        for name in sorted(version.metrics)[:MOST_FIGURES]:
            offline.add_metric([*at, _label(name)], version.metrics[name])
        for name in sorted(version.hyperparameters)[:MOST_FIGURES]:
            value = _text(version.hyperparameters[name])
            parameter.add_metric([*at, _label(name), _label(value)], 1)
    yield from (info, examples, offline, parameter)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["model", "version", *labels])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _label(text: str) -> str:
    return text[:LONGEST_LABEL]
