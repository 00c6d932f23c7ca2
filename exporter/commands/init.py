"""``modeltail init``: a configuration for logs that are there."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.streams import Streams
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from exporter.sniffing.writing import Looked

LINES = 500


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "init",
        help="write a configuration for logs that are there",
        description="Look at the first lines of logs, and write a commented configuration that "
        "works on them: JSON, logfmt, CSV, access logs of nginx and Apache, syslog. Which keys "
        "hold what is guessed by their names and values.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="logs; also globs and .gz")
    parser.add_argument(
        "-o",
        dest="output",
        type=Path,
        metavar="FILE",
        help="where to write it, and to try it (default: standard output)",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Write the configuration."""
    from exporter.sniffing.writing import text  # noqa: PLC0415

    output: Path | None = arguments.output
    if output is not None and output.exists() and not arguments.force:
        raise UsageError(f"{output} is there already; --force replaces it")
    written = text(_looked(arguments.files, output))
    if output is None:
        streams.out.write(written)
        return 0
    try:
        output.write_text(written, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}") from error
    return _tried(output, streams)


def _looked(patterns: list[str], output: Path | None) -> list[Looked]:
    """Look at all files; those that are alike and lie together are one source."""
    from exporter.sniffing.formats import Guess, recognise  # noqa: PLC0415
    from exporter.sniffing.writing import Looked  # noqa: PLC0415
    from exporter.tailing.inputs import expand, read_blocks  # noqa: PLC0415

    together: dict[tuple[str, str, str], tuple[Guess, list[str]]] = {}
    for name in expand(patterns):
        lines: list[str] = []
        for block in read_blocks([name]):
            lines += [line.decode("utf-8", "replace") for line in block.lines[:LINES]]
            if len(lines) >= LINES:
                break
        guess = recognise(lines[:LINES])
        if guess is None:
            raise UsageError(
                f"{name}: no format is recognised; docs/formats.md tells how to describe one"
            )
        path = Path(name).absolute()
        stem = path.name.split(".")[0]
        key = guess.kind, str(path.parent), stem
        together.setdefault(key, (guess, []))[1].append(_shown(path, output))
    found: list[Looked] = []
    names: set[str] = set()
    for (_, folder, stem), (guess, paths) in together.items():
        name = stem if stem not in names else f"{Path(folder).name}_{stem}"
        while name in names:
            name += "_"
        names.add(name)
        found.append(Looked(name, paths, guess))
    return found


def _shown(path: Path, output: Path | None) -> str:
    """Return a path as the configuration has it: relative to its own folder, where it is below."""
    folder = Path.cwd() if output is None else output.absolute().parent
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _tried(output: Path, streams: Streams) -> int:
    """Try the configuration on the logs, as `modeltail check` does, and return its exit code."""
    from exporter.commands import check  # noqa: PLC0415

    return check.conclude(check.try_out(output, check.DEFAULT_SAMPLE, streams), streams)
