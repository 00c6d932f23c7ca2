"""The latest syslog anomalies as the API shows them.

What a log says is for those who may read the log: lines, and explanations, which quote them, are
left out unless the request is that of a user, or comes from this machine itself.
"""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import Any

from exporter.monitors.latest_anomalies import Anomaly

LOG_CONTENT = ("message", "context", "explanation")
WITHHELD = "lines of logs are shown to users with a password and to this machine only"


def as_json(anomaly: Anomaly, *, with_content: bool) -> dict[str, Any]:
    """Return an anomaly, what logs say only `with_content`."""
    fields = asdict(anomaly)
    if isnan(anomaly.pvalue):
        fields["pvalue"] = None
    if not with_content:
        for name in LOG_CONTENT:
            del fields[name]
    return fields
