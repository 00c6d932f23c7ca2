"""A YAML file that says which logs there are, and from where, to make pairs of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from exporter.config.loading import parse_as
from exporter.config.section import Section
from exporter.errors import UsageError
from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.pairs import Pair, Part, pairs


class PartOfLog(Section):
    """A log, or a part of it."""

    name: str = Field(min_length=1)
    system: str = Field(min_length=1)
    host: str = Field(min_length=1)
    files: tuple[str, ...] = Field(min_length=1, strict=False)
    leading_fields: int = Field(default=0, ge=0)
    timezone: str = "UTC"
    by_time: bool = False
    """Whether the lines must be sorted by time, as those of many collectors."""
    only_hosts: tuple[str, ...] = Field(default=(), strict=False)
    without_hosts: tuple[str, ...] = Field(default=(), strict=False)
    share: tuple[
        Annotated[float, Field(ge=0, le=1, strict=False)],
        Annotated[float, Field(ge=0, le=1, strict=False)],
    ] = Field(default=(0.0, 1.0), strict=False)
    """From where to where of the lines that remain."""

    @field_validator("share")
    @classmethod
    def _ascending(cls, share: tuple[float, float]) -> tuple[float, float]:
        if share[0] >= share[1]:
            raise ValueError("the first number must be below the second")
        return share


class PairFile(Section):
    """Parts of logs, of which pairs are made."""

    trainings: int = Field(default=2, ge=1)
    parts: tuple[PartOfLog, ...] = Field(min_length=1, strict=False)

    @field_validator("parts")
    @classmethod
    def _distinct(cls, parts: tuple[PartOfLog, ...]) -> tuple[PartOfLog, ...]:
        (name, count), *_ = Counter(part.name for part in parts).most_common(1)
        if count > 1:
            raise ValueError(f"two parts have the name {name!r}")
        return parts


def read_pairs(path: Path, received: float, seed: int) -> list[Pair]:
    """Return the pairs that a file describes; its paths are relative to its folder.

    Parameters
    ----------
    received
        Unix seconds, no earlier than the lines.
    seed
        Of the choice among training logs.

    Raises
    ------
    UsageError
        If the file, or one that it names, can't be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: can't read the pairs: {error}") from error
    described = parse_as(PairFile, text, str(path))
    whole: dict[tuple[object, ...], Log] = {}
    parts = []
    for part in described.parts:
        source = (part.files, part.leading_fields, part.timezone, part.by_time)
        log = whole.get(source)
        if log is None:
            log = whole[source] = _read(part, path.parent, received)
        mine = _part(log, part)
        if not len(mine):
            raise UsageError(f"{path}: {part.name}: no syslog message")
        parts.append(Part(part.name, part.system, part.host, mine))
    return pairs(parts, described.trainings, seed)


def _read(part: PartOfLog, folder: Path, received: float) -> Log:
    patterns = [str(folder / file) for file in part.files]
    log = Log.read(patterns, received, part.timezone, part.leading_fields)
    return log.take(np.argsort(log.time, kind="stable")) if part.by_time else log


def _part(log: Log, part: PartOfLog) -> Log:
    if part.only_hosts or part.without_hosts:
        hosts = log.host.values
        wanted = [
            (not part.only_hosts or host in part.only_hosts) and host not in part.without_hosts
            for host in hosts
        ]
        log = log.take(np.flatnonzero(np.array([*wanted, False])[log.host.codes]))
    first, last = (round(share * len(log)) for share in part.share)
    return log.take(slice(first, last))
