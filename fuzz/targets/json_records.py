"""JSON lines."""

from __future__ import annotations

from exporter.config.models import Configuration, ModelSource
from exporter.parsing.of_model import prediction_parser
from fuzz.parsing import check

_MODEL = ModelSource.model_validate({"name": "bot", "paths": ["bot.log"], "format": "json"})
_PARSER = prediction_parser(_MODEL, Configuration(models=(_MODEL,)), None)


def fuzz(data: bytes) -> None:
    """Parse lines."""
    check(_PARSER, data)
