"""`modeltail completion`: a script that completes commands, options and files in a shell."""

from __future__ import annotations

import argparse
from argparse import _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

from exporter.commands.streams import Streams

SHELLS = ("bash", "zsh")


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "completion",
        help="print a script that completes commands and options in a shell",
        description="Print a script that completes commands, options and files. For bash, write it "
        "to /etc/bash_completion.d/modeltail or "
        "~/.local/share/bash-completion/completions/modeltail; for zsh, to a file _modeltail in a "
        "folder of $fpath.",
    )
    parser.add_argument("shell", choices=SHELLS, help="whose script")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Print the script."""
    import shtab  # noqa: PLC0415

    # The parser of everything has this command in it.
    from exporter import cli  # noqa: PLC0415

    whole = cli.parser()
    for action in _actions(whole):
        if action.type is Path or action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(whole, shell=arguments.shell), file=streams.out)
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the options and arguments of a parser and of all below it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to look at them
        yield action
        if isinstance(action, _SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
