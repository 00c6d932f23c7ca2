"""How single records are compared with the density of a reference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exporter.config.section import Section


class DensitySettings(Section):
    """Which records are improbable under the reference."""

    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.01,
        description="A record is improbable if its p-value is up to this: of records like the "
        "reference's this share is.",
    )
    sample: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0,
        description="Share of the predictions that are looked at, chosen by a hash of what they "
        "hold: the same ones whenever a log is read.",
    )
    of: Literal["features", "embedding"] | None = Field(
        default=None,
        description="What density is of: numeric features, or the logged embedding. Absent: "
        "features, or the embedding if the reference has no density of features.",
    )
