"""The registry as a file of YAML, which `modeltail registry` keeps and people may edit."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pydantic import Field

from exporter import whole_file
from exporter.config.loading import parse_as, read_text
from exporter.config.section import Section
from exporter.errors import UsageError
from exporter.registry.lineage import Lineage

_HEAD = """\
# Kept by `modeltail registry`, which writes it anew: comments of yours are lost then.
# A version never changes; what is done with it is added to the history, and says its stage.
"""


class Registry(Section):
    """The whole file: the versions of each model."""

    models: dict[str, Lineage] = Field(default_factory=dict)

    def lineage(self, model: str) -> Lineage:
        """Return what is known of a model: nothing before its first version."""
        return self.models.get(model, Lineage())

    def having(self, model: str, lineage: Lineage) -> Registry:
        """Return the registry with another lineage of a model."""
        return Registry(models={**self.models, model: lineage})


def read(path: Path) -> Registry:
    """Read the file.

    Raises
    ------
    UsageError
        If it can't be read, or says what can't be: one line ``file:line: key: what`` each.
    """
    return parse_as(Registry, read_text(path, "registry"), str(path))


def write(registry: Registry, path: Path) -> None:
    """Write the file; an existing one is replaced as a whole or not at all.

    Raises
    ------
    UsageError
        If it can't be written.
    """
    document = registry.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(document or {"models": {}}, sort_keys=False, allow_unicode=True)
    whole_file.replace(path, (_HEAD + text).encode())


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep other commands from changing the file meanwhile; waits until they have ended.

    Raises
    ------
    UsageError
        If nothing can be written beside it.
    """
    # The file itself is replaced by each change, and a lock would stay on the former one.
    beside = path.with_name(f".{path.name}.lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
