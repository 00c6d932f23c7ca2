"""``modeltail syslog``: the Markov model of syslog messages, offline. One file a subcommand."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from exporter.commands.syslog import evaluate, generate, merge, score, show, train

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("syslog", help="the Markov model of syslog messages, offline")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    train.add_parser(commands)
    score.add_parser(commands)
    generate.add_parser(commands)
    evaluate.add_parser(commands)
    merge.add_parser(commands)
    show.add_parser(commands)
