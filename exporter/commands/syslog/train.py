"""``modeltail syslog train``: the logs of normal days to a model file."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.streams import Streams
from exporter.commands.syslog.arguments import add_log_arguments
from exporter.commands.syslog.model_files import add_output, refuse_missing_directory
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from exporter.markov.model import MarkovModel
    from exporter.markov.training import Trainer
    from exporter.parsing.syslog_lines import SyslogParser
    from exporter.tailing.inputs import Block


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "train",
        help="learn which message follows which from the logs of normal days",
        description="Learn which message follows which from the logs of normal days. Give the "
        "files in the order of their time.",
    )
    add_output(parser)
    add_log_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Train and write the model, then say what is in it."""
    # The command line starts without numpy.
    from exporter.markov import model_file  # noqa: PLC0415
    from exporter.markov.training import Trainer  # noqa: PLC0415
    from exporter.parsing.syslog_lines import syslog_parser  # noqa: PLC0415
    from exporter.tailing.inputs import read_blocks  # noqa: PLC0415

    output: Path = arguments.output
    refuse_missing_directory(output)
    parser = syslog_parser("train", "auto", arguments.timezone, arguments.leading_fields)
    trainer = Trainer()
    blocks = read_blocks(arguments.files, stdin=streams.stdin)
    with streams.progress("training") as progress:
        reading = _read(progress.track(blocks), parser, trainer)
    if not trainer.lines:
        what = "".join(f"; {example}" for example in reading.examples.values())
        raise UsageError(f"{', '.join(arguments.files)}: no syslog message{what}")
    model = trainer.model()
    model_file.save(model, output)
    for reason, example in reading.examples.items():
        streams.err.write(f"{reading.rejected[reason]:,} rejected ({reason}): {example}\n")
    streams.out.write("".join(f"{name:<24}{value}\n" for name, value in reading.report()))
    streams.out.write("".join(f"{name:<24}{value}\n" for name, value in _report(model, trainer)))
    return 0


@dataclass
class _Reading:
    """What became of the lines."""

    read: int = 0
    parsed: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def report(self) -> list[tuple[str, str]]:
        return [
            ("lines read", f"{self.read:,}"),
            ("parsed", f"{self.parsed:,}"),
            ("rejected", _by_reason(self.rejected)),
            ("skipped", _by_reason(self.skipped)),
        ]


def _read(blocks: Iterable[Block], parser: SyslogParser, trainer: Trainer) -> _Reading:
    reading = _Reading()
    # The year of the messages is of no consequence here: only their order counts.
    received = time.time()
    for block in blocks:
        parsed = parser.parse(block.lines, received)
        trainer.update(parsed.batch)
        reading.read += len(block.lines) + block.too_long
        reading.parsed += parsed.parsed
        reading.rejected += parsed.rejected
        reading.skipped += parsed.skipped
        if block.too_long:
            reading.rejected["too_long"] += block.too_long
        for reason, (index, example) in parsed.examples.items():
            where = f"{block.name}:{block.first_line + index}"
            reading.examples.setdefault(reason, f"{where}: {example}")
    return reading


def _report(model: MarkovModel, trainer: Trainer) -> list[tuple[str, str]]:
    from exporter.markov.model import MIN_HOLDOUT  # noqa: PLC0415

    share = model.expected_unseen_share
    if share is None:
        expected = (
            f"unknown: the second half of the logs has {model.holdout_transitions:,} transitions, "
            f"{MIN_HOLDOUT} are needed"
        )
    else:
        expected = (
            f"{share:.4%} (of {model.holdout_transitions:,} transitions in the second half of the "
            f"logs, the first half has all but {model.holdout_unseen:,})"
        )
    left_out = f" ({trainer.left_out:,} messages left out)" if trainer.left_out else ""
    return [
        ("hosts", f"{model.chains:,}"),
        ("tags", f"{len(model.tags):,}"),
        ("distinct messages", f"{len(model.messages):,}{left_out}"),
        ("transitions", f"{model.message_transitions.total:,}"),
        ("distinct transitions", f"{len(model.message_transitions.pairs):,}"),
        ("expected unseen share", expected),
        ("reference", _reference(trainer)),
    ]


def _reference(trainer: Trainer) -> str:
    from exporter.markov.reference import FIRST  # noqa: PLC0415

    reference = trainer.reference
    if not reference.compared:
        return f"of too few messages: {FIRST:,} have to come before those that are compared with it"
    return (
        f"p-values from {reference.compared:,} messages that it had not seen; alpha of "
        f"{1 / (1 + reference.compared):.1g} or more"
    )


def _by_reason(counts: Counter[str]) -> str:
    total = f"{counts.total():,}"
    return total + (
        f" ({', '.join(f'{n:,} {reason}' for reason, n in counts.items())})" * bool(counts)
    )
