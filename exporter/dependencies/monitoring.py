"""From the configuration to probes, and from what they find to the monitor."""

from __future__ import annotations

import time
from collections.abc import Sequence

from exporter.config.dependencies import DependencySettings
from exporter.dependencies import parquet_schema, schemas
from exporter.dependencies.checker import Checker, Clock, Watched
from exporter.dependencies.directories import DirectoryProbe
from exporter.dependencies.files import FileProbe
from exporter.dependencies.probing import Probe
from exporter.dependencies.urls import UrlProbe
from exporter.errors import UsageError
from exporter.monitors.dependencies import Dependencies, Dependency


def checker(settings: Sequence[DependencySettings], clock: Clock, monotonic: Clock) -> Checker:
    """Return what looks at the dependencies.

    Raises
    ------
    UsageError
        If Parquet is asked for and can't be read.
    """
    return Checker(
        [Watched(one.name, _probe(one), one.check_every, one.timeout) for one in settings],
        clock,
        monotonic,
    )


def monitor(settings: Sequence[DependencySettings], models: Sequence[str]) -> Dependencies:
    """Return the monitor; a dependency that names no model is one of all `models`."""
    return Dependencies(
        [Dependency(one.name, one.models or tuple(models), one.expect_every) for one in settings]
    )


def _probe(settings: DependencySettings) -> Probe:
    if settings.format == "parquet" and not parquet_schema.available():
        raise UsageError(
            f"dependency {settings.name}: format: parquet needs pyarrow; "
            "pip install 'modeltail[parquet]'"
        )
    if settings.directory is not None:
        return DirectoryProbe(str(settings.directory), settings.format)
    if settings.path is not None:
        path = str(settings.path)
        return FileProbe(path, settings.format or schemas.format_of(path))
    return UrlProbe(str(settings.url), settings.format, settings.timeout, time.monotonic)
