"""`modeltail registry`: which version of a model is in production, and what came before it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from exporter.commands.registry.arguments import add_commands

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its own subcommands."""
    parser = subparsers.add_parser("registry", help="versions of models: register, promote, list")
    add_commands(parser.add_subparsers(metavar="COMMAND", required=True))
