"""The configuration file: what it may say, and how it is read."""

from exporter.config.loading import load, parse
from exporter.config.models import (
    ColumnSettings,
    Configuration,
    CsvSettings,
    DriftSettings,
    Limits,
    ModelSource,
    Slo,
    Start,
    Storage,
    SyslogSource,
    Task,
)

__all__ = [
    "ColumnSettings",
    "Configuration",
    "CsvSettings",
    "DriftSettings",
    "Limits",
    "ModelSource",
    "Slo",
    "Start",
    "Storage",
    "SyslogSource",
    "Task",
    "load",
    "parse",
]
