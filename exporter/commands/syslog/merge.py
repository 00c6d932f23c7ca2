"""``modeltail syslog merge``: the models of several logs to one."""

from __future__ import annotations

import argparse
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.streams import Streams
from exporter.commands.syslog.model_files import add_output, refuse_missing_directory

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "merge",
        help="join the models of several logs",
        description="Join the models of several logs into one, as if it had learned all of them. "
        "Give them in the order of their time.",
    )
    add_output(parser)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL", help="what was trained")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Merge, and say what the result holds."""
    # The command line starts without numpy.
    from exporter.markov import model_file  # noqa: PLC0415
    from exporter.markov.model import merge  # noqa: PLC0415

    output: Path = arguments.output
    refuse_missing_directory(output)
    models = [model_file.load(path) for path in arguments.models]
    merged = reduce(merge, models)
    model_file.save(merged, output)
    report = [
        ("models", f"{len(models):,}"),
        ("lines", f"{merged.lines:,}"),
        ("hosts", f"{merged.chains:,}"),
        ("distinct messages", f"{len(merged.messages):,}"),
        ("transitions", f"{merged.message_transitions.total:,}"),
    ]
    streams.out.write("".join(f"{name:<24}{value}\n" for name, value in report))
    if merged.online is None:
        streams.err.write(
            "a model of an older modeltail is among them: without what `syslog score` needs\n"
        )
    return 0
