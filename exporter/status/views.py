"""What the status page and the API show, as it is written into JSON.

Absent figures are null: a window without labels has no accuracy.
"""

from __future__ import annotations

from msgspec import Struct


class File(Struct, frozen=True):
    """A file that is followed."""

    path: str
    offset_bytes: int
    size_bytes: int


class Source(Struct, frozen=True):
    """A source of lines: read = parsed + rejected + skipped."""

    name: str
    up: bool
    lag_seconds: float
    read: int
    parsed: int
    rejected: dict[str, int]
    skipped: dict[str, int]
    abandoned_bytes: int
    open_errors: dict[str, int]
    files: list[File]


class Storage(Struct, frozen=True):
    """How storing goes; the time is null where nothing was stored yet."""

    stored_at: float | None
    seconds: float
    failures: int


class Status(Struct, frozen=True):
    """The exporter itself. Times are Unix seconds."""

    version: str
    now: float
    snapshot_at: float | None
    config_loaded_at: float
    config_reload_successful: bool
    sources: list[Source]
    storage: Storage
    monitor_errors: dict[str, int]
    series_refused: dict[str, int]


class Course(Struct, frozen=True):
    """A figure over the length of a window: one value for each sixtieth, the oldest first."""

    name: str
    unit: str
    begin: float
    width_seconds: float
    values: list[float | None]


class Window(Struct, frozen=True):
    """The figures of a version of a model over a window."""

    window: str
    predictions: float | None
    labels: float | None
    throughput_per_second: float | None
    accuracy: float | None
    accuracy_lower: float | None
    accuracy_upper: float | None
    estimated_accuracy: float | None
    mean_absolute_error: float | None
    confidence_mean: float | None
    latency_p50_seconds: float | None
    latency_p95_seconds: float | None
    latency_p99_seconds: float | None
    error_ratio: float | None
    beyond: list[str]
    """Which of these are beyond their limit, with as much evidence as the alerts ask for."""
    courses: list[Course]


class Version(Struct, frozen=True):
    """A version of a model."""

    version: str
    predictions: float
    windows: list[Window]


class Model(Struct, frozen=True):
    """A model, with the limits that its alerts go by."""

    name: str
    info: dict[str, str]
    last_prediction_at: float | None
    limits: dict[str, float]
    versions: list[Version]


class Test(Struct, frozen=True):
    """A test of a column of a window against the reference."""

    test: str
    statistic: float | None
    pvalue: float | None
    adjusted_pvalue: float | None


class Drift(Struct, frozen=True):
    """A column of a window beside the reference; shares of cells add up to 1."""

    model: str
    version: str
    window: str
    feature: str
    detected: bool
    not_evaluable: str
    effective_samples: float | None
    evidence_log10: float | None
    tests: list[Test]
    cells: list[str]
    reference: list[float]
    current: list[float]


class Reject(Struct, frozen=True):
    """Lines that could not be decoded; the problem, which may quote one, is for this machine."""

    source: str
    time: float
    path: str
    reason: str
    count: int
    problem: str | None


class Offender(Struct, frozen=True):
    """A value that broke a rule; the value is for this machine."""

    model: str
    version: str
    time: float
    field: str
    rule: str
    value: str | None


class Rejects(Struct, frozen=True):
    """What was refused and what broke a rule, the latest first."""

    rejected: list[Reject]
    offenders: list[Offender]
