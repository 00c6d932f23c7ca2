"""Lines that a regular expression matches."""

from __future__ import annotations

from exporter.config.models import Configuration, ModelSource
from exporter.parsing.of_model import prediction_parser
from fuzz.parsing import check

_PATTERN = (
    r"^(?P<timestamp>\S+) (?P<prediction>\w*) (?P<confidence>[^ ]*)"
    r"(?: (?P<latency_ms>\S+))?(?: age=(?P<features_age>\S*))?"
)
_MODEL = ModelSource.model_validate(
    {"name": "bot", "paths": ["bot.log"], "format": "regex", "pattern": _PATTERN}
)
_PARSER = prediction_parser(_MODEL, Configuration(models=(_MODEL,)), None)


def fuzz(data: bytes) -> None:
    """Parse lines."""
    check(_PARSER, data)
