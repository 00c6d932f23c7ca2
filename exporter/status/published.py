"""All views of what is published, worked out when they are asked for."""

from __future__ import annotations

from collections.abc import Callable

from exporter.exposition.collector import PublishedCollector
from exporter.monitors.data_quality import DataQuality
from exporter.monitors.latest_anomalies import Anomaly
from exporter.monitors.syslog_alarms import SyslogAlarms
from exporter.status import of_drift, of_exporter, of_models, of_rejects
from exporter.status.figures import Figures
from exporter.status.views import Drift, Model, Rejects, Status


class Published:
    """Asks the collector, as a scrape does.

    Parameters
    ----------
    collector
        Holds the snapshot.
    clock
        Unix seconds.
    """

    def __init__(self, collector: PublishedCollector, clock: Callable[[], float]) -> None:
        self._collector = collector
        self._clock = clock

    def figures(self) -> Figures:
        """Return the figures of a scrape."""
        return Figures(self._collector.collect())

    def status(self) -> Status:
        """Return how the exporter is."""
        return of_exporter.status(
            self._collector.snapshot, self._collector.config_read, self._clock()
        )

    def models(self, figures: Figures) -> list[Model]:
        """Return all models."""
        return of_models.models(figures, self._collector.courses())

    def drift(self, figures: Figures) -> list[Drift]:
        """Return all columns of all windows."""
        return of_drift.drift(figures, self._collector.shapes())

    def anomalies(self) -> list[Anomaly]:
        """Return the latest anomalies of system logs, the latest first."""
        return [
            one for taken in self._collector.taken(SyslogAlarms.name) for one in taken.anomalies
        ]

    def rejects(self, *, with_content: bool) -> Rejects:
        """Return what was refused and what broke a rule; what it says only `with_content`."""
        snapshot = self._collector.snapshot
        offenders = [
            (monitor.model, offender)
            for pairs, _ in (snapshot.groups if snapshot else ())
            for monitor, taken in pairs
            if isinstance(monitor, DataQuality)
            for offender in taken.offenders
        ]
        sources = snapshot.sources if snapshot else ()
        return of_rejects.rejects(sources, offenders, with_content=with_content)
