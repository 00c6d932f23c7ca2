"""``modeltail rules generate``: the rules that watch the objectives of a configuration."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.options import add_config_file
from exporter.commands.streams import Streams
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("rules", help="rules of Prometheus that a configuration needs")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    generate = commands.add_parser(
        "generate",
        help="write the rules for its service level objectives",
        description="Write the recording and alerting rules for the service level objectives "
        "(`slo`) of a configuration. The same configuration always gives the same file. Several "
        "configurations of one Prometheus may share the file of one of them, if the windows of "
        "their objectives and their limits of latency are in it.",
    )
    add_config_file(generate)
    generate.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where the rules go (default: standard output)",
    )
    generate.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Write the rules.

    Raises
    ------
    UsageError
        If the configuration is wrong or promises nothing, or the file can't be written.
    """
    from exporter import config  # noqa: PLC0415
    from exporter.slo.plan import plan  # noqa: PLC0415
    from exporter.slo.rule_file import render  # noqa: PLC0415

    text = render(plan(config.load(arguments.config_file)))
    if arguments.output is None:
        streams.out.write(text)
        return 0
    try:
        arguments.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{arguments.output}: can't be written: {error.strerror}") from error
    return 0
