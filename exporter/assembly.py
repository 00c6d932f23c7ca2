"""From a configuration to the running parts: which parser feeds which monitors."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from exporter import config
from exporter.config import Configuration, ModelSource, Rules, SyslogSource
from exporter.dependencies import monitoring
from exporter.dependencies.checker import Checker
from exporter.drift import comparison, reference_file
from exporter.drift.fleet import FleetColumn
from exporter.drift.reference import Reference
from exporter.event_time import EventTime
from exporter.joining.monitors import JoinedMonitors
from exporter.markov import model_file
from exporter.markov.online import Trained
from exporter.markov.scoring import Scorer
from exporter.monitors import awaited, beside_features, estimated_accuracy, names
from exporter.monitors.accuracy import Accuracy
from exporter.monitors.attribution import Attribution
from exporter.monitors.budget import Budget, SeriesBudget
from exporter.monitors.calibration import Calibration
from exporter.monitors.changes import Changes
from exporter.monitors.confidence import Confidence
from exporter.monitors.cost import Cost
from exporter.monitors.data_quality import DataQuality
from exporter.monitors.decision_threshold import DecisionThreshold
from exporter.monitors.drift import Drift
from exporter.monitors.drift_evidence import DriftEvidence
from exporter.monitors.drift_samples import DIAGNOSTIC_SERIES, DriftSamples
from exporter.monitors.environment import Environment
from exporter.monitors.escalation import Escalation
from exporter.monitors.estimated_accuracy import EstimatedAccuracy
from exporter.monitors.estimated_error import EstimatedError
from exporter.monitors.facts import Facts
from exporter.monitors.feature_values import FeatureValues
from exporter.monitors.fed_group import FedGroup
from exporter.monitors.finish import Finish
from exporter.monitors.first_token import FirstToken
from exporter.monitors.fixed_series import fixed_series
from exporter.monitors.fleet_columns import fleet_columns
from exporter.monitors.ground_truth import GroundTruth
from exporter.monitors.group import MonitorGroup
from exporter.monitors.inputs import Inputs
from exporter.monitors.intervals import Intervals
from exporter.monitors.isolation import Isolation
from exporter.monitors.latency import Latency
from exporter.monitors.latency_range import LatencyRange
from exporter.monitors.missing_features import MissingFeatures
from exporter.monitors.multilabel import Multilabel
from exporter.monitors.objectives import Objectives
from exporter.monitors.outliers import Outliers
from exporter.monitors.probabilities import Probabilities
from exporter.monitors.protocol import Monitor
from exporter.monitors.ranking import Ranking
from exporter.monitors.reference_facts import ReferenceFacts
from exporter.monitors.registry import RegisteredVersions
from exporter.monitors.regression import Regression, edges_for
from exporter.monitors.scores import Scores
from exporter.monitors.server import ServerProcesses
from exporter.monitors.shadow import Shadow
from exporter.monitors.slices import Slices
from exporter.monitors.syslog_alarms import SyslogAlarms
from exporter.monitors.syslog_anomaly import SyslogAnomaly
from exporter.monitors.syslog_counts import SyslogCounts
from exporter.monitors.syslog_incidents import IncidentSettings
from exporter.monitors.syslog_sources import AlarmSettings
from exporter.monitors.throughput import Throughput
from exporter.monitors.tokens import Tokens
from exporter.monitors.validation import Validation
from exporter.monitors.versions import ModelMonitors
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.of_model import prediction_parser
from exporter.parsing.syslog_lines import syslog_parser
from exporter.pipeline import Group
from exporter.records import RecordBatch, SyslogBatch
from exporter.registry import monitoring as registry
from exporter.registry.looker import Looker
from exporter.servers import monitoring as servers
from exporter.servers.sampler import Sampler
from exporter.source import Source
from exporter.tailing.streams import Streams
from exporter.tailing.tail import Tail
from exporter.windows import Window

IDLE_SECONDS = 86_400.0
DRIFT_SERIES = 4
"""Series of a column in a window that is tested, besides its distances."""
SEASON_SERIES = 2
"""Further ones, of a reference by hour or day."""
SYSLOG_GROUP = "syslog"
DEPENDENCY_GROUP, SERVER_GROUP, REGISTRY_GROUP = "(dependencies)", "(servers)", "(registry)"
"""No model can have these names."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """The parts of a pipeline.

    Attributes
    ----------
    windows_end
        For each group, where its windows end when files are read once; empty as it runs live.
    dependencies
        Looks at what models depend on, once it is started.
    servers
        Looks at the processes that serve models, once it is started.
    registry
        Looks at the registry of versions, once it is started.
    versions
        For each model what returns the versions that its logs name.
    """

    sources: list[Source[Any]]
    groups: dict[str, Group]
    windows_end: dict[str, Callable[[], float | None]]
    isolation: Isolation
    budget: SeriesBudget
    dependencies: Checker
    servers: Sampler
    registry: Looker
    versions: dict[str, Callable[[], frozenset[str]]]

    @property
    def looks(self) -> tuple[Checker | Sampler | Looker, ...]:
        """All that looks at something beside the logs."""
        return self.dependencies, self.servers, self.registry


def assemble(
    configuration: Configuration,
    *,
    replay: bool,
    without: Collection[str] = (),
    isolation: Isolation | None = None,
) -> Assembled:
    """Build sources and monitors.

    Parameters
    ----------
    replay
        Whether "now" is the latest event (files are read once) or the clock.
    without
        Names of monitors to leave out.
    isolation
        Runs the monitors; absent: one that has seen no errors.

    Raises
    ------
    UsageError
        If a reference or a Markov model that the configuration names can't be read.
    """
    dependencies = () if "dependencies" in without else configuration.dependencies
    checker = monitoring.checker(dependencies, time.time, time.monotonic)
    budget = SeriesBudget(configuration.limits.series)
    served = () if "server" in without else [one for one in configuration.models if one.server]
    sampler = servers.sampler(served, time.time, time.monotonic)
    registered = None if "registry" in without else configuration.registry
    looker = registry.looker(registered, time.time)
    parts = Assembled([], {}, {}, isolation or Isolation(), budget, checker, sampler, looker, {})
    parts.isolation.known([name for name in names.ALL if name not in without])
    for model in configuration.models:
        _add_model(parts, configuration, model, replay=replay, without=without)
    if configuration.syslog:
        _add_syslog(parts, configuration, replay=replay, without=without)
    if dependencies:
        models = [model.name for model in configuration.models]
        parts.groups[DEPENDENCY_GROUP] = FedGroup(
            lambda: [monitoring.monitor(dependencies, models)], parts.isolation, checker.results
        )
    if served:
        parts.groups[SERVER_GROUP] = FedGroup(
            lambda: [ServerProcesses([model.name for model in served])],
            parts.isolation,
            sampler.results,
        )
    if registered is not None:
        findings = registry.Findings(looker, parts.versions)
        parts.groups[REGISTRY_GROUP] = FedGroup(
            lambda: [RegisteredVersions(list(parts.versions))], parts.isolation, findings.results
        )
    return parts


def read_reference(configuration: Configuration, model: ModelSource) -> Reference | None:
    """Return the reference that a model is compared with, ``None`` if there is none yet.

    Raises
    ------
    UsageError
        If it can't be read, or does not have the columns that the configuration names.
    """
    path = configuration.reference_path(model)
    if model.drift is None or path is None or (model.drift.own is not None and not path.exists()):
        return None
    reference = reference_file.read(path)
    # Monitors are made when a version first appears; what does not fit must show before.
    comparison.select(model.drift, reference)
    if reference.reliability is not None:
        reference.reliability.check_positive(model.positive_class, path)
    return reference


def read_rules(model: ModelSource) -> Rules | None:
    """Return the rules of a model with those that it includes, ``None`` if there are none.

    Raises
    ------
    UsageError
        If the file that it includes can't be read.
    """
    return None if model.rules is None else config.with_included(model.rules)


def features_read(
    reference: Reference | None, rules: Rules | None, slices: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the logged features that monitors ask for."""
    names = () if reference is None else reference.features
    of_rules = () if rules is None else rules.features
    return tuple(dict.fromkeys((*names, *of_rules, *slices)))


def _add_model(
    parts: Assembled,
    configuration: Configuration,
    model: ModelSource,
    *,
    replay: bool,
    without: Collection[str],
) -> None:
    reference = read_reference(configuration, model)
    rules = read_rules(model)
    monitors = _model_group(parts, configuration, model, reference, rules, without, replay=replay)
    group: ModelMonitors | JoinedMonitors = monitors
    if model.labels.join and GroundTruth.name not in without:
        group = JoinedMonitors(
            monitors,
            lambda: GroundTruth(
                {"model": model.name},
                configuration.windows,
                model.labels.wait,
                model.labels.pending,
                replay=replay,
                slices=model.slices,
            ),
            parts.isolation,
        )
    event_time = EventTime(configuration.windows, replay=replay)
    features: Collection[str] | None = features_read(reference, rules, model.slices)
    if reference is None and model.drift is not None:
        # Nobody knows yet which ones the reference will have.
        features = None
    dimension = beside_features.dimension(model.drift, reference)
    embeddings = None if dimension is None else Embeddings(dimension)
    parts.groups[model.name] = group
    parts.versions[model.name] = lambda: monitors.named
    if replay:
        parts.windows_end[model.name] = lambda: event_time.windows_end
    parts.sources.append(
        Source(
            model.name,
            _tail(configuration, model, replay=replay, headers=model.format == "csv"),
            prediction_parser(model, configuration, features, embeddings),
            event_time,
            group.update,
            quoted=not configuration.privacy.withholds,
        )
    )


def _model_group(
    parts: Assembled,
    configuration: Configuration,
    model: ModelSource,
    reference: Reference | None,
    rules: Rules | None,
    without: Collection[str],
    *,
    replay: bool,
) -> ModelMonitors:
    windows = configuration.windows
    by_model = {"model": model.name}
    exemplars = configuration.privacy.names_requests
    info = {"task": model.task, "reference": "" if reference is None else reference.label}
    path = None if replay else configuration.reference_path(model)
    first = awaited.records(model, reference, info, path)
    trailing = awaited.trailing(model, windows, replay=replay)
    thresholds = model.thresholds.model_dump(exclude_none=True)
    thresholds |= {} if model.drift is None else model.drift.limits
    limit = None if model.slo.latency is None else model.slo.latency.below_seconds
    # Each exporter has its own: nothing to add up over a fleet, and no edges that outlast it.
    shared = None if model.drift is not None and model.drift.own is not None else reference
    fleet = _fleet(model, shared, len(configuration.models), parts.budget)

    def whole() -> list[Monitor[RecordBatch]]:
        monitors: list[Monitor[RecordBatch]] = [
            Facts(by_model, info, thresholds),
            Objectives(by_model, model.slo),
            Validation(by_model, windows),
        ]
        if reference is not None and model.drift is not None and fleet:
            facts = ReferenceFacts(by_model, reference, fleet, model.drift, parts.budget)
            monitors.append(facts)
        monitors += awaited.of_model(first, reference, by_model, trailing, at_once=path is None)
        if rules is not None:
            privacy = configuration.privacy
            monitors.append(
                DataQuality(by_model, windows, rules, privacy, parts.budget, replay=replay)
            )
        return _kept(monitors, without)

    def version(name: str, budget: Budget) -> list[Monitor[RecordBatch]]:
        labels = {**by_model, "version": name}
        monitors: list[Monitor[RecordBatch]] = [
            Throughput(labels, windows, budget, exemplars=exemplars),
            Confidence(labels, windows, exemplars=exemplars),
            Latency(labels, windows, limit, exemplars=exemplars),
            LatencyRange(labels, windows),
            Inputs(labels, windows),
            Escalation(labels, windows),
            Cost(labels, windows, budget),
            Accuracy(labels, windows, budget),
            *_of_classes(model, labels, windows),
            Tokens(labels, windows),
            FirstToken(labels, windows, exemplars=exemplars),
            Finish(labels, windows, budget),
            Attribution(labels, windows, budget),
            Environment(labels, budget),
            Shadow(labels, windows, budget),
        ]
        monitors += _of_task(model.task, labels, windows, shared)
        if model.slices:
            monitors.append(Slices(labels, windows, model.slices, budget))
        if reference is not None and reference.reliability is not None:
            monitors.append(EstimatedAccuracy(labels, windows, reference.reliability))
        if reference is not None and reference.expected_error is not None:
            monitors.append(EstimatedError(labels, windows, reference.expected_error))
        if reference is not None and model.drift is not None and trailing is not None:
            monitors += awaited.against_period(model.drift, reference, labels, windows, trailing)
        elif reference is not None and model.drift is not None:
            monitors += [
                Drift(labels, windows, model.drift, reference),
                DriftEvidence(labels, model.drift, reference),
                DriftSamples(labels, model.drift, reference),
                *([FeatureValues(labels, reference, fleet, budget)] if fleet else []),
                MissingFeatures(labels, reference),
                Outliers(labels, reference),
                *beside_features.monitors(model.drift, reference, labels, windows),
            ]
        monitors += awaited.monitors(model.drift, first, labels, windows, trailing)
        return _kept(monitors, without)

    reliability = None if reference is None else reference.reliability
    return ModelMonitors(
        whole,
        version,
        parts.isolation,
        parts.budget,
        IDLE_SECONDS,
        fixed_series(partial(version, ""), model.task, windows)
        + _drift_series(model, reference, windows)
        + estimated_accuracy.series(reliability, windows),
    )


def _drift_series(
    model: ModelSource, reference: Reference | None, windows: Sequence[Window]
) -> int:
    """Return the series of a version's statistics, which are there once a window has enough."""
    if reference is None or model.drift is None:
        return 0
    of_each = DRIFT_SERIES + len(model.drift.distances)
    of_each += 0 if reference.seasonal is None else SEASON_SERIES
    found = (of_each * len(reference.columns) + 1) * len(windows)
    found += beside_features.series(model.drift, reference) * len(windows)
    samples = comparison.select_samples(model.drift, reference)
    return found + (DRIFT_SERIES + DIAGNOSTIC_SERIES) * len(samples) + bool(samples)


def _fleet(
    model: ModelSource, reference: Reference | None, models: int, budget: SeriesBudget
) -> tuple[FleetColumn, ...]:
    """Return the columns that are compared over a fleet."""
    if reference is None or model.drift is None or not model.drift.fleet:
        return ()
    tested = comparison.select_columns(model.drift, reference)
    return fleet_columns(tested, models, budget)


def _of_classes(
    model: ModelSource, labels: Mapping[str, str], windows: Sequence[Window]
) -> list[Monitor[RecordBatch]]:
    """Return the monitors of how good confidence and probabilities are."""
    if model.task not in ("auto", "classification"):
        return []
    return [
        Changes(labels),
        Calibration(labels, windows),
        Probabilities(labels, windows),
        Scores(labels, windows, model.positive_class),
        DecisionThreshold(labels),
    ]


def _of_task(
    task: str, labels: Mapping[str, str], windows: Sequence[Window], reference: Reference | None
) -> list[Monitor[RecordBatch]]:
    """Return the monitors of predictions that are no classes."""
    if task == "ranking":
        return [Ranking(labels, windows)]
    if task == "multilabel":
        return [Multilabel(labels, windows)]
    if task == "classification":
        return []
    return [Regression(labels, windows, edges_for(reference)), Intervals(labels, windows)]


def _add_syslog(
    parts: Assembled, configuration: Configuration, *, replay: bool, without: Collection[str]
) -> None:
    models = {
        source.name: model_file.load(source.model)
        for source in configuration.syslog
        if source.model is not None
    }
    # What the alarms begin with is theirs alone, and not to be kept twice.
    scorers = {
        source.name: Scorer(replace(models[source.name], online=None), source.scorer)
        for source in configuration.syslog
        if source.name in models
    }
    alarms = {
        source.name: AlarmSettings(
            source.alpha, IncidentSettings(source.reference_alpha, source.incident)
        )
        for source in configuration.syslog
        if source.alpha
    }
    # A model of an older version has no order of templates: that is learned from the first line.
    trained = {
        name: Trained(model_file.fingerprint(scorers[name].model), model.online)
        for name, model in models.items()
        if name in alarms and model.online is not None
    }

    def build() -> list[Monitor[SyslogBatch]]:
        monitors = [
            SyslogCounts(budget=parts.budget),
            SyslogAnomaly(configuration.windows, scorers, budget=parts.budget),
            SyslogAlarms(configuration.windows, alarms, trained, budget=parts.budget),
        ]
        return _kept(monitors, without)

    group: MonitorGroup[SyslogBatch] = MonitorGroup(build, parts.isolation)
    parts.groups[SYSLOG_GROUP] = group
    # One clock for all sources: a host that logs to two of them has one set of windows.
    event_time = EventTime(configuration.windows, replay=replay)
    if replay:
        parts.windows_end[SYSLOG_GROUP] = lambda: event_time.windows_end
    for source in configuration.syslog:
        tail = _tail(configuration, source, replay=replay)
        parts.sources.append(_syslog_source(source, tail, event_time, group))


def _tail(
    configuration: Configuration,
    source: ModelSource | SyslogSource,
    *,
    replay: bool,
    headers: bool = False,
) -> Tail:
    streams = Streams(source.paths, wait=replay)
    return Tail(
        source.paths,
        source.start,
        configuration.rotate_wait,
        streams,
        headers=headers,
        pinned_bytes=configuration.limits.deleted,
    )


def _syslog_source(
    source: SyslogSource,
    tail: Tail,
    event_time: EventTime,
    group: MonitorGroup[SyslogBatch],
) -> Source[SyslogBatch]:
    return Source(
        source.name,
        tail,
        syslog_parser(
            source.name,
            source.format,
            source.timezone,
            source.leading_fields,
            details=source.alpha is not None,
        ),
        event_time,
        group.update,
    )


def _kept(monitors: Sequence[Any], without: Collection[str]) -> list[Any]:
    return [monitor for monitor in monitors if monitor.name not in without]
