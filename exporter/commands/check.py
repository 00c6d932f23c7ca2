"""``modeltail check``: validate the configuration and try it on the head of the real files."""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter.commands.options import add_config_file
from exporter.commands.streams import Streams

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    import numpy as np
    from numpy.typing import NDArray

    from exporter.config import Configuration, ModelSource, Rules, SyslogSource
    from exporter.records import RecordBatch, SyslogBatch
    from exporter.registry.looker import Models
    from exporter.tailing.inputs import Block

DEFAULT_SAMPLE = 1000
_SHOWN_KEYS = 20
_SHOWN_BYTES = 120
_SNIFFED_LINES = 50
_EXPECTED = {
    "json": "one JSON object a line",
    "logfmt": "key=value pairs",
    "csv": "CSV below a header",
    "regex": "lines that the pattern matches",
}


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "check",
        help="validate the configuration and try it on the head of the real files",
        description="Validate the configuration and try it on the first lines of each file. "
        "Exits with 1 if something was found that will lose data or leave metrics out.",
    )
    add_config_file(parser)
    parser.add_argument(
        "--sample",
        type=_positive,
        default=DEFAULT_SAMPLE,
        metavar="N",
        help=f"lines to try of each file (default: {DEFAULT_SAMPLE})",
    )
    parser.add_argument(
        "--alertmanager",
        type=Path,
        metavar="FILE",
        help="look at this configuration of Alertmanager as well: secrets, templates, routes",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config",
        type=Path,
        metavar="FILE",
        help="look at this web configuration as well, and the certificates that it names",
    )
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


@dataclass(slots=True)
class Report:
    """What was found out about one source."""

    name: str
    lines: int = 0
    parsed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    examples: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    unreadable: list[bytes] = field(default_factory=list)
    """The first lines of a file of which none parses."""


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Print a report of each source, and of the other files that are to be checked."""
    found = try_out(arguments.config_file, arguments.sample, streams)
    if arguments.web_config is not None:
        from exporter.web_config.file import read  # noqa: PLC0415

        read(arguments.web_config)
        print(f"\n{arguments.web_config}: the web configuration is valid", file=streams.out)
    if arguments.alertmanager is not None:
        found += _alertmanager(arguments.alertmanager, streams)
    return conclude(found, streams)


def conclude(found: int, streams: Streams) -> int:
    """Print how many problems were found, and return the exit code."""
    print(f"\n{found or 'no'} problem{'s' * (found > 1)} found", file=streams.out)
    return 1 if found else 0


def try_out(file: Path, sample: int, streams: Streams) -> int:
    """Print a report of each source of a configuration, and return how many problems there are.

    Parameters
    ----------
    sample
        How many lines of each file are tried.

    Raises
    ------
    UsageError
        If the configuration can't be used.
    """
    from exporter import config  # noqa: PLC0415

    configuration = config.load(file)
    print(f"{file}: the configuration is valid", file=streams.out)
    registered, unreadable = _registry(configuration, streams)
    reports = [
        *(_model(configuration, model, sample, registered) for model in configuration.models),
        *(_syslog(source, sample) for source in configuration.syslog),
    ]
    for report in reports:
        print(f"\n{report.name}: {report.parsed} of {report.lines} lines parse", file=streams.out)
        for reason, count in sorted(report.skipped.items()):
            print(f"  {count} are skipped: {reason}", file=streams.out)
        for fact in report.facts:
            print(f"  {fact}", file=streams.out)
        for problem in report.problems:
            print(f"  problem: {problem}", file=streams.out)
    return unreadable + sum(len(report.problems) for report in reports)


def _registry(configuration: Configuration, streams: Streams) -> tuple[Models | None, int]:
    """Return what the registry knows, if there is one, and how many problems it has."""
    from exporter.commands.printable import printable  # noqa: PLC0415
    from exporter.errors import UsageError  # noqa: PLC0415
    from exporter.registry.file_reader import FileReader  # noqa: PLC0415

    if configuration.registry is None:
        return None, 0
    try:
        return FileReader(configuration.registry.file)(), 0
    except UsageError as error:
        found = [printable(line) for line in str(error).splitlines()]
        for problem in found:
            print(f"  problem: {problem}", file=streams.out)
        return None, len(found)


def _alertmanager(path: Path, streams: Streams) -> int:
    """Print what would keep notifications from arriving, and return how many problems there are."""
    from exporter.alerting.preflight import problems  # noqa: PLC0415
    from exporter.tailing.followed import printable  # noqa: PLC0415

    found = problems(path)
    print(f"\n{path}: secrets, templates, routes and inhibitions", file=streams.out)
    for problem in found:
        print(f"  problem: {printable(problem)}", file=streams.out)
    return len(found)


def _head(path: str, sample: int, report: Report) -> Iterator[Block]:
    """Yield the first lines of a file, and note what keeps it from being read."""
    from exporter.errors import UsageError  # noqa: PLC0415
    from exporter.tailing.followed import printable  # noqa: PLC0415
    from exporter.tailing.inputs import read_blocks  # noqa: PLC0415

    left = sample
    try:
        for block in read_blocks([path]):
            if block.too_long:
                report.lines += block.too_long
                report.problems.append(
                    f"{printable(path)}: {block.too_long} lines are longer than 1 MiB"
                )
            yield replace(block, lines=block.lines[:left])
            left -= len(block.lines)
            if left <= 0:
                return
    except UsageError as error:
        report.problems.append(printable(str(error)))


def _find(report: Report, paths: tuple[str, ...]) -> list[str]:
    """Return the files of a source, and note what can't be followed."""
    from exporter.tailing.discovery import discover, in_words  # noqa: PLC0415
    from exporter.tailing.followed import printable  # noqa: PLC0415
    from exporter.tailing.patterns import STDIN  # noqa: PLC0415

    discovered = discover(paths)
    for path, reason in discovered.errors.items():
        report.problems.append(f"{printable(path)}: can't be followed: {in_words(reason)}")
    for path in paths:
        alone = discover([path])
        if path == STDIN or alone.fifos:
            report.facts.append(f"{path} is not tried: what is read of a stream is gone")
        elif not alone.files and not alone.errors:
            report.problems.append(f"no file matches {path}")
    return [found.path for found in discovered.files.values()]


def _parse(report: Report, paths: tuple[str, ...], sample: int, parser: Any) -> list[Any]:
    """Parse the head of each file of a source and return the batches."""
    from exporter.source import parser_below  # noqa: PLC0415
    from exporter.tailing.followed import printable  # noqa: PLC0415

    batches = []
    for path in _find(report, paths):
        told: set[str] = set()
        shown = printable(path)
        for block in _head(path, sample, report):
            first_line, lines = block.first_line, block.lines
            below = parser_below(parser, block.header)
            parsed = below.parse(lines, time.time())
            report.lines += len(lines)
            report.parsed += parsed.parsed
            report.skipped += parsed.skipped
            batches.append(parsed.batch)
            _exemplify(report, shown, first_line, lines, parsed.batch, below)
            if not report.keys:
                report.keys = _keys_of(below, lines)
            if not parsed.parsed and not report.unreadable:
                report.unreadable = list(lines[:_SNIFFED_LINES])
            for reason, (index, problem) in parsed.examples.items():
                if reason not in told:
                    told.add(reason)
                    report.problems.append(f"{shown}:{first_line + index}: {reason}: {problem}")
    return batches


def _exemplify(
    report: Report, path: str, first_line: int, lines: Sequence[bytes], batch: Any, parser: Any
) -> None:
    """Find the first line of each kind of bad record; only prediction logs have them."""
    missing = _faults(batch) - report.examples.keys()
    for number, line in enumerate(lines, first_line):
        if not missing:
            return
        for fault in missing & _faults(parser.parse([line], time.time()).batch):
            report.examples[fault] = f", first {path}:{number}: {line[:_SHOWN_BYTES]!r}"
            missing.discard(fault)


def _faults(batch: Any) -> set[str]:
    violations = {f"{name}: {rule}" for name, rule in getattr(batch, "violations", ())}
    return violations | set(getattr(batch, "invalid", ()))


def _keys_of(parser: Any, lines: Sequence[bytes]) -> list[str]:
    """Return the keys of the first record, as `fields` names them."""
    from exporter.parsing.text_lines import TextLines  # noqa: PLC0415

    if isinstance(parser, TextLines):
        return parser.keys(lines[:1])
    return next(filter(None, map(_keys, lines)), [])


def _keys(line: bytes) -> list[str]:
    """Return the keys of a record as `fields` names them; none if it is no object."""
    try:
        record = json.loads(line)
    except (RecursionError, ValueError):
        return []
    return list(_paths(record)) if isinstance(record, dict) else []


def _paths(record: dict[str, Any]) -> Iterator[str]:
    for key, value in record.items():
        if isinstance(value, dict) and value:
            yield from (f"{key}.{inner}" for inner in _paths(value))
        else:
            # A key can hold half a surrogate pair, which no terminal takes.
            yield key.encode(errors="replace").decode()


def _mapped_to_nothing(report: Report, model: ModelSource, batches: list[RecordBatch]) -> None:
    """Report mappings that find nothing: what was written down was meant."""
    present = {name: count for name, _, count in _presence(batches)}
    for name, key in model.fields.items():
        known = "latency" if name.startswith("latency_") else name
        # Errors may well be absent from a good sample.
        if known != "error" and present.get(known) == 0:
            report.problems.append(f"fields: {name} is read from {key!r}, which no record has")


def _labels_without_accuracy(
    report: Report, model: ModelSource, batches: list[RecordBatch]
) -> None:
    import numpy as np  # noqa: PLC0415

    orphans = classes = 0
    for batch in batches:
        labelled = batch.label.codes >= 0
        ids = batch.request_id or (None,) * len(batch)
        joinable = np.array([each is not None and model.labels.join for each in ids], dtype=bool)
        orphans += int((labelled & ~batch.attempt & ~joinable).sum())
        classes += int((labelled & ((batch.prediction.codes >= 0) | joinable)).sum())
    if orphans:
        report.problems.append(
            f"{orphans} ground truths come in events of their own: without request_id, or "
            "with labels.join off, they are joined with no prediction, and measure no accuracy"
        )
    if model.thresholds.min_accuracy is not None and not classes:
        report.problems.append(
            "thresholds: min_accuracy can't alert: no record has both a predicted class and "
            "its true_label"
        )


def _broken_rules(report: Report, rules: Rules, batches: list[RecordBatch]) -> None:
    from exporter.config import Privacy  # noqa: PLC0415
    from exporter.monitors.budget import SeriesBudget  # noqa: PLC0415
    from exporter.monitors.data_quality import DataQuality  # noqa: PLC0415

    monitor = DataQuality({}, (), rules, Privacy(), SeriesBudget.unlimited(), replay=True)
    for batch in batches:
        monitor.update(batch)
    for (name, rule), count in sorted(monitor.snapshot().violations.items()):
        if count:
            report.problems.append(f"{count} records break a rule: {name}: {rule}")


def _extra_features(report: Report, features: Sequence[str], batches: list[RecordBatch]) -> None:
    if not features:
        return
    logged = dict.fromkeys(name for batch in batches for name in batch.features)
    extra = [name for name in logged if name not in features]
    if extra:
        some = ", ".join(name.encode(errors="replace").decode() for name in extra[:_SHOWN_KEYS])
        more = f" and {len(extra) - _SHOWN_KEYS} more" if len(extra) > _SHOWN_KEYS else ""
        report.facts.append(f"features that no reference and no rule knows: {some}{more}")


def _versions(report: Report, registered: Models | None, batches: Sequence[RecordBatch]) -> None:
    from exporter.commands import registry_outlook  # noqa: PLC0415

    if registered is not None:
        standings = registered.get(report.name, ())
        report.facts += registry_outlook.facts(standings)
        report.problems += registry_outlook.problems(standings, batches)


def _model(
    configuration: Configuration, model: ModelSource, sample: int, registered: Models | None
) -> Report:
    from exporter.assembly import (  # noqa: PLC0415
        features_read,
        read_reference,
        read_rules,
    )
    from exporter.commands.drift_outlook import outlook, own_reference  # noqa: PLC0415
    from exporter.parsing.of_model import prediction_parser  # noqa: PLC0415
    from exporter.parsing.sniffing import likely_format  # noqa: PLC0415

    report = Report(model.name)
    reference = read_reference(configuration, model)
    rules = read_rules(model)
    features = features_read(reference, rules)
    # All are read where some are expected, so that those show that nobody asks for.
    parser = prediction_parser(model, configuration, None if features else ())
    batches: list[RecordBatch] = _parse(report, model.paths, sample, parser)
    likely = likely_format(report.unreadable)
    if likely:
        report.problems.append(
            f"expected {_EXPECTED.get(model.format, model.format)}; this {likely}"
        )
    records = sum(map(len, batches))
    if records:
        for needed, metrics, present in _presence(batches):
            share = present / records
            report.facts.append(f"{needed}: in {share:.0%} of the records ({metrics})")
        _mapped_to_nothing(report, model, batches)
        _labels_without_accuracy(report, model, batches)
        for name in features:
            known = sum(int(_present(batch, name).sum()) for batch in batches)
            if known == 0:
                knows = reference is not None and name in reference.features
                who = "the reference knows" if knows else "a rule is about"
                report.problems.append(f"{who} the feature {name}, no record has it")
        if rules is not None:
            _broken_rules(report, rules, batches)
        _extra_features(report, features, batches)
        if reference is not None and model.drift is not None:
            report.facts += outlook(configuration, model.drift, reference, batches)
        if model.drift is not None and model.drift.own is not None:
            kept = configuration.reference_path(model)
            report.facts += own_reference(model.drift.own, reference, kept)
    elif report.parsed:
        keys = ", ".join(report.keys[:_SHOWN_KEYS]) or "none"
        report.problems.append(
            "no record holds anything to measure; map the log's keys with `fields`; "
            f"it has the keys {keys}"
        )
    _versions(report, registered, batches)
    _count_invalid(report, batches)
    return report


def _presence(batches: list[RecordBatch]) -> list[tuple[str, str, int]]:
    import numpy as np  # noqa: PLC0415

    def total(column: str) -> int:
        return sum(int((~np.isnan(getattr(batch, column))).sum()) for batch in batches)

    def coded(column: str) -> int:
        return sum(int((getattr(batch, column).codes >= 0).sum()) for batch in batches)

    def listed(column: str) -> int:
        lists = [getattr(batch, column) for batch in batches]
        return sum(int(each.present.sum()) for each in lists if each is not None)

    predictions = coded("prediction") + total("prediction_value") + listed("prediction_lists")
    return [
        ("timestamp", "windows by event time", total("timestamp")),
        ("model_version", "the label version", coded("version")),
        ("prediction", "model_predictions_total", predictions),
        ("true_label", "model_accuracy_ratio", sum(int(batch.truth.sum()) for batch in batches)),
        ("confidence", "model_confidence", total("confidence")),
        ("latency", "model_latency_seconds", total("latency")),
        ("error", "model_errors_total", sum(int(batch.failed.sum()) for batch in batches)),
    ]


def _present(batch: RecordBatch, feature: str) -> NDArray[np.bool_]:
    import numpy as np  # noqa: PLC0415

    column = batch.features.get(feature)
    raw = [] if column is None else column.raw
    return np.array([value is not None for value in raw], dtype=bool)


def _count_invalid(report: Report, batches: list[RecordBatch]) -> None:
    invalid = sum((batch.invalid for batch in batches), Counter[str]())
    for reason, count in sorted(invalid.items()):
        example = report.examples.get(reason, "")
        report.problems.append(f"{count} records are invalid: {reason}{example}")
    violations = sum((batch.violations for batch in batches), Counter[tuple[str, str]]())
    for (name, rule), count in sorted(violations.items()):
        example = report.examples.get(f"{name}: {rule}", "")
        report.problems.append(f"{count} records break a rule: {name}: {rule}{example}")


def _syslog(source: SyslogSource, sample: int) -> Report:
    from exporter.markov import model_file  # noqa: PLC0415
    from exporter.parsing.syslog_lines import syslog_parser  # noqa: PLC0415

    report = Report(source.name)
    if source.model is not None:
        model_file.load(source.model)
    parser = syslog_parser(source.name, source.format, source.timezone, source.leading_fields)
    batches: list[SyslogBatch] = _parse(report, source.paths, sample, parser)
    hosts = set(itertools.chain.from_iterable(batch.host.values for batch in batches))
    tags = set(itertools.chain.from_iterable(batch.tag.values for batch in batches))
    if hosts:
        report.facts.append(f"{len(hosts)} hosts, {len(tags)} programs")
        if source.model is None:
            report.facts.append("no model: messages are counted, anomalies are not looked for")
    return report
