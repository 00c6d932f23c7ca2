"""`modeltail reference`: make, look at and replace the reference of a model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


NAME = "reference"


def add_parser(
    subparsers: _SubParsersAction[argparse.ArgumentParser], *, whole: bool = True
) -> None:
    """Add the subcommand and, if it is `whole`, its own subcommands, whose options need numpy."""
    parser = subparsers.add_parser(NAME, help="build, show or replace the reference of the drift")
    if not whole:
        return
    from exporter.commands.reference import accept, build, show  # noqa: PLC0415

    actions = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (build, accept, show):
        command.add_parser(actions)
