"""JSON lines."""

from __future__ import annotations

from exporter.assembly import prediction_parser
from exporter.config.models import ModelSource
from fuzz.parsing import check

_MODEL = ModelSource.model_validate({"name": "bot", "paths": ["bot.log"], "format": "json"})
_PARSER = prediction_parser(_MODEL, [_MODEL], None)


def fuzz(data: bytes) -> None:
    """Parse lines."""
    check(_PARSER, data)
