"""Syslog, RFC 3164 and RFC 5424."""

from __future__ import annotations

from exporter.parsing.syslog_lines import syslog_parser
from fuzz.parsing import check

_PARSER = syslog_parser("hosts", timezone="UTC")


def fuzz(data: bytes) -> None:
    """Parse lines."""
    check(_PARSER, data)
