"""A reference that the exporter makes itself, of what it reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from exporter.config.section import Section


class OwnReference(Section):
    """A reference of the model's own predictions, where no file is named.

    The file is written to `storage.path`, under the name of the model with the suffix `.ref`.
    """

    first: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=5000,
        description="How many predictions are the reference: the first ones, of the version that "
        "is the first to have so many.",
    )
