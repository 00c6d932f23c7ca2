"""``modeltail syslog evaluate``: how many planted anomalies are found."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.commands.streams import Streams
from exporter.commands.syslog.arguments import add_line_arguments, not_negative, positive
from exporter.errors import UsageError

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from exporter.markov.evaluation.log import Log
    from exporter.markov.evaluation.pairs import Pair
    from exporter.markov.evaluation.planting import Kind
    from exporter.markov.evaluation.rankers import Ranker
    from exporter.markov.evaluation.self_test import Expected
    from exporter.markov.evaluation.summary import Summary

SEEDS = 10
ANOMALIES = 10
ALPHA = 1e-3
# Of exporter.markov.evaluation.rankers and .planting: the command line starts without numpy.
SCORERS = ("message", "message+tag", "detector", "tokens-online")
DEFAULT_SCORERS = SCORERS[:3]
KINDS = ("insertion", "novel", "stranger", "deletion", "both")


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "evaluate",
        help="plant anomalies into logs and see how many are found",
        description="Plant anomalies into logs, as Haque, DeLucia and Baseman (HUST 2017) do, and "
        "see how many are found: lines that are too many (insertion: one that the host has "
        "elsewhere; novel: one that it never had; stranger: one of a program that it never had), "
        "missing (deletion), or both insertions and deletions.",
    )
    logs = parser.add_mutually_exclusive_group(required=True)
    logs.add_argument(
        "--pairs",
        type=Path,
        metavar="FILE",
        help="YAML file of logs, of which pairs are made that are more and less alike",
    )
    logs.add_argument(
        "--train", nargs="+", metavar="FILE", help="one log to learn, for the one of --test"
    )
    logs.add_argument(
        "--self-test",
        nargs="+",
        metavar="FILE",
        help="learn the first half of a log, plant into the second, and say how many anomalies "
        "raise an alarm at --alpha",
    )
    parser.add_argument("--test", nargs="+", metavar="FILE", help="the log to plant into")
    _add_choices(parser)
    add_line_arguments(parser)
    parser.set_defaults(run=run)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scorer",
        action="append",
        choices=SCORERS,
        help="may be given more than once; others are compared with the first one. message and "
        "message+tag are the paper's, tokens-online is a chain of lines with masked numbers that "
        "learns on (default: message, message+tag and detector)",
    )
    parser.add_argument(
        "--kind",
        action="append",
        choices=KINDS,
        help="what to plant; may be given more than once (default: all)",
    )
    parser.add_argument(
        "--seeds",
        type=positive,
        default=SEEDS,
        metavar="N",
        help=f"how often to plant into each log, with the seeds from 0 (default: {SEEDS})",
    )
    parser.add_argument(
        "--anomalies",
        type=positive,
        default=ANOMALIES,
        metavar="N",
        help=f"of each kind at once (default: {ANOMALIES})",
    )
    parser.add_argument(
        "--alpha",
        type=_probability,
        default=ALPHA,
        help=f"share of normal lines that may raise an alarm (default: {ALPHA:g})",
    )
    parser.add_argument(
        "--pair-seed",
        type=not_negative,
        default=0,
        metavar="S",
        help="of the choice of training logs in --pairs, and of the walk in the figures "
        "(default: 0)",
    )
    parser.add_argument(
        "--figures", type=Path, metavar="DIR", help="draw the paper's figures there, as SVG"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Evaluate and print."""
    # The command line starts without numpy.
    from exporter.markov.evaluation.planting import Kind  # noqa: PLC0415
    from exporter.markov.evaluation.rankers import ranker  # noqa: PLC0415

    if (arguments.train is None) != (arguments.test is None):
        raise UsageError("--train and --test go together")
    if arguments.figures and arguments.self_test:
        raise UsageError("--self-test draws no figures")
    rankers = [ranker(name) for name in dict.fromkeys(arguments.scorer or DEFAULT_SCORERS)]
    kinds = [Kind(name) for name in dict.fromkeys(arguments.kind or KINDS)]
    if arguments.self_test:
        streams.out.write(_self_test(arguments, streams, rankers, kinds))
        return 0
    pairs = _pairs(arguments)
    summary = _summary(arguments, streams, pairs, rankers, kinds)
    if arguments.figures:
        _draw(arguments, summary, pairs)
    streams.out.write(_report(arguments, summary, rankers[0].name))
    return 0


def _read(arguments: argparse.Namespace, files: Sequence[str]) -> Log:
    from exporter.markov.evaluation.log import Log  # noqa: PLC0415

    log = Log.read(files, time.time(), arguments.timezone, arguments.leading_fields)
    if not len(log):
        raise UsageError(f"{', '.join(files)}: no syslog message")
    return log


def _pairs(arguments: argparse.Namespace) -> list[Pair]:
    from exporter.markov.evaluation.pair_file import read_pairs  # noqa: PLC0415
    from exporter.markov.evaluation.pairs import Pair, Part  # noqa: PLC0415

    if arguments.pairs:
        return read_pairs(arguments.pairs, time.time(), arguments.pair_seed)
    train, test = (
        Part(files[0], "", "", _read(arguments, files))
        for files in (arguments.train, arguments.test)
    )
    return [Pair(train, test, None)]


def _summary(
    arguments: argparse.Namespace,
    streams: Streams,
    pairs: Sequence[Pair],
    rankers: Sequence[Ranker],
    kinds: Sequence[Kind],
) -> Summary:
    from exporter.markov.evaluation.experiments import trials  # noqa: PLC0415
    from exporter.markov.evaluation.summary import Summary  # noqa: PLC0415

    judged = []
    total = len(pairs) * len(rankers) * len(kinds) * arguments.seeds
    with streams.progress("evaluating", total=total, unit="rankings") as progress:
        for trial in trials(pairs, rankers, kinds, arguments.seeds, arguments.anomalies):
            judged.append(trial)
            progress.advance(1)
    return Summary(judged)


def _draw(arguments: argparse.Namespace, summary: Summary, pairs: Sequence[Pair]) -> None:
    from exporter.markov.evaluation.figures import figures  # noqa: PLC0415

    folder: Path = arguments.figures
    first = pairs[0].train
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, drawing in figures(summary, first.log, first.name, arguments.pair_seed):
            (folder / name).write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from error


def _report(arguments: argparse.Namespace, summary: Summary, compared_with: str) -> str:
    from exporter.markov.evaluation import report  # noqa: PLC0415

    if arguments.format == "json":
        return report.as_json(summary, compared_with) + "\n"
    return report.text(summary, compared_with)


def _self_test(
    arguments: argparse.Namespace,
    streams: Streams,
    rankers: Sequence[Ranker],
    kinds: Sequence[Kind],
) -> str:
    from exporter.markov.evaluation.self_test import self_test  # noqa: PLC0415

    log = _read(arguments, arguments.self_test)
    expected = []
    total = len(rankers) * len(kinds)
    with streams.progress("evaluating", total=total, unit="expectations") as progress:
        for row in self_test(
            log, rankers, kinds, arguments.seeds, arguments.anomalies, arguments.alpha
        ):
            expected.append(row)
            progress.advance(1)
    if arguments.format == "json":
        rows = [{"alpha": arguments.alpha, **asdict(row)} for row in expected]
        return json.dumps(rows, indent=1) + "\n"
    return _expectations(expected, arguments.alpha)


def _expectations(expected: Sequence[Expected], alpha: float) -> str:
    lines = [
        f"{expected[0].lines:,} lines after as many that were learned, alpha {alpha:g};",
        "recall: mean (standard deviation) over seeds",
        f"{'scorer':<14}{'anomalies':<12}{'recall':>14}{'alarms per line':>18}",
    ]
    for row in expected:
        recall = f"{row.recall:.2f} ({row.deviation:.2f})"
        note = "" if row.supported else "  too few lines to support this alpha"
        lines.append(f"{row.scorer:<14}{row.kind:<12}{recall:>14}{row.alarm_rate:>18.2g}{note}")
    return "\n".join(lines) + "\n"


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number between 0 and 1")
    return value
