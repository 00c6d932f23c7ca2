"""References and the texts of logs, as the terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from exporter.commands.reference.plotting import Histogram, Ink, quantile
from exporter.commands.reference.summary import QUANTILES
from exporter.commands.streams import Streams
from exporter.drift.columns import CategoricalColumn, Column, NumericColumn
from exporter.drift.reference import Reference
from exporter.drift.seasonal.mixture import LEAST as LEAST_OF_CELL
from exporter.drift.seasonal.reference import SeasonalReference
from exporter.estimation.reliability import LEAST

_SHOWN_CATEGORIES = 3
_SHORTEST_SHAPE, _LONGEST_SHAPE = 8, 24
_SHORTEST_BAR, _LONGEST_BAR = 10, 50
_BINS = 16


def describe(reference: Reference, streams: Streams) -> None:
    """Print what a reference holds, a line for each column."""
    out = streams.out
    version = f" version {plain(reference.version)}" if reference.version else ""
    out.write(
        f"reference {reference.label} of model {plain(reference.model)}{version}: "
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
            f", with F1 and ROC-AUC of class {plain(reliability.classes[1])}"
            if reliability.classes
            else ""
        )
        out.write(
            f"accuracy without labels: estimated{positive}, from {number} labelled predictions of "
            f"which {accuracy:.2%} are right\n"
        )
    _print_expected_error(reference, out)
    _print_table(reference.columns, streams)
    if reference.attributions:
        records = reference.attributions[0].rows
        out.write(f"absolute attributions, of {records} predictions that have any:\n")
        _print_table(reference.attributions, streams)
    if reference.seasonal is not None:
        _print_season(reference.seasonal, out)
    embedding = reference.embedding
    if embedding is not None:
        out.write(
            f"embeddings of {embedding.dimension} numbers, projected on "
            f"{embedding.projection.axes} directions:\n"
        )
        _print_table(embedding.columns, streams)
    for density in reference.density:
        points, held_out = len(density.score.points), len(density.calibration.scores)
        size = len(density.space.names)
        also = "" if density.combination is None else ", with uncertainty too"
        out.write(
            f"density of {density.kind}, in {size} dimensions: {points} points, "
            f"{held_out} held-out records{also}\n"
        )


def _print_season(seasonal: SeasonalReference, out: TextIO) -> None:
    enough = int((seasonal.records >= LEAST_OF_CELL).sum())
    season = seasonal.season
    out.write(
        f"by {season.cycle} in {season.timezone}: {int((seasonal.hours > 0).sum())} of "
        f"{season.size} cells seen, {enough} with at least {LEAST_OF_CELL} predictions\n"
    )


def _print_table(columns: Sequence[Column], streams: Streams) -> None:
    rows = [("column", "kind", "values", "missing", "tau")]
    rows += [
        (plain(one.name), one.kind, str(one.n), f"{_missing(one):.2%}", f"{one.tau:.1f}")
        for one in columns
    ]
    contents = ["content", *map(_content, columns)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    taken = sum(widths) + 2 * (len(widths) + 1) + max(map(len, contents))
    size = min(_LONGEST_SHAPE, max(_SHORTEST_SHAPE, streams.width - taken))
    ink = Ink.of(streams.out)
    shapes = ["shape", *(ink.shape(_counts(column, size)) for column in columns)]
    for row, shape, content in zip(rows, shapes, contents, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        streams.out.write("  ".join((*padded, shape.ljust(size), content)).rstrip() + "\n")


def _counts(column: Column, size: int) -> Sequence[int]:
    """Return what is drawn of a column, at most `size` numbers."""
    if isinstance(column, NumericColumn):
        counts = Histogram.of(column, size).counts if len(column.sample) else column.counts[:0]
    else:
        counts = column.counts[:size]
    drawn: list[int] = counts.tolist()
    return drawn


def describe_column(column: Column, streams: Streams) -> None:
    """Print all that a reference knows of a column."""
    out = streams.out
    out.write(
        f"{plain(column.name)}: {column.kind}, {column.n} values, {_missing(column):.2%} missing, "
        f"autocorrelation time {column.tau:.1f}\n"
    )
    if not isinstance(column, NumericColumn):
        names = [*map(plain, column.categories), "all others"]
        # As of other values, of these there need not be any.
        number = len(names) if column.counts[-1] else len(names) - 1
        _print_bars(names[:number], column.counts[:number].tolist(), streams)
        return
    out.write(_content(column) + "\n")
    if len(column.sample):
        found = ((share, quantile(column.sample, share)) for share in QUANTILES)
        shown = ", ".join(f"{share:.0%} {value:.4g}" for share, value in found)
        out.write(f"quantiles: {shown}\n")
        histogram = Histogram.of(column, _BINS)
        _print_bars(histogram.labels, histogram.counts.tolist(), streams)


def _print_bars(labels: Sequence[str], counts: Sequence[int], streams: Streams) -> None:
    total, largest = sum(counts), max(counts, default=0)
    width = max(map(len, labels), default=0)
    room = min(_LONGEST_BAR, max(_SHORTEST_BAR, streams.width - width - len("    100.0%")))
    ink = Ink.of(streams.out)
    for label, count in zip(labels, counts, strict=True):
        bar = ink.bar(count / largest, room).ljust(room)
        streams.out.write(f"{label:>{width}}  {bar}  {count / total:6.1%}\n")


def _missing(column: Column) -> float:
    return column.missing / column.rows


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
            f"{plain(category)} {count / column.n:.1%}"
            for category, count in list(shares)[:_SHOWN_CATEGORIES]
        ]
        more = len(column.categories) - len(shown)
        return ", ".join(shown) + (f", {more} more" if more else "")
    moments = column.moments
    if moments.mean is None or moments.minimum is None or moments.maximum is None:
        return ""
    spread = "" if moments.std is None else f", sd {moments.std:.4g}"
    return f"{moments.minimum:.4g} to {moments.maximum:.4g}, mean {moments.mean:.4g}{spread}"


def plain(text: str, length: int = 80) -> str:
    """Return the beginning of a log's text, without what would steer a terminal."""
    shown = text if len(text) <= length else text[: length - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in shown)
