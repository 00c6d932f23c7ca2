"""Events to lines of JSON, their values as Python, numpy or another array library has them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec


class PredictionFormatter(logging.Formatter):
    """Formats the records of a :class:`PredictionLogger` as JSON, one line each.

    A record of any other origin becomes an object with its time, level, logger and message, so
    that a handler shared with ordinary logging still writes JSON lines.

    Raises
    ------
    TypeError
        From :meth:`format`: a value that JSON cannot express. A handler reports that on standard
        error and goes on, as logging always does.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its newline."""
        return _encode(self._event(record)).decode()

    def _event(self, record: logging.LogRecord) -> Mapping[str, object]:
        event: Mapping[str, object] | None = getattr(record, "event", None)
        if event is not None:
            return event
        entry = {
            "timestamp": rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return entry


def rfc3339(time_: Any) -> str:
    """Return a time as ``2026-01-31T09:30:00.125Z``."""
    moment = time_ if isinstance(time_, datetime) else datetime.fromtimestamp(time_, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key(value: Any) -> object:
    """Return a class as the key of an object."""
    # JSON has no keys but strings; numbers become strings on their way, booleans do not.
    plain = _plain(value) if hasattr(value, "tolist") else value
    return str(plain).lower() if isinstance(plain, bool) else plain


def _plain(value: Any) -> Any:
    # Any array library has this method on its arrays and scalars; numpy itself is not needed.
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
