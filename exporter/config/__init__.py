"""The configuration file: what it may say, and how it is read."""

from exporter.config.drift import ColumnSettings, DriftSettings
from exporter.config.loading import load, parse, with_included
from exporter.config.models import (
    Configuration,
    CsvSettings,
    Limits,
    ModelSource,
    Start,
    Storage,
    SyslogSource,
    Task,
)
from exporter.config.rules import Privacy, Rules
from exporter.config.slo import Slo

__all__ = [
    "ColumnSettings",
    "Configuration",
    "CsvSettings",
    "DriftSettings",
    "Limits",
    "ModelSource",
    "Privacy",
    "Rules",
    "Slo",
    "Start",
    "Storage",
    "SyslogSource",
    "Task",
    "load",
    "parse",
    "with_included",
]
