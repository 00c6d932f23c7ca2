"""The section `server` of a model: the processes that serve it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from exporter.config.quantities import Duration
from exporter.config.section import Section


class ServerSettings(Section):
    """Where the processes of the model server are: one of `pid_file` and `command`."""

    pid_file: Path | None = Field(
        default=None, strict=False, description="File that holds the number of the main process."
    )
    command: str | None = Field(
        default=None,
        description="Expression of Python's `re` that is searched for in each command line, its "
        "arguments with a blank between them.",
    )
    check_every: Duration = Field(
        default=5.0,
        description="How long to wait between looks; new processes are searched for each 15s at "
        "most.",
    )

    @field_validator("command")
    @classmethod
    def _usable_command(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                expression = re.compile(value)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"is no regular expression of Python: {error}") from error
            if expression.search(""):
                raise ValueError("matches an empty text, thus every process")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.pid_file is None) == (self.command is None):
            given = "none" if self.command is None else "both"
            raise ValueError(f"expected one of pid_file and command, got {given}")
        return self
