"""What the configuration file may say; unknown keys and impossible values are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from exporter.config.quantities import Duration, Size, WindowName
from exporter.parsing.fields import RECORD_FIELDS
from exporter.windows import Window

Start = Literal["beginning", "end"]
Task = Literal["auto", "classification", "regression"]

Ratio = Annotated[float, Field(ge=0, le=1, strict=False, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, strict=False, allow_inf_nan=False)]


def _source_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:/@-]{1,128}", value):
        raise ValueError(
            f"{value!r} is no usable name; expected 1 to 128 of letters, digits and _ . : / @ -"
        )
    return value


SourceName = Annotated[str, AfterValidator(_source_name)]
Paths = Annotated[tuple[str, ...], Field(min_length=1, strict=False)]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


class Storage(_Section):
    """Where offsets and monitor state live across restarts."""

    path: Path | None = Field(
        default=None,
        strict=False,
        description="Directory of modeltail.db. Absent: nothing is kept across a restart.",
    )


class Thresholds(_Section):
    """Limits that alerts read from `model_threshold`; one that is absent never alerts."""

    min_accuracy: Ratio | None = Field(default=None, description="Lowest good accuracy.")
    min_confidence: Ratio | None = Field(default=None, description="Lowest good mean confidence.")
    max_latency_p95_seconds: Positive | None = Field(
        default=None, description="Highest good 95th percentile of the latency, in seconds."
    )
    max_error_ratio: Ratio | None = Field(
        default=None, description="Highest good share of attempts that fail."
    )


class ColumnSettings(_Section):
    """How one column is tested for drift."""

    test: Literal["ks", "chi2"] | None = Field(
        default=None, description="The test; absent: ks for numbers, chi2 for categories."
    )


class DriftSettings(_Section):
    """The comparison with a reference."""

    reference: Path = Field(
        strict=False, description="File that `modeltail reference build` wrote."
    )
    columns: dict[str, ColumnSettings] = Field(
        default_factory=lambda: {"*": ColumnSettings()},
        description='Columns to test, by name; "*" stands for all others of the reference.',
    )
    correction: Literal["holm", "none"] = Field(
        default="holm",
        description="Correction of the p-values over the columns of one model and window.",
    )
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.01, description="Adjusted p-values up to this count as drift."
    )
    min_effect: Ratio = Field(
        default=0.05, description="Smallest effect (KS distance, total variation) that matters."
    )
    min_samples: Annotated[int, Field(ge=2)] = Field(
        default=500, description="Records a window must hold before it is tested."
    )


class Slo(_Section):
    """One service level objective, exposed as `model_slo_objective_ratio` for dashboards."""

    objective: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="Share of good events that is promised."
    )
    below_seconds: Positive | None = Field(
        default=None, description="For latency: what a good prediction takes at most."
    )
    window: Duration = Field(
        default=2_592_000.0, description="Period over which the objective is promised (30d)."
    )


class ModelSource(_Section):
    """The prediction logs of one model."""

    name: SourceName = Field(description="The label `model`, and the name of the source.")
    paths: Paths = Field(description="Files and globs (`*`, `**`); .gz is read too.")
    start: Start = Field(
        default="beginning", description="Where an unknown file is read from at first sight."
    )
    task: Task = Field(
        default="auto",
        description="auto: a fractional number without confidence or probabilities is a "
        "regression's prediction, everything else a class.",
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Key of the log line for a field of the record schema; dots descend.",
    )
    thresholds: Thresholds = Field(default_factory=Thresholds, description="For the alerts.")
    drift: DriftSettings | None = Field(default=None, description="Comparison with a reference.")
    slo: dict[Literal["availability", "latency", "quality"], Slo] = Field(
        default_factory=dict, description="Service level objectives, by what they are about."
    )

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        for field, key in value.items():
            if field not in RECORD_FIELDS:
                known = ", ".join(RECORD_FIELDS)
                raise ValueError(f"{field!r} is no field of the record schema; known: {known}")
            if not all(key.split(".")):
                raise ValueError(f"{field}: {key!r} is no key; expected for example score.top")
        return value


class SyslogSource(_Section):
    """Syslog files of one or many hosts."""

    name: SourceName = Field(description="The name of the source.")
    paths: Paths = Field(description="Files and globs (`*`, `**`); .gz is read too.")
    start: Start = Field(
        default="beginning", description="Where an unknown file is read from at first sight."
    )
    model: Path | None = Field(
        default=None,
        strict=False,
        description="File that `modeltail syslog train` wrote; absent: messages are only counted.",
    )
    scorer: Literal["message", "message+tag"] = Field(
        default="message",
        description="message: P(message | previous message); message+tag: plus P(tag | previous "
        "tag).",
    )
    leading_fields: Annotated[int, Field(ge=0, le=20)] = Field(
        default=0, description="Space-separated columns that a collector put before the header."
    )
    timezone: str = Field(
        default="local",
        description="Of timestamps without an offset: local, UTC, or an IANA name.",
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
        default=50_000, description="Beyond this many series nothing new is created."
    )
    memory: Size | None = Field(
        default=None,
        description="Beyond this resident memory (for example 1GiB) no new series are created.",
    )


class Configuration(_Section):
    """The whole file."""

    storage: Storage = Field(default_factory=Storage, description="State across restarts.")
    windows: tuple[WindowName, ...] = Field(
        default=(Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0)),
        strict=False,
        min_length=1,
        max_length=8,
        description="Windows of all rolling figures.",
    )
    rotate_wait: Duration = Field(
        default=5.0,
        description="How long a rotated file is kept open for a writer that has not switched yet.",
    )
    models: tuple[ModelSource, ...] = Field(
        default=(), strict=False, description="Prediction logs, one entry a model."
    )
    syslog: tuple[SyslogSource, ...] = Field(default=(), strict=False, description="Syslog files.")
    limits: Limits = Field(default_factory=Limits, description="Ceilings of the exporter itself.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.models and not self.syslog:
            raise ValueError("nothing to do: expected at least one entry in models or syslog")
        names = [model.name for model in self.models] + [log.name for log in self.syslog]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"names must be unique over models and syslog; repeated: {repeated}")
        labels = [window.name for window in self.windows]
        seconds = [window.seconds for window in self.windows]
        if len(set(labels)) < len(labels) or len(set(seconds)) < len(seconds):
            raise ValueError(f"windows must differ, got {labels}")
        return self
