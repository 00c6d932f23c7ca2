"""What `modeltail reference` can be asked; what does it is imported when it is used."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.commands.options import add_config_file
from exporter.commands.streams import Streams
from exporter.drift.seasonal.cycles import CYCLES
from exporter.parsing.fields import RECORD_FIELDS

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

Run = Callable[[argparse.Namespace, Streams], int]


def add_commands(actions: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands."""
    _add_build(actions)
    _add_accept(actions)
    _add_show(actions)


def _later(module: str, name: str) -> Run:
    """Return what runs a command of a module beside this one: the command line needs no numpy."""

    def run(arguments: argparse.Namespace, streams: Streams) -> int:
        found: Run = getattr(import_module(f"exporter.commands.reference.{module}"), name)
        return found(arguments, streams)

    return run


def _add_build(actions: _SubParsersAction[argparse.ArgumentParser]) -> None:
    build = actions.add_parser(
        "build",
        help="profile prediction logs of a good period",
        description="Profiles prediction logs of a period in which the model was known to be "
        "good, in the format and with the field mapping of the configured model.",
    )
    add_config_file(build)
    build.add_argument("--model", required=True, metavar="M", help="name in the configuration")
    build.add_argument("-o", "--output", type=Path, required=True, metavar="REF")
    build.add_argument("files", nargs="+", metavar="FILE", help="paths, globs, .gz, - for stdin")
    _add_part(build)
    build.set_defaults(run=_later("build", "run"))


def _add_accept(actions: _SubParsersAction[argparse.ArgumentParser]) -> None:
    accept = actions.add_parser(
        "accept",
        help="take recent predictions for the new reference",
        description="Accepts drift: makes a reference of recent predictions, prints how it differs "
        "from the one in force, and puts it in its place. The old one is kept beside it, as "
        "REF.<its label>.",
    )
    add_config_file(accept)
    accept.add_argument("--model", required=True, metavar="M", help="name in the configuration")
    accept.add_argument(
        "--from", dest="kept", type=Path, metavar="REF",
        help="take this reference instead, as one that was kept: undoes an acceptance",
    )  # fmt: skip
    accept.add_argument("files", nargs="*", metavar="FILE", help="default: the model's own files")
    _add_part(accept)
    accept.set_defaults(run=_later("accept", "run"))


def _add_show(actions: _SubParsersAction[argparse.ArgumentParser]) -> None:
    rules = actions.add_parser(
        "rules",
        help="print the rules that a reference keeps",
        description="Prints the rules that the predictions of a reference keep, as YAML to edit "
        "and to name in the configuration: rules: {include: FILE}.",
    )
    rules.add_argument("reference", type=Path, metavar="REF")
    rules.set_defaults(run=_later("show", "print_rules"))

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
    show.set_defaults(run=_later("show", "run"))


def _add_part(parser: argparse.ArgumentParser) -> None:
    """Add what says which records a reference is made of."""
    parser.add_argument(
        "--version-label", metavar="TEXT", help="default: the version that the records name"
    )
    parser.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="FILE",
        help="ground truth logged apart, by request_id; path or glob, may be repeated",
    )
    parser.add_argument(
        "--since", type=_time, default=-math.inf, metavar="TIME",
        help="only records from then on, such as 2026-03-01 or 2026-03-01T12:00:00Z",
    )  # fmt: skip
    parser.add_argument(
        "--until", type=_time, default=math.inf, metavar="TIME", help="only records before that"
    )
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--first", type=_number, metavar="N", help="only the first N predictions of them"
    )
    part.add_argument("--last", type=_number, metavar="N", help="only the last N of them")
    parser.add_argument(
        "--no-density", action="store_true",
        help="leave out some 1,000 records, as numbers alone, that drift.density needs",
    )  # fmt: skip
    parser.add_argument(
        "--seasonal", choices=CYCLES,
        help="count each column by this as well, so that windows are compared with the same hours",
    )  # fmt: skip
    parser.add_argument(
        "--timezone", type=_timezone, metavar="ZONE",
        help="whose hours and days these are, such as Europe/Zurich (default: UTC)",
    )  # fmt: skip
    _add_tables(parser)


def _add_tables(parser: argparse.ArgumentParser) -> None:
    """Add what says how tables are read."""
    tables = parser.add_argument_group(
        "tables",
        "A .parquet is a table, such as a training set: a row a prediction, a column a feature. So "
        "is a .csv of a model whose log is not CSV.",
    )
    tables.add_argument(
        "--table", action="store_true", help="any other FILE is a table in CSV, not a log"
    )
    tables.add_argument(
        "--field", type=_field, action="append", default=[], metavar="FIELD=COLUMN",
        help="the column of a field, such as prediction=y_hat or true_label=y; may be repeated",
    )  # fmt: skip
    tables.add_argument(
        "--without", action="append", default=[], metavar="COLUMN",
        help="a column that is no feature, such as a row number; may be repeated",
    )  # fmt: skip


def _time(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time zone, such as Europe/Zurich"
        ) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of records")
    return int(text)


def _field(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    if not (equals and column) or field not in RECORD_FIELDS or field == "features":
        raise argparse.ArgumentTypeError(
            f"{text!r} is no FIELD=COLUMN, such as prediction=y_hat; docs/logging.md has the fields"
        )
    return field, column
