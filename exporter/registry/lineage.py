"""The versions of one model, and what was done with them.

What is kept is the history; the stage of each version follows from it. So no two versions can be
said to be in production, and every change has its time and its reason. Whatever breaks the rules is
refused, whether a command or an editor wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

import semver
from pydantic import AwareDatetime, Field, model_validator

from exporter.config.section import Section

Stage = Literal["staging", "production", "archived"]
STAGES: tuple[Stage, ...] = ("staging", "production", "archived")
Action = Literal["promote", "rollback", "archive"]
LONGEST_TEXT = 256
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Scalar = Text | bool | int | Finite


class RefusedError(ValueError):
    """Something that can't be done with a version."""


class Version(Section):
    """A version of a model, as it was registered; never changed."""

    registered: AwareDatetime = Field(strict=False)
    kind: Text | None = None
    trained_on: Text | None = None
    examples: Annotated[int, Field(ge=0)] | None = None
    hyperparameters: dict[Text, Scalar] = Field(default_factory=dict)
    metrics: dict[Text, Finite] = Field(default_factory=dict)


class Event(Section):
    """Something that was done with a version; of a rollback the one that came back."""

    at: AwareDatetime = Field(strict=False)
    action: Action
    version: str
    by: Text | None = None
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A version as it is now.

    Attributes
    ----------
    deployed
        When it came to production for the last time; ``None`` if it never was there.
    archived
        When it was taken out; ``None`` if it is not.
    """

    name: str
    version: Version
    stage: Stage
    deployed: datetime | None
    archived: datetime | None


class Lineage(Section):
    """The versions of a model by name, and all events in the order in which they happened.

    Raises
    ------
    ValueError
        If a name is no semantic version (https://semver.org), or an event is not possible after
        those before it.
    """

    versions: dict[str, Version] = Field(default_factory=dict)
    history: tuple[Event, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.versions:
            if not semver.Version.is_valid(name):
                raise RefusedError(_no_semantic_version(name))
        _state(self)
        return self

    @property
    def production(self) -> str | None:
        """Name of the version in production; ``None`` before the first."""
        stack = _state(self).in_production
        return stack[-1] if stack else None

    @property
    def former(self) -> str | None:
        """Name of the version that a rollback brings back; ``None`` if there is none."""
        stack = _state(self).in_production
        return stack[-2] if len(stack) > 1 else None

    def standings(self) -> tuple[Standing, ...]:
        """Return all versions as they are now, the newest by semantic order first."""
        state = _state(self)
        ordered = sorted(self.versions, key=semver.Version.parse, reverse=True)
        return tuple(
            Standing(
                name,
                self.versions[name],
                state.stage(name),
                state.deployed.get(name),
                state.archived.get(name),
            )
            for name in ordered
        )

    def registered(self, name: str, version: Version) -> Lineage:
        """Return the lineage with one more version.

        Raises
        ------
        RefusedError
            If the name is taken, or is no semantic version.
        """
        if name in self.versions:
            raise RefusedError(f"version {name} is registered already, and never changes")
        if not semver.Version.is_valid(name):
            raise RefusedError(_no_semantic_version(name))
        return Lineage(versions={**self.versions, name: version}, history=self.history)

    def after(self, event: Event) -> Lineage:
        """Return the lineage with one more event.

        Raises
        ------
        RefusedError
            If it is not possible.
        """
        # Tried out here, since pydantic would wrap the reason.
        _state(self).take(event, self.versions)
        return Lineage(versions=self.versions, history=(*self.history, event))


@dataclass
class _State:
    """What the events so far have led to."""

    in_production: list[str] = field(default_factory=list)
    """The version in production last, before it those that rollbacks go back to."""
    deployed: dict[str, datetime] = field(default_factory=dict)
    archived: dict[str, datetime] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    """Versions that somebody archived: not those that another one took the place of."""

    def stage(self, name: str) -> Stage:
        if self.in_production[-1:] == [name]:
            return "production"
        return "archived" if name in self.archived else "staging"

    def take(self, event: Event, versions: Mapping[str, Version]) -> None:
        if event.version not in versions:
            known = ", ".join(versions) or "none"
            raise RefusedError(f"version {event.version} is not registered; known: {known}")
        _ACTIONS[event.action](self, event)

    def promote(self, event: Event) -> None:
        if self.stage(event.version) == "production":
            raise RefusedError(f"version {event.version} is in production already")
        self._leave(event)
        if event.version in self.in_production:
            self.in_production.remove(event.version)
        self.in_production.append(event.version)
        self._enter(event)

    def rollback(self, event: Event) -> None:
        if len(self.in_production) < 2:
            raise RefusedError("no version was in production before this one")
        if self.in_production[-2] != event.version:
            raise RefusedError(
                f"a rollback goes back to {self.in_production[-2]}, not to {event.version}"
            )
        self._leave(event)
        self.in_production.pop()
        self._enter(event)

    def archive(self, event: Event) -> None:
        if self.stage(event.version) == "production":
            raise RefusedError(
                f"version {event.version} is in production; promote another one, or roll back"
            )
        if event.version in self.withdrawn:
            raise RefusedError(f"version {event.version} is archived already")
        if event.version in self.in_production:
            self.in_production.remove(event.version)
        self.withdrawn.add(event.version)
        self.archived.setdefault(event.version, event.at)

    def _leave(self, event: Event) -> None:
        if self.in_production:
            self.archived[self.in_production[-1]] = event.at

    def _enter(self, event: Event) -> None:
        self.deployed[event.version] = event.at
        self.archived.pop(event.version, None)
        self.withdrawn.discard(event.version)


_ACTIONS = {"promote": _State.promote, "rollback": _State.rollback, "archive": _State.archive}


def _state(lineage: Lineage) -> _State:
    state = _State()
    for position, event in enumerate(lineage.history):
        try:
            state.take(event, lineage.versions)
        except RefusedError as error:
            raise RefusedError(f"history[{position}]: {error}") from error
    return state


def _no_semantic_version(name: str) -> str:
    return f"{name!r} is no semantic version; expected for example 1.4.0 or 2.0.0-rc.1"


def utc(seconds: float) -> datetime:
    """Return Unix seconds, less what is below a second, as a time of day in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC)
