"""The configuration in force, for people to read: as YAML, without secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from exporter.config import Configuration

HIDDEN = "hidden"


def in_force(configuration: Configuration) -> str:
    """Return what was configured, defaults left out; of addresses no query."""
    content = configuration.model_dump(mode="json", exclude_unset=True)
    return yaml.safe_dump(_without_secrets(content), sort_keys=False)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(each) for each in value]
    if isinstance(value, str) and "://" in value:
        return _address(value)
    return value


def _address(text: str) -> str:
    # User and password are refused in a configuration.
    try:
        parts = urlsplit(text)
    except ValueError:
        return HIDDEN
    return urlunsplit(parts._replace(query=HIDDEN if parts.query else "", fragment=""))
