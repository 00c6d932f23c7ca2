"""The fields of docs/logging.md, from the record schema."""

from __future__ import annotations

from exporter.parsing import record_schema
from scripts.markdown_table import table


def render() -> str:
    """Return the table."""
    return table(("field", "type", "read today", "meaning"), record_schema.rows())
