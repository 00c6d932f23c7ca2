"""A reference that the exporter makes itself, of what it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from exporter.config.quantities import Duration
from exporter.config.section import Section

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Trailing:
    """A period that moves on with time.

    Attributes
    ----------
    seconds
        Its length.
    delay
        How long ago it ended, at least.
    """

    seconds: float
    delay: float


class OwnReference(Section):
    """A reference of the model's own predictions, where no file is named.

    The file is written to `storage.path`, under the name of the model with the suffix `.ref`.
    """

    first: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=5000,
        description="How many predictions are the reference: the first ones, of the version that "
        "is the first to have so many. With `trailing` they fix the bins alone.",
    )
    trailing: Duration | None = Field(
        default=None,
        description="Windows are compared with what was counted in a period of this length that "
        "ended some time ago, for example 7d; at least twice the longest window. Drift that is "
        "slower is never found. Absent: with the first predictions.",
    )
    delay: Duration | None = Field(
        default=None,
        description="With `trailing`: how long ago that period ended, at most its length. At least "
        "two lengths of the window are left out in any case. Absent: 1d, or the length of the "
        "period if that is shorter.",
    )

    @model_validator(mode="after")
    def _of_use(self) -> Self:
        if self.delay is not None and self.trailing is None:
            raise ValueError("delay is only for trailing")
        if self.trailing is not None and (self.delay or 0.0) > self.trailing:
            raise ValueError("delay must not be longer than trailing")
        return self

    @property
    def period(self) -> Trailing | None:
        """The period that windows are compared with; ``None`` if it is the first predictions."""
        if self.trailing is None:
            return None
        return Trailing(self.trailing, self.delay or min(_DAY, self.trailing))
