"""``modeltail syslog generate``: a synthetic log, walked over a model's transition matrix."""

from __future__ import annotations

import argparse
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from exporter.commands.streams import Streams
from exporter.commands.syslog.arguments import not_negative, positive
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "generate",
        help="make up a log that a model says is normal",
        description="Make up a log by a random walk over a model's transition matrix, as RFC 3164 "
        "lines, one a second. Messages are those of the training logs without their digits, which "
        "the model does not keep.",
    )
    parser.add_argument(
        "--model",
        required=True,
        type=Path,
        metavar="MODEL",
        help="what `modeltail syslog train` wrote",
    )
    parser.add_argument("--lines", type=positive, default=1000, metavar="N", help="default: 1000")
    parser.add_argument(
        "--seed",
        type=not_negative,
        default=0,
        metavar="S",
        help="the same seed, model and start give the same log (default: 0)",
    )
    parser.add_argument(
        "--host", type=_host, default="synthetic", help="of every line (default: synthetic)"
    )
    parser.add_argument(
        "--start",
        type=_time,
        metavar="TIME",
        help="of the first line, as 2026-11-22T17:28:06 (default: such that the last one is now)",
    )
    parser.add_argument(
        "--restart",
        action="store_true",
        help="begin anew after a message that only itself follows; without it the log stays there, "
        "as the paper's matrix says",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: standard output"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Write the log."""
    if arguments.output is None:
        _write(arguments, streams.out)
        return 0
    try:
        with arguments.output.open("w", encoding="utf-8") as file:
            _write(arguments, file)
    except OSError as error:
        raise UsageError(f"{arguments.output}: {error.strerror}") from error
    return 0


def _write(arguments: argparse.Namespace, out: TextIO) -> None:
    # The command line starts without numpy.
    import numpy as np  # noqa: PLC0415

    from exporter.markov import model_file, synthesis  # noqa: PLC0415

    model = model_file.load(arguments.model)
    if not len(model.messages):
        raise UsageError(f"{arguments.model}: knows no message")
    generator = np.random.default_rng(arguments.seed)
    states = synthesis.walk(
        model.message_transitions, arguments.lines, generator, restart=arguments.restart
    )
    start = arguments.start
    if start is None:
        now = datetime.fromtimestamp(time.time())  # noqa: DTZ006  # Daemons write local time.
        start = now.replace(microsecond=0) - timedelta(seconds=arguments.lines - 1)
    messages = model.messages.values
    texts = (messages[state] for state in states.tolist())
    out.writelines(f"{line}\n" for line in synthesis.lines(texts, arguments.host, start))


def _host(text: str) -> str:
    if not text or " " in text or not text.isprintable() or text[-1] in ":]":
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a host")
    return text


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-11-22T17:28:06") from error
