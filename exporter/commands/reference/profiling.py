"""From files to a reference: reading, joining with labels logged apart, and choosing a part."""

from __future__ import annotations

import argparse
import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from exporter.assembly import prediction_parser
from exporter.commands.reference.printing import plain
from exporter.commands.streams import Streams
from exporter.config import Configuration, ModelSource
from exporter.drift.columns import OUTPUTS, Kind
from exporter.drift.comparison import MIN_REFERENCE_ROWS
from exporter.drift.observations import successful
from exporter.drift.profile import MAX_COLUMNS, MAX_VALUES, Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.tests import TESTS
from exporter.errors import UsageError
from exporter.joining.lookup import LabelTable
from exporter.parsing.leading_fields import RecordParser
from exporter.records import RecordBatch
from exporter.source import parser_below
from exporter.tailing.inputs import Block, read_blocks


def add_options(parser: argparse.ArgumentParser) -> None:
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


def profiled(
    configuration: Configuration,
    source: ModelSource,
    files: Sequence[str],
    options: argparse.Namespace,
    streams: Streams,
) -> Reference:
    """Return the reference of a model's predictions in some files; say what is left out of it.

    Raises
    ------
    UsageError
        If there is no prediction in them.
    """
    parser = prediction_parser(source, configuration.models, features=None)
    profile = Profile(_kinds(source), source.positive_class)
    _read(profile, parser, files, options, streams)
    columns = profile.columns()
    if not columns:
        raise UsageError(
            f"{', '.join(files)}: no prediction of model {source.name!r} found; "
            "is the field mapping right? `modeltail check` shows what a log holds"
        )
    version = options.version_label
    if version is None:
        version = next(iter(profile.versions)) if len(profile.versions) == 1 else ""
    reference = Reference(
        model=source.name,
        version=version,
        provenance=Provenance(
            files=tuple(files),
            records=profile.records,
            first_timestamp=profile.first_timestamp,
            last_timestamp=profile.last_timestamp,
        ),
        columns=columns,
        reliability=profile.reliability(),
        expected_error=profile.expected_error(columns),
    )
    for remark in _remarks(profile, reference):
        streams.err.write(f"note: {remark}\n")
    return reference


def _read(
    profile: Profile,
    parser: RecordParser,
    files: Sequence[str],
    options: argparse.Namespace,
    streams: Streams,
) -> None:
    problems: Counter[str] = Counter()
    examples: dict[str, str] = {}
    labels, joined, alone = LabelTable(), 0, 0
    chosen = _Part(options.first, options.last)
    with streams.progress("Reading") as progress:
        if options.labels:
            for block in progress.track(read_blocks(options.labels, stdin=streams.stdin)):
                labels.add(_batch(block, parser, problems, examples))
        for block in progress.track(read_blocks(files, stdin=streams.stdin)):
            batch, found = labels.fill(_batch(block, parser, problems, examples))
            joined += found
            alone += int((batch.truth & ~batch.attempt).sum())
            for each in chosen.of(_between(batch, options.since, options.until)):
                profile.add(each)
        for each in chosen.rest():
            profile.add(each)
    for problem, number in sorted(problems.items()):
        example = f", first {examples[problem]}" if problem in examples else ""
        streams.err.write(f"{number} lines left out: {problem}{example}\n")
    if options.labels:
        streams.out.write(f"{joined} of {len(labels)} labels logged apart found their prediction\n")
    if alone:
        streams.err.write(
            f"note: {alone} labels without a prediction are not used; "
            "name their files with --labels\n"
        )


class _Part:
    """The first or the last predictions of a stream; all if neither is asked for."""

    def __init__(self, first: int | None, last: int | None) -> None:
        self._first = first
        self._last = last
        self._held: deque[RecordBatch] = deque()
        self._holding = 0

    def of(self, batch: RecordBatch) -> Iterator[RecordBatch]:
        """Yield what is known to be of the part."""
        if self._first is None and self._last is None:
            yield batch
            return
        predictions = batch.take(successful(batch))
        if self._last is None:
            predictions = predictions.take(np.arange(min(len(predictions), self._first or 0)))
            self._first = (self._first or 0) - len(predictions)
            yield predictions
            return
        self._held.append(predictions)
        self._holding += len(predictions)
        while self._holding - len(self._held[0]) >= self._last:
            self._holding -= len(self._held.popleft())

    def rest(self) -> Iterator[RecordBatch]:
        """Yield what turned out to be of the part at the end of the stream."""
        for batch in self._held:
            surplus = max(0, self._holding - (self._last or 0))
            self._holding -= surplus
            yield batch.take(np.arange(surplus, len(batch)))


def _between(batch: RecordBatch, since: float, until: float) -> RecordBatch:
    if since == -math.inf and until == math.inf:
        return batch
    # A record without a time is of no time.
    return batch.take(np.flatnonzero((batch.timestamp >= since) & (batch.timestamp < until)))


def _time(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-03-01") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of records")
    return int(text)


def configured(configuration: Configuration, name: str, path: Path) -> ModelSource:
    """Return a model of a configuration that was read from `path`.

    Raises
    ------
    UsageError
        If there is none of the name.
    """
    for source in configuration.models:
        if source.name == name:
            return source
    known = ", ".join(source.name for source in configuration.models) or "none"
    raise UsageError(f"{path}: there is no model {name!r}; configured: {known}")


def _kinds(source: ModelSource) -> dict[str, Kind]:
    """Return the kinds that the configuration fixes by choosing a test for a feature."""
    columns = source.drift.columns if source.drift else {}
    return {
        name: "categorical" if "categorical" in TESTS[settings.test].kinds else "numeric"
        for name, settings in columns.items()
        if settings.test is not None and name not in (*OUTPUTS, "*")
    }


def _batch(
    block: Block, parser: RecordParser, problems: Counter[str], examples: dict[str, str]
) -> RecordBatch:
    # Nothing in a profile depends on when its records were read.
    parsed = parser_below(parser, block.header).parse(block.lines, received=0.0)
    problems.update(parsed.rejected)
    # A header is left out for good.
    problems.update({why: number for why, number in parsed.skipped.items() if why != "header"})
    problems.update({f"invalid {reason}": n for reason, n in parsed.batch.invalid.items()})
    if block.too_long:
        problems["too_long"] += block.too_long
    for reason, (index, example) in parsed.examples.items():
        where = f"{block.name}:{block.first_line + index}"
        examples.setdefault(reason, f"{where}: {plain(example, 200)}")
    return parsed.batch


def _remarks(profile: Profile, reference: Reference) -> Iterator[str]:
    if len(profile.versions) > 1:
        names = ", ".join(sorted(profile.versions))
        yield f"the records come from {len(profile.versions)} versions: {plain(names)}"
    if profile.left_out:
        some = plain(min(profile.left_out))
        yield f"features beyond {MAX_COLUMNS} columns are left out, for example {some}"
    if reference.reliability is not None and not reference.features:
        yield (
            "without logged features nobody knows how far calibration travels: the bands of what "
            "is estimated without labels are too narrow once inputs shift"
        )
    for column in reference.columns:
        name = plain(column.name)
        if column.n < MIN_REFERENCE_ROWS:
            yield (
                f"{name}: {column.n} values are too few to test against "
                f"(at least {MIN_REFERENCE_ROWS})"
            )
        if column.n < column.rows - column.missing:
            yield f"{name}: profiled from a uniform sample of {MAX_VALUES:,} values"
