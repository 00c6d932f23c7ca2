"""The packages that a model runs on, as its service logged them at its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from exporter.monitors.budget import Budget
from exporter.monitors.labels import OTHER
from exporter.records import RecordBatch

PACKAGES = 100
MAX_LENGTH = 128

Packages = tuple[tuple[str, str], ...]
"""Name and version, sorted."""

Logged = tuple[float, Packages]
"""Unix seconds, and what was logged then."""

_NOTHING: Logged = (0.0, ())


class Environment:
    """Shows the latest `package_versions` of a model's version.

    Parameters
    ----------
    labels
        Labels of every series: model and version.
    budget
        Grants the series of a package. Those that it refuses, and all beyond :data:`PACKAGES`, are
        together one, ``other``.
    """

    name: ClassVar[str] = "environment"

    def __init__(self, labels: Mapping[str, str], budget: Budget) -> None:
        self._labels = dict(labels)
        self._budget = budget
        self._granted = 0
        self._latest = _NOTHING

    def update(self, batch: RecordBatch) -> None:
        """Keep the latest; of two at the same time that whose names and versions sort last."""
        columns = batch.maps.get("package_versions")
        if not columns:
            return
        for row in range(len(batch)):
            packages = {
                name[:MAX_LENGTH]: str(column.raw[row])[:MAX_LENGTH]
                for name, column in columns.items()
                if column.raw[row] is not None
            }
            if packages:
                self._keep((float(batch.event_time[row]), tuple(sorted(packages.items()))))

    def _keep(self, logged: Logged) -> None:
        # One more than is shown tells that there are others.
        logged = (logged[0], logged[1][: PACKAGES + 1])
        if logged <= self._latest:
            return
        self._latest = logged
        wanted = min(len(logged[1]), PACKAGES)
        while self._granted < wanted and self._budget.claim("model_environment_info", 1):
            self._granted += 1

    def snapshot(self) -> tuple[Logged, int]:
        """Return what is shown, and how many packages of it."""
        return self._latest, self._granted

    def families(self, snapshot: tuple[Logged, int], now: float) -> Iterator[Metric]:  # noqa: ARG002
        """Yield a series for each package; nothing if none was ever logged."""
        (timestamp, packages), granted = snapshot
        names, values = list(self._labels), list(self._labels.values())
        info = GaugeMetricFamily(
            "model_environment_info",
            "Package that the model runs on, as logged at the start of its service.",
            labels=[*names, "package", "package_version"],
        )
        for name, version in packages[:granted]:
            info.add_metric([*values, name, version], 1)
        if len(packages) > granted:
            info.add_metric([*values, OTHER, ""], 1)
        logged = GaugeMetricFamily(
            "model_environment_timestamp_seconds",
            "Time at which the packages were last logged.",
            labels=names,
        )
        if packages:
            logged.add_metric(values, timestamp)
        yield from (info, logged)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        timestamp, packages = self._latest
        return {"timestamp": timestamp, "packages": [list(pair) for pair in packages]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        packages = tuple((str(name), str(version)) for name, version in state["packages"])
        self._latest = _NOTHING
        self._keep((float(state["timestamp"]), packages))

    def merge(self, other: Environment) -> None:
        """Keep the later one."""
        self._keep(other._latest)
