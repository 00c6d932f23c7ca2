"""A configuration for applications that tests make."""

from __future__ import annotations

from exporter.config import Configuration


def configured() -> Configuration:
    """Return one with a model whose log is not there."""
    return Configuration.model_validate({"models": [{"name": "bot", "paths": ["bot.log"]}]})
