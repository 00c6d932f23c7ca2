"""What the subcommands of `modeltail registry` do."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pydantic

from exporter.commands.printable import printable
from exporter.commands.streams import Streams
from exporter.errors import UsageError
from exporter.registry import document
from exporter.registry.document import Registry
from exporter.registry.lineage import Action, Event, Lineage, RefusedError, Standing, Version, utc

_HEADINGS = ("MODEL", "VERSION", "STAGE", "REGISTERED", "DEPLOYED", "TRAINED ON", "METRICS")


def register(arguments: argparse.Namespace, streams: Streams) -> int:
    """Add a version; the file is created if there is none."""

    def change(lineage: Lineage) -> tuple[Lineage, str]:
        version = Version(
            registered=utc(time.time()),
            kind=arguments.kind,
            trained_on=arguments.trained_on,
            examples=arguments.examples,
            hyperparameters=dict(arguments.param),
            metrics=dict(arguments.metric),
        )
        return lineage.registered(arguments.version, version), "staging"

    return _changed(arguments, streams, change)


def promote(arguments: argparse.Namespace, streams: Streams) -> int:
    """Bring a version to production."""

    def change(lineage: Lineage) -> tuple[Lineage, str]:
        former = lineage.production
        after = lineage.after(_event("promote", arguments.version, arguments))
        return after, "production" + (f", in the place of {former}" if former else "")

    return _changed(arguments, streams, change)


def rollback(arguments: argparse.Namespace, streams: Streams) -> int:
    """Bring the version before back to production."""

    def change(lineage: Lineage) -> tuple[Lineage, str]:
        present, arguments.version = lineage.production, lineage.former
        if arguments.version is None:
            raise RefusedError("no version was in production before this one")
        after = lineage.after(_event("rollback", arguments.version, arguments))
        return after, f"production again, in the place of {present}"

    return _changed(arguments, streams, change)


def archive(arguments: argparse.Namespace, streams: Streams) -> int:
    """Take a version out."""

    def change(lineage: Lineage) -> tuple[Lineage, str]:
        return lineage.after(_event("archive", arguments.version, arguments)), "archived"

    return _changed(arguments, streams, change)


def listed(arguments: argparse.Namespace, streams: Streams) -> int:
    """Show versions, or what was done with them."""
    registry = document.read(arguments.registry_file)
    unknown = [name for name in arguments.models if name not in registry.models]
    if unknown:
        known = ", ".join(registry.models) or "none"
        raise UsageError(f"{arguments.registry_file}: no model {unknown[0]!r}; registered: {known}")
    chosen = {name: registry.models[name] for name in arguments.models or registry.models}
    if arguments.format == "json":
        rows = _events(chosen) if arguments.history else _versions(chosen)
        streams.out.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    elif arguments.history:
        _print_table(("MODEL", "TIME", "ACTION", "VERSION", "BY", "REASON"), _past(chosen), streams)
    else:
        _print_table(_HEADINGS, _present(chosen), streams)
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace, Streams], int]] = {
    "register": register,
    "promote": promote,
    "rollback": rollback,
    "archive": archive,
    "list": listed,
}


def _changed(
    arguments: argparse.Namespace,
    streams: Streams,
    change: Callable[[Lineage], tuple[Lineage, str]],
) -> int:
    path: Path = arguments.registry_file
    with document.held(path):
        registry = document.read(path) if path.exists() else Registry()
        try:
            lineage, stage = change(registry.lineage(arguments.model))
            document.write(registry.having(arguments.model, lineage), path)
        except RefusedError as error:
            raise UsageError(f"{path}: {printable(f'{arguments.model}: {error}')}") from error
        except pydantic.ValidationError as error:
            (first, *_) = error.errors()
            where = ".".join(map(str, first["loc"]))
            raise UsageError(printable(f"{where}: {first['msg']}")) from error
    streams.out.write(printable(f"{arguments.model} {arguments.version}: {stage}") + "\n")
    return 0


def _event(action: Action, version: str, arguments: argparse.Namespace) -> Event:
    by = arguments.by
    if by is None:
        # In a container, nobody may have a name.
        with contextlib.suppress(OSError, KeyError):
            by = getpass.getuser()
    return Event(
        at=utc(time.time()), action=action, version=version, by=by, reason=arguments.reason
    )


def _versions(models: dict[str, Lineage]) -> Iterator[dict[str, object]]:
    for model, lineage in models.items():
        for one in lineage.standings():
            yield {
                "model": model,
                "version": one.name,
                "stage": one.stage,
                "deployed": _text(one.deployed) or None,
                "archived": _text(one.archived) or None,
                **one.version.model_dump(mode="json"),
            }


def _events(models: dict[str, Lineage]) -> Iterator[dict[str, object]]:
    for model, lineage in models.items():
        for event in lineage.history:
            yield {"model": model, **event.model_dump(mode="json")}


def _present(models: dict[str, Lineage]) -> Iterator[tuple[str, ...]]:
    for model, lineage in models.items():
        for one in lineage.standings():
            yield model, *_cells(one)


def _cells(one: Standing) -> tuple[str, ...]:
    metrics = ", ".join(f"{name} {value:.6g}" for name, value in one.version.metrics.items())
    return (
        one.name,
        one.stage,
        _text(one.version.registered),
        _text(one.deployed),
        one.version.trained_on or "",
        metrics,
    )


def _past(models: dict[str, Lineage]) -> Iterator[tuple[str, ...]]:
    for model, lineage in models.items():
        for event in lineage.history:
            by, reason = event.by or "", event.reason or ""
            yield model, _text(event.at), event.action, event.version, by, reason


def _text(time: datetime | None) -> str:
    return "" if time is None else f"{utc(time.timestamp()):%Y-%m-%dT%H:%M:%SZ}"


def _print_table(
    headings: tuple[str, ...], rows: Iterator[tuple[str, ...]], streams: Streams
) -> None:
    table = [headings, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        streams.out.write("  ".join(cells).rstrip() + "\n")
