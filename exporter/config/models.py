"""What the configuration file may say; unknown keys and impossible values are refused."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from exporter.bounded_search import BoundedPattern
from exporter.config import dependencies
from exporter.config.dependencies import DependencySettings
from exporter.config.drift import DriftSettings
from exporter.config.labels import LabelSettings
from exporter.config.quantities import Duration, Ratio, Size, WindowName
from exporter.config.registry import RegistrySettings
from exporter.config.rules import Privacy, Rules
from exporter.config.section import Section as _Section
from exporter.config.server import ServerSettings
from exporter.config.slo import Slo
from exporter.parsing.fields import RECORD_FIELDS, keys_measured, keys_read
from exporter.records import class_name
from exporter.tailing.patterns import STDIN
from exporter.windows import Window

Start = Literal["beginning", "end"]
Task = Literal["auto", "classification", "regression", "ranking", "multilabel"]
Format = Literal["json", "logfmt", "csv", "regex"]
SyslogFormat = Literal["auto", "rfc3164", "rfc5424"]

_SHORTEST_INTERVAL_SECONDS = 0.1

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _source_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:/@-]{1,128}", value):
        raise ValueError(
            f"{value!r} is no usable name; expected 1 to 128 of letters, digits and _ . : / @ -"
        )
    return value


def _publish_interval(value: float) -> float:
    if value < _SHORTEST_INTERVAL_SECONDS:
        raise ValueError("too short; the shortest interval is 100ms")
    return value


def _class(value: Any) -> Any:
    """Return a number as the class that it is in a log; what YAML takes for a boolean is refused.

    It is not known whether ``yes`` or ``true`` was written, and the log has one of the two.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return class_name(value) if number else value


ClassName = Annotated[str, BeforeValidator(_class)]
PublishInterval = Annotated[Duration, AfterValidator(_publish_interval)]
SourceName = Annotated[str, AfterValidator(_source_name)]
Paths = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]


class Storage(_Section):
    """Where offsets and monitor state live across restarts."""

    path: Path | None = Field(
        default=None,
        strict=False,
        description="Directory for modeltail.db, created if need be. Without it nothing is kept "
        "across a restart: all files are read again, as `start` says.",
    )


class Thresholds(_Section):
    """Limits that the alerts compare with, exposed as `model_threshold`; absent: no alert."""

    min_accuracy: Ratio | None = Field(
        default=None, description="Least accuracy that is good enough."
    )
    min_confidence: Ratio | None = Field(
        default=None, description="Least mean confidence that is good enough."
    )
    max_latency_p95_seconds: Positive | None = Field(
        default=None, description="Longest good 95th percentile of the latency, in seconds."
    )
    max_error_ratio: Ratio | None = Field(
        default=None, description="Largest tolerable share of attempts that fail."
    )
    max_calibration_error: Ratio | None = Field(
        default=None,
        description="Largest tolerable expected calibration error: how far, on average, the "
        "model is from being as often right as it says. Of 0.05, 90 % sure is 85 to 95 % right.",
    )
    min_attribution_rank_agreement: Ratio | None = Field(
        default=None,
        description="Least agreement of the order of features by their attributions with the "
        "reference's; Amazon SageMaker Clarify alerts below 0.9.",
    )
    max_shadow_disagreement: Ratio | None = Field(
        default=None,
        description="Largest tolerable share of predictions for which a version in the shadow says "
        "another class.",
    )


class _FileSource(_Section):
    name: SourceName
    paths: Paths = Field(
        description="Files and globs (`*`, `**`), relative to the configuration file; also .gz, "
        "FIFOs without wildcards, and `-` for standard input."
    )
    start: Start = Field(
        default="beginning",
        description="Where a file is read from that is there at the very first start; later ones "
        "are read from their beginning.",
    )


class CsvSettings(_Section):
    """How CSV is written."""

    delimiter: str = Field(
        default=",", description='The character between fields, for example ";" or "\\t".'
    )

    @field_validator("delimiter")
    @classmethod
    def _usable_delimiter(cls, value: str) -> str:
        if len(value) != 1 or value in '"\r\n\0':
            raise ValueError(f"{value!r} is no delimiter; expected a character, and no quote")
        return value


class ModelSource(_FileSource):
    """The prediction logs of one model."""

    name: SourceName = Field(description="Value of the labels `model` and `source`; unique.")
    format: Format = Field(
        default="json",
        description="How lines are written: an object of JSON, `key=value` pairs, CSV below a "
        "header, or anything that `pattern` matches. docs/formats.md shows each.",
    )
    leading_fields: Annotated[int, Field(ge=0, le=20)] = Field(
        default=0,
        description="How many space-separated columns a collector put in front of each line.",
    )
    others: Literal["reject", "skip"] = Field(
        default="reject",
        description="What becomes of lines that are not of the format. reject: they are counted, "
        "shown and alerted of; skip: they are only counted, in a log that others write to as well. "
        "CSV has no others.",
    )
    task: Task = Field(
        default="auto",
        description="What a prediction is. auto: a number with a decimal point (in JSON not in "
        "quotes), without confidence or probabilities, is a regression's; everything else is a "
        "class. ranking: a list, the best item first, and the ground truth a list of the relevant "
        "ones. multilabel: a list of all classes that apply.",
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Field of the record schema to key of your log, where they differ; in JSON a "
        "dot leads into a nested object. For CSV a key is the name of a column, for regex that of "
        "a group.",
    )
    csv: CsvSettings | None = Field(default=None, description="For `format: csv`.")
    pattern: str | None = Field(
        default=None,
        validate_default=True,
        description="For `format: regex`: an expression of Python's `re` that is searched for in "
        "each line; its named groups are the keys.",
    )
    positive_class: ClassName | None = Field(
        default=None,
        description="Of a model of two classes the one that scores are about (ROC-AUC). Absent: "
        "the later one in the order of the alphabet, as of 0 and 1, or no and yes.",
    )
    slices: Annotated[tuple[str, ...], Field(max_length=10, strict=False)] = Field(
        default=(),
        description="Parts of the population that are measured apart: names in the logged `slice`, "
        "or of logged features. Of each the first 20 values.",
    )
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Limits for the alerts.")
    labels: LabelSettings = Field(
        default_factory=LabelSettings, description="Ground truth that comes later."
    )
    drift: DriftSettings | None = Field(
        default=None, description="Absent: drift is not looked for."
    )
    slo: Slo = Field(default_factory=Slo, description="Service level objectives.")
    server: ServerSettings | None = Field(
        default=None, description="Absent: what serves the model is not looked at."
    )
    rules: Rules | None = Field(
        default=None, description="Absent: only what the parser can't use is a violation."
    )

    @field_validator("leading_fields")
    @classmethod
    def _none_for_csv(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("format") == "csv":
            raise ValueError("format: csv takes none: its columns have names")
        return value

    @field_validator("others")
    @classmethod
    def _none_in_csv(cls, value: str, info: ValidationInfo) -> str:
        if value == "skip" and info.data.get("format") == "csv":
            raise ValueError("format: csv has none: a line of other columns is a mistake")
        return value

    @field_validator("slo")
    @classmethod
    def _quality_of_classes(cls, value: Slo, info: ValidationInfo) -> Slo:
        task = info.data.get("task")
        if value.quality is not None and task in ("regression", "ranking", "multilabel"):
            raise ValueError(f"quality is the share of right classes, and task: {task} has none")
        return value

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        nested = info.data.get("format", "json") == "json"
        for field, key in value.items():
            if field not in RECORD_FIELDS:
                known = ", ".join(RECORD_FIELDS)
                raise ValueError(f"{field!r} is no field of the record schema; known: {known}")
            # Where lines have no parts within parts, features may have no prefix.
            if not all(key.split(".")) if nested else not key and field != "features":
                raise ValueError(f"{field}: {key!r} is no key; expected for example score.top")
        _refuse_overlap({**keys_read(value), **value}, nested=nested)
        return value

    @field_validator("csv")
    @classmethod
    def _only_for_csv(cls, value: CsvSettings | None, info: ValidationInfo) -> CsvSettings | None:
        if value is not None and info.data.get("format", "csv") != "csv":
            raise ValueError("is only for format: csv")
        return value

    @field_validator("pattern")
    @classmethod
    def _usable_pattern(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("format", "regex") != "regex":
            if value is not None:
                raise ValueError("is only for format: regex")
        elif value is None:
            if "format" in info.data:
                raise ValueError("format: regex needs a pattern")
        else:
            _refuse_groups(set(BoundedPattern(value).groups), info.data.get("fields"))
        return value


def _refuse_groups(groups: set[str], fields: dict[str, str] | None) -> None:
    """Refuse an expression that finds nothing to measure, or not what `fields` names."""
    if fields is None:
        # They are wrong themselves.
        return
    for field, key in fields.items():
        group = key.replace(".", "_")
        if field != "features" and group not in groups:
            raise ValueError(f"has no group (?P<{group}>...), which {field} is read from")
    measured = {key.replace(".", "_") for key in keys_measured(fields).values()}
    if groups.isdisjoint(measured):
        found = ", ".join(sorted(groups)) or "none"
        raise ValueError(
            "has no named group that is measured; expected for example (?P<prediction>...) or "
            f"(?P<latency_ms>...), found: {found}"
        )


def _refuse_overlap(keys: dict[str, str], *, nested: bool) -> None:
    """Refuse keys that are the same, or lie in one another: a value is a scalar or a map."""
    for outer, inner in permutations(keys, 2):
        if keys[inner] == keys[outer] or (nested and keys[inner].startswith(f"{keys[outer]}.")):
            within = "" if keys[outer] == keys[inner] else f", for example to {keys[outer]}.NAME"
            raise ValueError(
                f"{outer} is read from {keys[outer]!r}, which overlaps with {keys[inner]!r} of "
                f"{inner}; map {outer} to another key{within}"
            )


class SyslogSource(_FileSource):
    """Syslog files of one or many hosts."""

    name: SourceName = Field(description="Value of the label `source`; unique.")
    model: Path | None = Field(
        default=None,
        strict=False,
        description="File that `modeltail syslog train` wrote; absent: what is normal is learned "
        "as the logs are read.",
    )
    scorer: Literal["message", "message+tag"] = Field(
        default="message",
        description="What is scored: message after message, or in addition program after program.",
    )
    alpha: Annotated[float, Field(gt=0, le=0.1)] | None = Field(
        default=0.001,
        description="Share of messages that may be alarms: lines that are not expected, new or "
        "missing, by a model that learns on from the first line, or from what `model` knows. "
        "null: no alarms, which reads some times as fast.",
    )
    reference_alpha: Annotated[float, Field(gt=0, le=0.1)] = Field(
        default=0.01,
        description="Share of the messages of normal days that the reference, which `model` or the "
        "first 32,768 messages make for good, may not expect.",
    )
    incident: Duration = Field(
        default=60.0,
        description="Messages of a host that the reference does not expect are one incident if "
        "they come within this, and within 0.1 / reference_alpha messages.",
    )
    format: SyslogFormat = Field(
        default="auto",
        description="How lines are written. auto: those that begin with <priority>1 and a blank "
        "are RFC 5424, the others RFC 3164.",
    )
    leading_fields: Annotated[int, Field(ge=0, le=20)] = Field(
        default=0, description="How many space-separated columns a collector put before the time."
    )
    timezone: str = Field(
        default="local",
        description="Of times without an offset: local, UTC, or for example Europe/Zurich.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in ("local", "UTC"):
            try:
                ZoneInfo(value)
            except (KeyError, OSError, ValueError) as error:
                raise ValueError(
                    f"{value!r} is no time zone; expected local, UTC, or for example Europe/Zurich"
                ) from error
        return value


class Limits(_Section):
    """Ceilings of the exporter itself."""

    series: Annotated[int, Field(ge=100)] = Field(
        default=50_000, description="With this many series, new label values count as `other`."
    )
    memory: Size | None = Field(
        default=None,
        description="The same beyond this resident memory, for example 1GiB.",
    )
    deleted: Size = Field(
        default=10 << 30,
        description="Size of removed files that are held open because they are not read to the "
        "end, per source; beyond it the oldest is given up, and its unread bytes are counted.",
    )


class Configuration(_Section):
    """The whole file."""

    storage: Storage = Field(default_factory=Storage, description="What outlives a restart.")
    windows: tuple[WindowName, ...] = Field(
        default=(Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0)),
        strict=False,
        min_length=1,
        max_length=8,
        description="How far back rolling figures reach; each is a value of the label `window`.",
    )
    publish_interval: PublishInterval = Field(
        default=1.0,
        description="Longest time between two states that scrapes see; each is stored first. At "
        "least 100ms.",
    )
    rotate_wait: Duration = Field(
        default=5.0,
        description="How long a rotated file must be quiet before nobody is expected to write to "
        "it any more; also how long a new file that holds the same as another one is held back.",
    )
    watch: Literal["auto", "poll"] = Field(
        default="auto",
        description="How changes are noticed. auto: the operating system tells (inotify on Linux), "
        "and where it can't, as on network file systems, files are looked at up to four times a "
        "second. poll: they are looked at in any case.",
    )
    models: tuple[ModelSource, ...] = Field(
        default=(), strict=False, description="One entry for each model."
    )
    syslog: tuple[SyslogSource, ...] = Field(
        default=(), strict=False, description="One entry for each set of syslog files."
    )
    dependencies: tuple[DependencySettings, ...] = Field(
        default=(), strict=False, description="One entry for each thing that models depend on."
    )
    registry: RegistrySettings | None = Field(
        default=None,
        description="Which version of a model is in production; absent: only what logs say.",
    )
    limits: Limits = Field(default_factory=Limits, description="Ceilings for series and memory.")
    privacy: Privacy = Field(
        default_factory=Privacy, description="What may be shown of the records themselves."
    )

    def reference_path(self, model: ModelSource) -> Path | None:
        """Return the file of a model's reference.

        ``None`` without one, or if it is made of the model's own predictions and nothing is kept.
        """
        if model.drift is None:
            return None
        if isinstance(model.drift.reference, Path):
            return model.drift.reference
        folder = self.storage.path
        return folder and folder / f"{quote(model.name, safe='@:')}.ref"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.models and not self.syslog:
            raise ValueError("nothing to do: expected at least one entry in models or syslog")
        names = [model.name for model in self.models] + [log.name for log in self.syslog]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"names must be unique over models and syslog; repeated: {repeated}")
        stdin = [source.name for source in (*self.models, *self.syslog) if STDIN in source.paths]
        if len(stdin) > 1:
            raise ValueError(f"standard input (-) can be a path of one source, not of {stdin}")
        dependencies.check(self.dependencies, [model.name for model in self.models])
        labels = [window.name for window in self.windows]
        seconds = [window.seconds for window in self.windows]
        if len(set(labels)) < len(labels) or len(set(seconds)) < len(seconds):
            raise ValueError(f"windows must differ, got {labels}")
        for model in self.models:
            period = None if model.drift is None or not model.drift.own else model.drift.own.period
            if period is not None and period.seconds < 2 * max(seconds):
                raise ValueError(
                    f"drift of {model.name}: trailing must be at least twice the longest window"
                )
        return self
