"""`modeltail reference`: make, look at and replace the reference of a model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from exporter.commands.reference.arguments import add_commands

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its own subcommands."""
    parser = subparsers.add_parser(
        "reference", help="build, show or replace the reference of the drift"
    )
    add_commands(parser.add_subparsers(metavar="COMMAND", required=True))
