"""The configuration's JSON Schema: as it is written in YAML, not as it is kept in memory."""

from __future__ import annotations

from typing import Any

from exporter.config.models import Configuration


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration file."""
    schema = Configuration.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
