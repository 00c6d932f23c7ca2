"""`modeltail reference`: make and look at the reference of a model's drift monitor."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from exporter import config
from exporter.assembly import prediction_parser
from exporter.commands.options import add_config_file
from exporter.commands.streams import Streams
from exporter.config import Configuration, ModelSource
from exporter.drift.columns import OUTPUTS, CategoricalColumn, Column, Kind
from exporter.drift.comparison import MIN_REFERENCE_ROWS
from exporter.drift.profile import MAX_COLUMNS, MAX_VALUES, Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.reference_file import read, write
from exporter.drift.tests import TESTS
from exporter.errors import UsageError
from exporter.estimation.reliability import LEAST
from exporter.joining.lookup import LabelTable
from exporter.parsing.leading_fields import RecordParser
from exporter.quality.inference import as_yaml
from exporter.records import RecordBatch
from exporter.source import parser_below
from exporter.tailing.inputs import Block, read_blocks

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

_SHOWN_CATEGORIES = 3


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand and its own subcommands."""
    parser = subparsers.add_parser("reference", help="build or show the reference of the drift")
    actions = parser.add_subparsers(metavar="COMMAND", required=True)

    build = actions.add_parser(
        "build",
        help="profile prediction logs of a good period",
        description="Profiles prediction logs of a period in which the model was known to be "
        "good, in the format and with the field mapping of the configured model.",
    )
    add_config_file(build)
    build.add_argument("--model", required=True, metavar="M", help="name in the configuration")
    build.add_argument("-o", "--output", type=Path, required=True, metavar="REF")
    build.add_argument(
        "--version-label", metavar="TEXT", help="default: the version that the records name"
    )
    build.add_argument(
        "--labels",
        action="append",
        default=[],
        metavar="FILE",
        help="ground truth logged apart, by request_id; path or glob, may be repeated",
    )
    build.add_argument("files", nargs="+", metavar="FILE", help="paths, globs, .gz, - for stdin")
    build.set_defaults(run=_build)

    rules = actions.add_parser(
        "rules",
        help="print the rules that a reference keeps",
        description="Prints the rules that the predictions of a reference keep, as YAML to edit "
        "and to name in the configuration: rules: {include: FILE}.",
    )
    rules.add_argument("reference", type=Path, metavar="REF")
    rules.set_defaults(run=_rules)

    show = actions.add_parser("show", help="print what a reference holds")
    show.add_argument("reference", type=Path, metavar="REF")
    show.set_defaults(run=_show)


def _build(arguments: argparse.Namespace, streams: Streams) -> int:
    configuration = config.load(arguments.config_file)
    source = _source(configuration, arguments.model, arguments.config_file)
    parser = prediction_parser(source, configuration.models, features=None)
    profile = Profile(_kinds(source), source.positive_class)
    problems: Counter[str] = Counter()
    examples: dict[str, str] = {}
    labels, joined, alone = LabelTable(), 0, 0
    with streams.progress("Reading") as progress:
        if arguments.labels:
            for block in progress.track(read_blocks(arguments.labels, stdin=streams.stdin)):
                labels.add(_batch(block, parser, problems, examples))
        for block in progress.track(read_blocks(arguments.files, stdin=streams.stdin)):
            batch, found = labels.fill(_batch(block, parser, problems, examples))
            joined += found
            alone += int((batch.truth & ~batch.attempt).sum())
            profile.add(batch)
    for problem, number in sorted(problems.items()):
        example = f", first {examples[problem]}" if problem in examples else ""
        streams.err.write(f"{number} lines left out: {problem}{example}\n")
    columns = profile.columns()
    if not columns:
        raise UsageError(
            f"{', '.join(arguments.files)}: no prediction of model {source.name!r} found; "
            "is the field mapping right? `modeltail check` shows what a log holds"
        )
    version = arguments.version_label
    if version is None:
        version = next(iter(profile.versions)) if len(profile.versions) == 1 else ""
    reference = Reference(
        model=source.name,
        version=version,
        provenance=Provenance(
            files=tuple(arguments.files),
            records=profile.records,
            first_timestamp=profile.first_timestamp,
            last_timestamp=profile.last_timestamp,
        ),
        columns=columns,
        reliability=profile.reliability(),
        expected_error=profile.expected_error(columns),
    )
    write(reference, arguments.output)
    _print(reference, streams.out)
    if alone:
        streams.err.write(
            f"note: {alone} labels without a prediction are not used; "
            "name their files with --labels\n"
        )
    if arguments.labels:
        streams.out.write(f"{joined} of {len(labels)} labels logged apart found their prediction\n")
    for remark in _remarks(profile, reference):
        streams.err.write(f"note: {remark}\n")
    streams.out.write(f"wrote {arguments.output}\n")
    _write_rules(reference, arguments.output, streams)
    return 0


def _write_rules(reference: Reference, output: Path, streams: Streams) -> None:
    path = output.with_name(output.name.removesuffix(".ref") + ".rules.yml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(as_yaml(reference))
    except FileExistsError:
        streams.err.write(
            f"note: {path} is kept, since somebody may have edited it; "
            f"`modeltail reference rules {output}` prints the rules of this reference\n"
        )
    except OSError as error:
        raise UsageError(f"{path}: can't write the rules: {error.strerror}") from error
    else:
        streams.out.write(f"wrote {path}\n")


def _rules(arguments: argparse.Namespace, streams: Streams) -> int:
    streams.out.write(as_yaml(read(arguments.reference)))
    return 0


def _show(arguments: argparse.Namespace, streams: Streams) -> int:
    _print(read(arguments.reference), streams.out)
    return 0


def _source(configuration: Configuration, name: str, path: Path) -> ModelSource:
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
        examples.setdefault(reason, f"{where}: {_plain(example, 200)}")
    return parsed.batch


def _remarks(profile: Profile, reference: Reference) -> Iterator[str]:
    if len(profile.versions) > 1:
        names = ", ".join(sorted(profile.versions))
        yield f"the records come from {len(profile.versions)} versions: {_plain(names)}"
    if profile.left_out:
        some = _plain(min(profile.left_out))
        yield f"features beyond {MAX_COLUMNS} columns are left out, for example {some}"
    if reference.reliability is not None and not reference.features:
        yield (
            "without logged features nobody knows how far calibration travels: the bands of what "
            "is estimated without labels are too narrow once inputs shift"
        )
    for column in reference.columns:
        name = _plain(column.name)
        if column.n < MIN_REFERENCE_ROWS:
            yield (
                f"{name}: {column.n} values are too few to test against "
                f"(at least {MIN_REFERENCE_ROWS})"
            )
        if column.n < column.rows - column.missing:
            yield f"{name}: profiled from a uniform sample of {MAX_VALUES:,} values"


def _print(reference: Reference, out: TextIO) -> None:
    version = f" version {_plain(reference.version)}" if reference.version else ""
    out.write(
        f"reference {reference.label} of model {_plain(reference.model)}{version}: "
        f"{reference.provenance.records} predictions\n"
    )
    if reference.reliability is None:
        out.write(
            f"accuracy without labels: not estimated, since fewer than {LEAST} predictions have a "
            "label and a confidence\n"
        )
    else:
        reliability = reference.reliability
        number = int(reliability.predictions.sum())
        accuracy = int(reliability.right.sum()) / number
        positive = (
            f", with F1 and ROC-AUC of class {_plain(reliability.classes[1])}"
            if reliability.classes
            else ""
        )
        out.write(
            f"accuracy without labels: estimated{positive}, from {number} labelled predictions of "
            f"which {accuracy:.2%} are right\n"
        )
    _print_expected_error(reference, out)
    rows = [("column", "kind", "values", "missing", "cells", "content")]
    rows += [
        (
            _plain(column.name),
            column.kind,
            str(column.n),
            f"{column.missing / column.rows:.2%}",
            str(len(column.counts)),
            _content(column),
        )
        for column in reference.columns
    ]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.write("  ".join(padded).rstrip() + "\n")


def _print_expected_error(reference: Reference, out: TextIO) -> None:
    expected = reference.expected_error
    if expected is not None:
        out.write(
            f"mean absolute error without labels: estimated, from {expected.records} labelled "
            f"predictions whose mean absolute error is {expected.realised:.4g}\n"
        )


def _content(column: Column) -> str:
    if isinstance(column, CategoricalColumn):
        shares = zip(column.categories, column.counts.tolist(), strict=False)
        shown = [
            f"{_plain(category)} {count / column.n:.1%}"
            for category, count in list(shares)[:_SHOWN_CATEGORIES]
        ]
        more = len(column.categories) - len(shown)
        return ", ".join(shown) + (f", {more} more" if more else "")
    moments = column.moments
    if moments.mean is None or moments.minimum is None or moments.maximum is None:
        return ""
    spread = "" if moments.std is None else f", sd {moments.std:.4g}"
    return f"{moments.minimum:.4g} to {moments.maximum:.4g}, mean {moments.mean:.4g}{spread}"


def _plain(text: str, length: int = 80) -> str:
    """Return the beginning of a log's text, without what would steer a terminal."""
    shown = text if len(text) <= length else text[: length - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in shown)
