"""From files to a reference: reading, joining with labels logged apart, and choosing a part."""

from __future__ import annotations

import argparse
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from exporter.commands.reference.printing import plain
from exporter.commands.reference.reading import Reading
from exporter.commands.streams import Streams
from exporter.config import Configuration, ModelSource
from exporter.drift.columns import PREDICTION
from exporter.drift.comparison import MIN_REFERENCE_ROWS, kinds_configured
from exporter.drift.observations import successful
from exporter.drift.profile import MAX_COLUMNS, MAX_VALUES, Profile
from exporter.drift.reference import Provenance, Reference
from exporter.drift.seasonal.season import Season
from exporter.errors import UsageError
from exporter.joining.lookup import LabelTable
from exporter.records import RecordBatch

_LEAST_CYCLES = 3


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
    profile = Profile(kinds_configured(source.drift), source.positive_class, season_of(options))
    read = _read(profile, configuration, source, files, options, streams)
    columns, attributions, embedding = (
        profile.columns(), profile.attributions(), profile.embedding()
    )  # fmt: skip
    if not columns:
        raise UsageError(
            f"{', '.join(files)}: no prediction of model {source.name!r} found; "
            "is the field mapping right? `modeltail check` shows what a log holds"
        )
    without_time = read.tables > 0 and profile.first_timestamp is None
    if without_time:
        # Rows are in whatever order the table was sorted by, which is not that of time.
        columns = tuple(column.unordered() for column in columns)
        attributions = tuple(column.unordered() for column in attributions)
        if embedding is not None:
            axes = tuple(column.unordered() for column in embedding.columns)
            embedding = replace(embedding, columns=axes)
    seasonal = profile.seasonal(columns)
    if options.seasonal is not None and seasonal is None:
        raise UsageError(
            f"{', '.join(files)}: --seasonal needs records with a timestamp, and none has one"
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
        attributions=attributions,
        embedding=embedding,
        density=() if options.no_density else profile.density(columns, ordered=not without_time),
        seasonal=seasonal,
    )
    remarks = list(_remarks(profile, reference))
    if without_time:
        remarks.append(
            "the table has no timestamps, hence no order: autocorrelation times are taken to be 1"
        )
    elif not read.in_order:
        remarks.append(
            "the rows of the table are not in order of time, so autocorrelation times are too small"
        )
    if read.tables and PREDICTION not in {column.name for column in columns}:
        remarks.append(
            "the table has no predictions, only features; --field prediction=COLUMN names them"
        )
    for remark in remarks:
        streams.err.write(f"note: {remark}\n")
    return reference


def _read(
    profile: Profile,
    configuration: Configuration,
    source: ModelSource,
    files: Sequence[str],
    options: argparse.Namespace,
    streams: Streams,
) -> Reading:
    labels, joined, alone = LabelTable(), 0, 0
    chosen = _Part(options.first, options.last)
    with streams.progress("Reading") as progress:
        records = Reading(configuration, source, options, streams, progress)
        if options.labels:
            for batch in records.of(options.labels, labels=True):
                labels.add(batch)
        for batch in records.of(files):
            filled, found = labels.fill(batch)
            joined += found
            alone += int((filled.truth & ~filled.attempt).sum())
            for each in chosen.of(_between(filled, options.since, options.until)):
                profile.add(each)
        for each in chosen.rest():
            profile.add(each)
    records.check_columns()
    for problem in records.problems():
        streams.err.write(problem + "\n")
    if options.labels:
        streams.out.write(f"{joined} of {len(labels)} labels logged apart found their prediction\n")
    if alone:
        streams.err.write(
            f"note: {alone} labels without a prediction are not used; "
            "name their files with --labels\n"
        )
    return records


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


def season_of(options: argparse.Namespace) -> Season | None:
    """Return the season that is asked for.

    Raises
    ------
    UsageError
        If there is a time zone but nothing that it could matter to.
    """
    if options.seasonal is None:
        if options.timezone is not None:
            raise UsageError("--timezone is of no use without --seasonal")
        return None
    return Season(options.seasonal, options.timezone or "UTC")


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
    if reference.seasonal is not None:
        yield from _season_remarks(profile, reference.seasonal.season)
    for column in reference.columns:
        name = plain(column.name)
        if column.n < MIN_REFERENCE_ROWS:
            yield (
                f"{name}: {column.n} values are too few to test against "
                f"(at least {MIN_REFERENCE_ROWS})"
            )
        if column.n < column.rows - column.missing:
            yield f"{name}: profiled from a uniform sample of {MAX_VALUES:,} values"


def _season_remarks(profile: Profile, season: Season) -> Iterator[str]:
    first, last = profile.first_timestamp or 0.0, profile.last_timestamp or 0.0
    cycles = (last - first) / season.period
    if cycles < _LEAST_CYCLES:
        yield (
            f"the records span {cycles:.1f} cycles of {season.cycle}: what is the season and what "
            f"was chance shows from {_LEAST_CYCLES} on"
        )
