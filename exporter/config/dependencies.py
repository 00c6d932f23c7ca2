"""The section `dependencies`: what models need from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from exporter.config.quantities import Duration
from exporter.config.section import Section


class DependencySettings(Section):
    """A file, directory or URL that models depend on: one of `path`, `directory` and `url`."""

    name: str = Field(description="Value of the label `dependency`; unique.")
    path: Path | None = Field(default=None, strict=False, description="A file.")
    directory: Path | None = Field(
        default=None,
        strict=False,
        description="A directory that files are delivered to; hidden files and directories in it "
        "do not count.",
    )
    url: str | None = Field(default=None, description="Something that answers to HTTP GET.")
    models: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="Names of the models that depend on it; empty: all."
    )
    expect_every: Duration | None = Field(
        default=None,
        description="Longest time between its changes, exposed as "
        "`model_dependency_expected_interval_seconds` for alerts.",
    )
    check_every: Duration = Field(default=60.0, description="How long to wait between looks.")
    timeout: Duration = Field(
        default=10.0, description="A look that takes longer counts as failed."
    )
    format: Literal["csv", "json", "parquet"] | None = Field(
        default=None,
        description="How to read its schema. Absent: as the ending of a file's name says, and no "
        "schema of other files and URLs. parquet needs `modeltail[parquet]`.",
    )

    @field_validator("name")
    @classmethod
    def _usable_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.:/@-]{1,128}", value):
            raise ValueError(
                f"{value!r} is no usable name; expected 1 to 128 of letters, digits and _ . : / @ -"
            )
        return value

    @field_validator("url")
    @classmethod
    def _usable_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{value!r} is no URL of http or https")
            if parts.username is not None:
                # Errors and logs would show it.
                raise ValueError("may hold no user and password")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        places = {"path": self.path, "directory": self.directory, "url": self.url}
        given = [name for name, place in places.items() if place is not None]
        if len(given) != 1:
            raise ValueError(
                f"expected one of path, directory and url, got {', '.join(given) or 'none'}"
            )
        if self.url is not None and self.format == "parquet":
            raise ValueError("format: parquet is for files: the schema is at their end")
        return self


def check(dependencies: tuple[DependencySettings, ...], models: list[str]) -> None:
    """Refuse names that repeat, and models that are not there.

    Raises
    ------
    ValueError
        Naming them.
    """
    names = [one.name for one in dependencies]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"names of dependencies must be unique; repeated: {repeated}")
    if dependencies and not models:
        raise ValueError("dependencies are those of models, and there is no model")
    for one in dependencies:
        unknown = sorted(set(one.models) - set(models))
        if unknown:
            raise ValueError(f"dependency {one.name}: there are no models {unknown}")
