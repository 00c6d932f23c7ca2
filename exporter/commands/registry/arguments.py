"""The arguments of `modeltail registry`, without what reads or writes anything."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.streams import Streams

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    Subparsers = _SubParsersAction[argparse.ArgumentParser]

DEFAULT_FILE = Path("registry.yml")


def add_commands(commands: Subparsers) -> None:
    """Add the subcommands."""
    register = _command(
        commands,
        "register",
        "add a version",
        "Add a version of a model, in stage staging. It never changes afterwards.",
        version=True,
    )
    register.add_argument("--kind", metavar="TEXT", help="what it is, for example LightGBM")
    register.add_argument("--trained-on", metavar="TEXT", help="name of what it was trained on")
    register.add_argument("--examples", type=_count, metavar="N", help="how many of them")
    register.add_argument(
        "--param",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyperparameter; may be repeated",
    )
    register.add_argument(
        "--metric",
        type=_metric,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="a figure of its validation before it is released; may be repeated",
    )
    _command(
        commands,
        "promote",
        "bring a version to production",
        "Bring a version to production, in the place of the one that is there.",
        version=True,
    )
    _command(
        commands,
        "rollback",
        "go back to the version before",
        "Bring the version back to production that was there before the present one. Versions that "
        "were archived by `modeltail registry archive` are passed over.",
    )
    _command(
        commands,
        "archive",
        "take a version out",
        "Take a version out: no rollback goes back to it. That in production can't be.",
        version=True,
    )
    listing = commands.add_parser(
        "list",
        help="show versions",
        description="Show the versions of all models or of some, the newest first.",
    )
    _add_file(listing)
    listing.add_argument("models", nargs="*", metavar="MODEL", help="name of a model")
    listing.add_argument("--format", choices=("text", "json"), default="text", help="of the list")
    listing.add_argument("--history", action="store_true", help="show what was done, oldest first")
    listing.set_defaults(run=_running("list"))


def _command(
    commands: Subparsers, name: str, short: str, description: str, *, version: bool = False
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=short, description=description)
    _add_file(parser)
    parser.add_argument("model", metavar="MODEL", help="name of the model in its logs")
    if version:
        parser.add_argument(
            "version", metavar="VERSION", help="semantic version, as `model_version` in the logs"
        )
    if name != "register":
        parser.add_argument("--by", metavar="NAME", help="who (default: the user)")
        parser.add_argument("--reason", metavar="TEXT", help="why")
    parser.set_defaults(run=_running(name))
    return parser


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--registry.file",
        dest="registry_file",
        type=Path,
        default=DEFAULT_FILE,
        metavar="FILE",
        help="the registry (default: %(default)s)",
    )


def _running(name: str) -> Callable[[argparse.Namespace, Streams], int]:
    def run(arguments: argparse.Namespace, streams: Streams) -> int:
        # Imported late: the command line starts without pydantic.
        from exporter.commands.registry import running  # noqa: PLC0415

        return running.COMMANDS[name](arguments, streams)

    return run


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def _parameter(text: str) -> tuple[str, str | bool | int | float]:
    name, value = _pair(text)
    try:
        known = json.loads(value)
    except ValueError:
        return name, value
    number = isinstance(known, int | float) and math.isfinite(known)
    return name, known if number or isinstance(known, bool) else value


def _metric(text: str) -> tuple[str, float]:
    name, value = _pair(text)
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{value!r} is no number")
    return name, number


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value
