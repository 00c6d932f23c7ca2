"""References and the texts of logs, as the terminal shows them."""

from __future__ import annotations

from typing import TextIO

from exporter.drift.columns import CategoricalColumn, Column
from exporter.drift.reference import Reference
from exporter.estimation.reliability import LEAST

_SHOWN_CATEGORIES = 3


def describe(reference: Reference, out: TextIO) -> None:
    """Print what a reference holds, a line for each column."""
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
    rows = [("column", "kind", "values", "missing", "cells", "content")]
    rows += [
        (
            plain(column.name),
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
