"""What a model service logs with: one JSON line an event, in the record schema of the exporter.

>>> from exporter.logging import PredictionLogger
>>> log = PredictionLogger.to_file("predictions.jsonl", model="digits")  # doctest: +SKIP
>>> log.prediction(7, confidence=0.98, latency_ms=3.2)  # doctest: +SKIP

The parts are those of the standard library and combine with any logging configuration:
:class:`PredictionLogger` makes log records, :class:`PredictionFormatter` turns one into a line,
:class:`PredictionFileHandler` appends lines to a file that other processes may write as well.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack, get_type_hints

import msgspec

Value = Any
"""A number, string, bool or ``None``, as Python or numpy has it."""


class LabelFields(TypedDict, total=False):
    """Fields that every event may have; all are optional."""

    timestamp: float | datetime
    """Unix seconds or an aware time; the clock's time where absent."""
    model: str
    model_version: str


class EventFields(LabelFields, total=False):
    """Fields that a prediction or an error may have; all are optional.

    A number that is not finite is written as ``null``.
    """

    request_id: str
    """Joins a later ground truth with its prediction."""
    true_label: Value
    """The ground truth, where it is known at once."""
    confidence: float
    """Of the predicted class, in 0..1."""
    probabilities: Mapping[Any, float]
    """Of every class."""
    latency_ms: float
    latency_s: float
    latency_us: float
    error_type: str
    input_length: int
    oov_ratio: float
    escalated: bool
    cost: float
    threshold: float
    features: Mapping[str, Value]
    """The inputs that drift is measured on, by name."""
    embedding: Sequence[float]
    attributions: Mapping[str, float]
    uncertainty: float
    slice: Mapping[str, Value]
    shadow: Mapping[str, Value]
    arm: str
    prediction_lower: float
    prediction_upper: float
    currency: str
    tokens_in: int
    tokens_out: int
    time_to_first_token_ms: float
    finish_reason: str


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
            "timestamp": _rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return entry


class PredictionFileHandler(logging.Handler):
    """Appends whole lines to a file that several threads and processes may share.

    A line is one `write` on a descriptor opened with `O_APPEND`, which a local file system does
    not interleave with another. Before each, the path is looked at: a file that was renamed or
    removed by logrotate is left alone, and a new one begun.

    Parameters
    ----------
    path
        The file; it is created on the first line, its directory must exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self.setFormatter(PredictionFormatter())
        self._descriptor = -1
        self._identity = (-1, -1)
        self._torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; report a failure as logging does, and never raise it."""
        try:
            self._append(self.format(record).encode() + b"\n")
        except Exception:  # noqa: BLE001 Logging must not stop the service that logs.
            self.handleError(record)

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        self.acquire()
        try:
            self._release()
        finally:
            self.release()
        super().close()

    def _append(self, line: bytes) -> None:
        self._follow_rotation()
        if self._torn:
            # What a full disk let through of the line before must not spoil this one too.
            line = b"\n" + line
        written = os.write(self._descriptor, line)
        self._torn = written < len(line) and (written > 0 or self._torn)
        if written < len(line):
            raise OSError(f"{self.path}: only {written} of {len(line)} bytes written")

    def _follow_rotation(self) -> None:
        try:
            if _identity(self.path.stat()) == self._identity:
                return
        except FileNotFoundError:
            pass
        self._release()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        self._identity = _identity(os.fstat(self._descriptor))
        self._torn = False

    def _release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self._identity = (-1, -1)


class PredictionLogger:
    """Logs what a model predicted, failed at, and was told afterwards.

    Parameters
    ----------
    logger
        Where the events go; they have the level INFO and the event in the attribute `event`.
    defaults
        Fields of every event, such as ``model="digits", model_version="3"``.
    clock
        Returns Unix seconds.
    """

    def __init__(
        self,
        logger: logging.Logger,
        *,
        clock: Callable[[], float] = time.time,
        **defaults: Unpack[EventFields],
    ) -> None:
        _check(defaults, _EVENT_FIELDS)
        self._logger = logger
        self._clock = clock
        self._defaults = defaults

    @classmethod
    def to_file(
        cls,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], float] = time.time,
        **defaults: Unpack[EventFields],
    ) -> Self:
        """Return a logger that appends to `path` and to nothing else."""
        # Not from logging.getLogger: that would live for ever, and gather a handler each time.
        logger = logging.Logger("predictions", logging.INFO)  # noqa: LOG001
        logger.addHandler(PredictionFileHandler(path))
        return cls(logger, clock=clock, **defaults)

    def prediction(self, prediction: Value, **fields: Unpack[EventFields]) -> None:
        """Log a prediction: a class, or a number for a regression.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        _check(fields, _EVENT_FIELDS)
        self._log({"prediction": prediction, **fields})

    def error(self, error: BaseException | str, **fields: Unpack[EventFields]) -> None:
        """Log an attempt that failed; `error_type` is the class of an exception.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        _check(fields, _EVENT_FIELDS)
        event: dict[str, object] = {"error": str(error)}
        if isinstance(error, BaseException):
            event["error_type"] = type(error).__name__
        self._log({**event, **fields})

    def label(self, request_id: str, true_label: Value, **fields: Unpack[LabelFields]) -> None:
        """Log the ground truth of an earlier prediction.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        _check(fields, _LABEL_FIELDS)
        self._log({"request_id": request_id, "true_label": true_label, **fields})

    def close(self) -> None:
        """Close the handlers of the logger behind."""
        for handler in self._logger.handlers:
            handler.close()

    def _log(self, event: Mapping[str, object]) -> None:
        if not self._logger.isEnabledFor(logging.INFO):
            return
        # The timestamp comes first, where people and sort(1) look for it.
        merged: dict[str, object] = {"timestamp": None, **self._defaults, **event}
        given = merged["timestamp"]
        merged["timestamp"] = _rfc3339(self._clock() if given is None else given)
        probabilities = merged.get("probabilities")
        if isinstance(probabilities, Mapping):
            merged["probabilities"] = {_key(key): share for key, share in probabilities.items()}
        self._logger.info("prediction event", extra={"event": merged})


def _check(fields: Mapping[str, object], known: frozenset[str]) -> None:
    if not fields.keys() <= known:
        unknown = sorted(fields.keys() - known)
        raise TypeError(f"no fields of this event: {unknown}; known: {', '.join(sorted(known))}")


def _rfc3339(time_: Any) -> str:
    """Return a time as ``2026-01-31T09:30:00.125Z``."""
    moment = time_ if isinstance(time_, datetime) else datetime.fromtimestamp(time_, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _key(value: Any) -> object:
    # JSON has no keys but strings; numbers become strings on their way, booleans do not.
    plain = _plain(value) if hasattr(value, "tolist") else value
    return str(plain).lower() if isinstance(plain, bool) else plain


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _plain(value: Any) -> Any:
    # Any array library has this method on its arrays and scalars; numpy itself is not needed.
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
_LABEL_FIELDS = frozenset(get_type_hints(LabelFields))
_EVENT_FIELDS = frozenset(get_type_hints(EventFields))
