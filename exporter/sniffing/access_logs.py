"""Requests that servers log, each with its documented format."""

from __future__ import annotations

from dataclasses import dataclass

_STATUS = r"(?:(?P<error_type>5\d\d)|\d{3})"
_COMBINED = (
    r'^(?P<client>\S+) \S+ \S+ \[(?P<when>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>[^" ]*)[^"]*" '
    rf'{_STATUS} (?:\d+|-)(?: "[^"]*" "[^"]*")?'
)
_TIMED = r"(?: (?:rt=)?(?P<latency_s>\d+\.\d+)\b)"
_ATTEMPT = "an answer of 5xx is an error, every request an attempt."
_PATH = "Say in the pattern which path the model has."
_NO_TIME = "Its time is not read, which wants RFC 3339: events are of the time they are read."
_NO_TIME_AT_ALL = "It has no time: events are of the time they are read."


@dataclass(frozen=True, slots=True)
class AccessLog:
    """A format.

    Attributes
    ----------
    pattern
        Finds a request in a line.
    fields
        Those of the record schema that its groups are.
    remarks
        For people.
    beside
        Whether the server writes other lines to the same log.
    """

    pattern: str
    fields: tuple[str, ...]
    remarks: tuple[str, ...]
    beside: bool = False


ACCESS_LOGS = (
    # https://httpd.apache.org/docs/current/logs.html, and nginx with $request_time behind it.
    AccessLog(
        _COMBINED + _TIMED,
        ("error_type", "latency_s"),
        (f"An access log: {_ATTEMPT} {_PATH}", _NO_TIME),
    ),
    AccessLog(_COMBINED, ("error_type",), (f"An access log: {_ATTEMPT} {_PATH}", _NO_TIME)),
    # https://pytorch.org/serve/logging.html
    AccessLog(
        r'ACCESS_LOG - \S+ "(?:POST|PUT) (?P<path>/[^" ]*)[^"]*" '
        rf"{_STATUS} (?P<latency_ms>\d+)",
        ("error_type", "latency_ms"),
        (
            f"Requests of TorchServe: {_ATTEMPT} {_PATH}",
            "Its time has no zone, and is not read: events are of the time they are read.",
        ),
        beside=True,
    ),
    # https://docs.bentoml.com/en/latest/build-with-bentoml/observability/logging.html
    AccessLog(
        r"^(?P<timestamp>\S+) \[\w+\] \[(?P<component>[^\]]*)\] \S+ "
        r"\(scheme=\w*,method=(?:POST|PUT),path=(?P<path>[^,)]*)[^)]*\) "
        rf"\(status={_STATUS}[^)]*\) (?P<latency_ms>[\d.]+)ms(?: \(trace=(?P<request_id>\w+))?",
        ("timestamp", "error_type", "latency_ms", "request_id"),
        (f"Requests of BentoML: {_ATTEMPT} {_PATH}",),
        beside=True,
    ),
    # uvicorn's own, which vLLM, MLServer and services of FastAPI have.
    AccessLog(
        r'INFO: +\S+ - "(?:POST|PUT) (?P<path>/[^" ]*)[^"]*" ' + _STATUS,
        ("error_type",),
        (f"Requests of uvicorn (vLLM, MLServer, FastAPI): {_ATTEMPT} {_PATH}", _NO_TIME_AT_ALL),
        beside=True,
    ),
)
