"""``modeltail record schema``: the JSON Schema of a line of a prediction log."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from exporter.commands.streams import Streams

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("record", help="the format of a line of a prediction log")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    schema = commands.add_parser("schema", help="print its JSON Schema, to validate what you write")
    schema.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:  # noqa: ARG001
    """Print the schema."""
    from exporter.parsing.record_schema import json_schema  # noqa: PLC0415

    streams.out.write(json.dumps(json_schema(), indent=2) + "\n")
    return 0
