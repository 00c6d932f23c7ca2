"""Arguments that the subcommands share: which logs, and how their lines are written."""

from __future__ import annotations

import argparse


def add_log_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files to read, and what is to be known of their lines."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a path, a glob, or - for standard input; also .gz"
    )
    add_line_arguments(parser)


def add_line_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is to be known of lines."""
    parser.add_argument(
        "--leading-fields",
        type=not_negative,
        default=0,
        metavar="N",
        help="space-separated columns that a collector put before the header (default: 0)",
    )
    parser.add_argument(
        "--timezone",
        default="local",
        metavar="ZONE",
        help="of times without an offset: local, UTC or an IANA name (default: local)",
    )


def not_negative(text: str) -> int:
    """Return a whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)
