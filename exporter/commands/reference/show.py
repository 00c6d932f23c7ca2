"""`modeltail reference show` and `rules`: look at a reference."""

from __future__ import annotations

import argparse
import json
from difflib import get_close_matches
from pathlib import Path

from exporter.commands.reference.printing import describe, describe_column, plain
from exporter.commands.reference.summary import summary
from exporter.commands.streams import Streams
from exporter.drift.columns import Column
from exporter.drift.reference import Reference
from exporter.drift.reference_file import read
from exporter.errors import UsageError
from exporter.quality.inference import as_yaml

_MOST_NAMES = 5


def print_rules(arguments: argparse.Namespace, streams: Streams) -> int:
    """Print the rules that a reference keeps."""
    streams.out.write(as_yaml(read(arguments.reference)))
    return 0


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Print and plot what a reference holds."""
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
