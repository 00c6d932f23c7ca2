"""The exporter's own log: one line an event, logfmt or JSON."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO


class LineFormatter(logging.Formatter):
    """Formats a record as one line; quotes and control characters are escaped as in JSON.

    Parameters
    ----------
    style
        ``logfmt`` or ``json``.
    """

    def __init__(self, style: str) -> None:
        super().__init__()
        self._json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. Text of log files is in it only escaped."""
        fields = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        # Whoever logs may name further ones: extra={"fields": {…}}.
        further: dict[str, object] = getattr(record, "fields", {})
        if self._json:
            return json.dumps({**fields, **further})
        plain = ("ts", "level", "logger")
        return " ".join(
            f"{key}={value if key in plain else json.dumps(value)}"
            for key, value in (*fields.items(), *further.items())
        )


def configure(level: str, style: str, stream: TextIO) -> None:
    """Send the log of the process to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
