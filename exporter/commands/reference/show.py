"""`modeltail reference show` and `rules`: look at a reference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.reference.printing import describe
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read
from exporter.quality.inference import as_yaml

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(actions: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    rules = actions.add_parser(
        "rules",
        help="print the rules that a reference keeps",
        description="Prints the rules that the predictions of a reference keep, as YAML to edit "
        "and to name in the configuration: rules: {include: FILE}.",
    )
    rules.add_argument("reference", type=Path, metavar="REF")
    rules.set_defaults(run=_rules)

    show = actions.add_parser("show", help="print what a reference holds")
    show.add_argument("reference", type=Path, metavar="REF")
    show.set_defaults(run=_show)


def _rules(arguments: argparse.Namespace, streams: Streams) -> int:
    streams.out.write(as_yaml(read(arguments.reference)))
    return 0


def _show(arguments: argparse.Namespace, streams: Streams) -> int:
    describe(read(arguments.reference), streams.out)
    return 0
