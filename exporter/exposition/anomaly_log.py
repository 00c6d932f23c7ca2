"""Syslog anomalies as events of the exporter's own log, once each.

They are of level info. Where that log is itself among the files that are followed, the events are
messages like others: as many of them are anomalies as of those, one of a thousand.
"""

from __future__ import annotations

import logging
from math import isnan
from typing import Any

from exporter.exposition.collector import PublishedCollector
from exporter.monitors.latest_anomalies import Anomaly
from exporter.monitors.syslog_alarms import SyslogAlarms

_logger = logging.getLogger(__name__)


class AnomalyLog:
    """Logs what was published and not logged yet.

    Parameters
    ----------
    collector
        Holds what was published.
    """

    def __init__(self, collector: PublishedCollector) -> None:
        self._collector = collector
        self._logged = 0

    def write(self) -> None:
        """Log the anomalies that are new, oldest first."""
        for view in self._collector.taken(SyslogAlarms.name):
            if view.anomalies and view.anomalies[0].number < self._logged:
                # The monitor has begun anew.
                self._logged = 0
            fresh = [one for one in view.anomalies if one.number > self._logged]
            for anomaly in reversed(fresh):
                _logger.info("syslog anomaly", extra={"fields": _fields(anomaly)})
                self._logged = anomaly.number


def _fields(anomaly: Anomaly) -> dict[str, Any]:
    return {
        "time": anomaly.time,
        "source": anomaly.source,
        "host": anomaly.host,
        "kind": anomaly.kind,
        "alarm": anomaly.alarm,
        "score": round(anomaly.score, 2),
        "pvalue": None if isnan(anomaly.pvalue) else float(f"{anomaly.pvalue:.3g}"),
        "message": anomaly.message,
        "explanation": anomaly.explanation,
    }
