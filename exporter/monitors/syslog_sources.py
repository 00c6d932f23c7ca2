"""What is learned of the messages of each syslog source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter.markov.display_level import DisplayLevel
from exporter.markov.online import OnlineModel, Trained
from exporter.monitors.syslog_incidents import IncidentSettings


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """What an alarm is, in one source.

    Attributes
    ----------
    alpha
        Share of the lines that may be alarms.
    incidents
        What is one.
    """

    alpha: float
    incidents: IncidentSettings = field(default_factory=IncidentSettings)


class Source:
    """What is learned of one source.

    Parameters
    ----------
    settings
        Of the source.
    trained
        What its model file holds, if it has one.
    """

    def __init__(self, settings: AlarmSettings, trained: Trained | None) -> None:
        self.settings = settings
        self.model = OnlineModel()
        self.display = DisplayLevel(settings.alpha)
        self._fingerprint = ""
        if trained is not None:
            self.model.load(trained.state)
            self._fingerprint = trained.fingerprint

    def view(self) -> SourceView:
        """Return an immutable copy of the figures."""
        model = self.model
        reference = model.detector.reference
        return SourceView(
            display=self.display.level,
            evaluable=model.supports(self.settings.alpha),
            lines=model.calibration.lines,
            templates=len(model.detector.templates),
            forgotten=model.detector.forgotten,
            reference_evaluable=reference.supports(self.settings.incidents.alpha),
            reference_lines=reference.transitions,
        )

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {
            "trained": self._fingerprint,
            "model": self.model.dump(),
            "display": self.display.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned, unless there is another trained model now."""
        if state["trained"] == self._fingerprint:
            self.model.load(state["model"])
            self.display.load(state["display"])


@dataclass(frozen=True, slots=True)
class SourceView:
    """What the model of a source has come to.

    Attributes
    ----------
    display
        p-value up to which anomalies are shown.
    evaluable, reference_evaluable
        Whether there were messages enough for alarms, and for incidents.
    lines, reference_lines
        Messages that scores are compared with, and that the reference has learned.
    templates, forgotten
        Templates there are, and counts that there was no more room for.
    """

    display: float
    evaluable: bool
    lines: float
    templates: int
    forgotten: int
    reference_evaluable: bool
    reference_lines: int


def families(sources: Mapping[str, SourceView]) -> Iterator[Metric]:
    """Yield the metric families."""
    evaluable = GaugeMetricFamily(
        "syslog_alarm_evaluable",
        "1: the source has logged enough for alarms at its alpha; 0: why not.",
        labels=["source", "reason"],
    )
    reference_evaluable = GaugeMetricFamily(
        "syslog_reference_evaluable",
        "1: the source has a reference that incidents can be told by; 0: why not.",
        labels=["source", "reason"],
    )
    of_source: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        "lines": GaugeMetricFamily(
            "syslog_calibration_messages",
            "Earlier messages of the source that scores are compared with, as far as they count.",
            labels=["source"],
        ),
        "display": GaugeMetricFamily(
            "syslog_display_alpha_ratio",
            "p-value up to which anomalies are shown, so that about alpha of the messages are.",
            labels=["source"],
        ),
        "reference_lines": GaugeMetricFamily(
            "syslog_reference_messages",
            "Messages that the source's reference has learned.",
            labels=["source"],
        ),
        "templates": GaugeMetricFamily(
            "syslog_templates", "Templates that messages of the source have.", labels=["source"]
        ),
        "forgotten": CounterMetricFamily(
            "syslog_forgotten_counts",
            "Counts of transitions that there was no more room for.",
            labels=["source"],
        ),
    }
    for name, source in sources.items():
        for can, found in (
            (evaluable, source.evaluable),
            (reference_evaluable, source.reference_evaluable),
        ):
            can.add_metric([name, "" if found else "too_few_messages"], float(found))
        for figure, family in of_source.items():
            family.add_metric([name], getattr(source, figure))
    yield from (evaluable, reference_evaluable, *of_source.values())
