"""The section `registry`: where it is known which version of a model is in production."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from exporter.config.quantities import Duration
from exporter.config.section import Section

LONGEST_INTERVAL_SECONDS = 600.0
"""An alert tells when nothing was heard of the registry for three times as long."""


def _look_interval(value: float) -> float:
    if value > LONGEST_INTERVAL_SECONDS:
        raise ValueError("too long; the longest interval is 10m")
    return value


LookInterval = Annotated[Duration, AfterValidator(_look_interval)]


class RegistrySettings(Section):
    """The versions of all models."""

    file: Path = Field(strict=False, description="File that `modeltail registry` keeps.")
    check_every: LookInterval = Field(
        default=10.0, description="How long to wait between looks at it; at most 10m."
    )
