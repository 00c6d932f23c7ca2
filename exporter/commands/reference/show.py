"""`modeltail reference show` and `rules`: look at a reference."""

from __future__ import annotations

import argparse
import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.reference.printing import describe, describe_column, plain
from exporter.commands.reference.summary import summary
from exporter.commands.streams import Streams
from exporter.drift.columns import Column
from exporter.drift.reference import Reference
from exporter.drift.reference_file import read
from exporter.errors import UsageError
from exporter.quality.inference import as_yaml

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

_MOST_NAMES = 5


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

    show = actions.add_parser(
        "show",
        help="print and plot what a reference holds",
        description="Prints what a reference holds, a line for each column with the shape of its "
        "distribution: of numbers from the 1st to the 99th percentile, of categories the most "
        "frequent first.",
    )
    show.add_argument("reference", type=Path, metavar="REF")
    show.add_argument(
        "--column", action="append", default=[], metavar="NAME",
        help="only this column, with quantiles and a histogram; may be repeated",
    )  # fmt: skip
    show.add_argument(
        "--format", choices=("text", "json"), default="text",
        help="text (default), or one JSON object",
    )  # fmt: skip
    show.set_defaults(run=_show)


def _rules(arguments: argparse.Namespace, streams: Streams) -> int:
    streams.out.write(as_yaml(read(arguments.reference)))
    return 0


def _show(arguments: argparse.Namespace, streams: Streams) -> int:
    reference = read(arguments.reference)
    columns = [_named(reference, name, arguments.reference) for name in arguments.column]
    if arguments.format == "json":
        content = summary(reference, columns or reference.columns)
        streams.out.write(json.dumps(content, indent=2, allow_nan=False) + "\n")
    elif columns:
        for number, column in enumerate(columns):
            streams.out.write("\n" if number else "")
            describe_column(column, streams)
    else:
        describe(reference, streams)
    return 0


def _named(reference: Reference, name: str, path: Path) -> Column:
    for column in reference.columns:
        if column.name == name:
            return column
    known = [column.name for column in reference.columns]
    near = get_close_matches(name, known, n=_MOST_NAMES) or known[:_MOST_NAMES]
    raise UsageError(
        f"{path}: there is no column {name!r} among the {len(known)}; "
        f"there is {', '.join(map(plain, near))}"
    )
