"""`modeltail reference accept`: what a model sees now is what it is to see from now on."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from exporter import config
from exporter.commands.reference.printing import describe, plain
from exporter.commands.reference.profiling import configured, profiled
from exporter.commands.streams import Streams
from exporter.config import ModelSource
from exporter.drift.columns import CategoricalColumn, Column, NumericColumn
from exporter.drift.comparison import MIN_REFERENCE_ROWS
from exporter.drift.reference import Reference
from exporter.drift.reference_file import read, write
from exporter.drift.tests.ks import distance_of
from exporter.drift.tests.sample import Sample
from exporter.errors import UsageError

DEFAULT_LAST = 10_000


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Put the new reference into the place of the old one."""
    configuration = config.load(arguments.config_file)
    source = configured(configuration, arguments.model, arguments.config_file)
    path = configuration.reference_path(source)
    if path is None:
        raise UsageError(
            f"{arguments.config_file}: model {source.name!r} has no drift.reference to replace"
        )
    old = read(path)
    if arguments.kept is not None:
        new = _kept(arguments, source)
    else:
        if arguments.first is None and arguments.last is None:
            arguments.last = DEFAULT_LAST
        if old.seasonal is not None:
            # What is accepted is other content, not another way to compare.
            season = old.seasonal.season
            arguments.seasonal = arguments.seasonal or season.cycle
            arguments.timezone = arguments.timezone or season.timezone
        files = arguments.files or list(source.paths)
        new = profiled(configuration, source, files, arguments, streams)
    describe(new, streams)
    if new.provenance.records < MIN_REFERENCE_ROWS:
        streams.err.write(
            f"{new.provenance.records} predictions are too few for a reference (at least "
            f"{MIN_REFERENCE_ROWS}); {old.label} stays\n"
        )
        return 1
    if new.digest == old.digest:
        streams.err.write(f"{old.label} is the reference already\n")
        return 1
    for line in _differences(old, new):
        streams.out.write(line + "\n")
    kept = _keep(path, old)
    write(new, path)
    streams.out.write(
        f"{new.label} is in the place of {old.label}, which is kept as {kept}\n"
        "reload the exporter (SIGHUP): model_info then shows it, and drift is counted anew\n"
    )
    return 0


def _kept(arguments: argparse.Namespace, source: ModelSource) -> Reference:
    if arguments.files:
        raise UsageError("--from takes no files: it names a reference that is there already")
    reference = read(arguments.kept)
    if reference.model != source.name:
        raise UsageError(
            f"{arguments.kept}: the reference of model {reference.model!r}, not {source.name!r}"
        )
    return reference


def _keep(path: Path, old: Reference) -> Path:
    """Copy the reference in force to a name of its own, unless it has one already."""
    kept = path.with_name(f"{path.name}.{old.label}")
    unfinished = kept.with_name(f"{kept.name}.{os.getpid()}.tmp")
    try:
        try:
            shutil.copyfile(path, unfinished)
            unfinished.replace(kept)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{kept}: can't keep the old reference: {error.strerror}") from error
    return kept


def _differences(old: Reference, new: Reference) -> Iterator[str]:
    """Yield a line for each column that either has."""
    before, after = _all_columns(old), _all_columns(new)
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{plain(name)}: is gone"
        elif name not in before:
            yield f"{plain(name)}: is new"
        else:
            yield f"{plain(name)}: {_difference(before[name], after[name])}"


def _all_columns(reference: Reference) -> dict[str, Column]:
    """Return columns, those of attributions and embeddings too, by names to show."""
    columns: dict[str, Column] = {column.name: column for column in reference.columns}
    columns |= {f"attributions of {column.name}": column for column in reference.attributions}
    if reference.embedding is not None:
        size = reference.embedding.dimension
        axes = reference.embedding.columns
        columns |= {f"embeddings of {size} numbers, {axis.name}": axis for axis in axes}
    return columns


def _difference(old: Column, new: Column) -> str:
    if isinstance(old, NumericColumn) and isinstance(new, NumericColumn):
        if not (len(old.sample) and len(new.sample)):
            return "has no values on one side"
        distance = distance_of(Sample(old.sample), new.sample)
        means = _change(old.moments.mean, new.moments.mean)
        spreads = _change(old.moments.std, new.moments.std)
        return f"KS distance {distance:.3f}, mean {means}, sd {spreads}"
    if isinstance(old, CategoricalColumn) and isinstance(new, CategoricalColumn):
        shares, others = _shares(old), _shares(new)
        moved = sum(abs(shares.get(one, 0.0) - others.get(one, 0.0)) for one in shares | others) / 2
        added = [plain(one) for one in others if one is not None and one not in shares]
        more = f", new: {', '.join(added[:5])}" if added else ""
        return f"{moved:.1%} of the records are in another category{more}"
    return f"was {old.kind}, is {new.kind}"


def _change(old: float | None, new: float | None) -> str:
    return " to ".join("none" if one is None else f"{one:.4g}" for one in (old, new))


def _shares(column: CategoricalColumn) -> dict[str | None, float]:
    """Return the share of each category, and of all others by ``None``."""
    names = (*column.categories, None)
    return {
        name: count / column.n for name, count in zip(names, column.counts.tolist(), strict=True)
    }
