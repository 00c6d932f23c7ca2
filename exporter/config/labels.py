"""What the configuration says about ground truth that comes later."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from exporter.config.quantities import Duration
from exporter.config.section import Section


class LabelSettings(Section):
    """The join of predictions with ground truth that comes later."""

    join: bool = Field(
        default=True,
        description="Whether ground truth is joined by `request_id` with what was predicted.",
    )
    wait: Duration = Field(
        default=7 * 86_400.0,
        description="How long a prediction waits for its ground truth, and ground truth for its "
        "prediction.",
    )
    pending: Annotated[int, Field(ge=1)] = Field(
        default=10_000_000,
        description="How many predictions with a `request_id` are remembered at most; beyond that "
        "the oldest are given up. The same for ground truth. Each takes 13 bytes of memory and 45 "
        "or more of storage.",
    )
