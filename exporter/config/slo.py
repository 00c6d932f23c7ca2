"""Service level objectives of a model: what is promised, and over which window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from exporter.config.quantities import Duration, Ratio
from exporter.config.section import Section
from exporter.slo import burn

Kind = Literal["availability", "latency", "quality"]

_LOOSE = (
    f"is too loose to be paged for: {burn.LEVELS[0].factor} times its error budget would be more "
    f"bad events than there are; expected more than {burn.LOOSEST}"
)
_BY_MINUTES = (
    ", or the share of minutes in which the accuracy is good, for example "
    "{{accuracy: {0:g}, objective: 0.99}}"
)


def _window(seconds: float) -> float:
    days = seconds / burn.DAY
    if not burn.SHORTEST_DAYS <= days <= burn.LONGEST_DAYS or days != int(days):
        raise ValueError(f"expected whole days, from {burn.SHORTEST_DAYS}d to {burn.LONGEST_DAYS}d")
    return seconds


SloWindow = Annotated[Duration, AfterValidator(_window)]


class Objective(Section):
    """What all objectives have in common."""

    objective: Annotated[float, Field(gt=0, lt=1)] = Field(
        description=f"Promised share of good events; more than {burn.LOOSEST}, since alerts on a "
        "looser one could never page."
    )
    window: SloWindow = Field(
        default=2_592_000.0,
        description="Period over which the objective is promised: whole days, from 6d to 90d.",
    )

    def loose(self) -> str:
        """Return why the objective is refused if it is too loose."""
        return f"{self.objective:g} {_LOOSE}"

    @model_validator(mode="after")
    def _can_be_missed_fast(self) -> Objective:
        if burn.too_loose(self.objective):
            raise ValueError(f"objective: {self.loose()}")
        return self


class AvailabilityObjective(Objective):
    """Good are attempts to predict that did not fail."""


class LatencyObjective(Objective):
    """Good are predictions that took no longer than a limit."""

    below_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        description="Longest time that a good prediction takes. It becomes an edge of the model's "
        "`model_latency_seconds`; where it is a new one, that histogram begins anew."
    )


class QualityObjective(Objective):
    """Good are predictions whose ground truth is the predicted class, as labels come in."""

    accuracy: Ratio | None = Field(
        default=None,
        description="Makes `objective` a share of minutes instead: good is one in which the labels "
        "of the last hour do not prove the accuracy to be below this. Absent: a share of labels.",
    )

    def loose(self) -> str:
        """Return why, and that minutes can be counted instead."""
        return super().loose() + _BY_MINUTES.format(self.objective)


class Slo(Section):
    """Service level objectives of a model; docs/slo.md says what they are made of."""

    availability: AvailabilityObjective | None = Field(
        default=None, description="How often a prediction succeeds. Absent: no objective."
    )
    latency: LatencyObjective | None = Field(
        default=None, description="How often a prediction is fast enough. Absent: no objective."
    )
    quality: QualityObjective | None = Field(
        default=None, description="How often a prediction is right. Absent: no objective."
    )

    def objectives(self) -> Iterator[tuple[Kind, Objective]]:
        """Yield what is promised, by the value of the label `slo`."""
        if self.availability is not None:
            yield "availability", self.availability
        if self.latency is not None:
            yield "latency", self.latency
        if self.quality is not None:
            yield "quality", self.quality
