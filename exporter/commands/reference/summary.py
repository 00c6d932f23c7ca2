"""What a reference holds, as plain JSON values for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.commands.reference.plotting import Histogram, quantile
from exporter.drift.columns import Column, NumericColumn
from exporter.drift.reference import Reference

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Shares whose quantiles are told."""

_BINS = 20


def summary(reference: Reference, columns: Sequence[Column]) -> dict[str, Any]:
    """Return a reference and some of its columns."""
    provenance = reference.provenance
    return {
        "reference": reference.label,
        "digest": reference.digest,
        "model": reference.model,
        "version": reference.version,
        "files": list(provenance.files),
        "predictions": provenance.records,
        "first_timestamp": provenance.first_timestamp,
        "last_timestamp": provenance.last_timestamp,
        "estimates_accuracy": reference.reliability is not None,
        "estimates_error": reference.expected_error is not None,
        "columns": [_column(column) for column in columns],
        "attributions": [_column(column) for column in reference.attributions],
        "embedding": None
        if reference.embedding is None
        else {
            "dimension": reference.embedding.dimension,
            "columns": [_column(column) for column in reference.embedding.columns],
        },
        "seasonal": None
        if reference.seasonal is None
        else {
            "cycle": reference.seasonal.season.cycle,
            "timezone": reference.seasonal.season.timezone,
            "predictions": reference.seasonal.records.tolist(),
            "columns": {
                name: {"tau": column.tau, "values": column.counts.sum(axis=1).tolist()}
                for name, column in reference.seasonal.columns.items()
            },
        },
        "density": [
            {
                "of": one.kind,
                "columns": list(one.space.names),
                "points": len(one.score.points),
                "held_out": len(one.calibration.scores),
                "tau": one.calibration.tau,
                "uncertainty": one.combination is not None,
            }
            for one in reference.density
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    common = {
        "name": column.name,
        "kind": column.kind,
        "values": column.n,
        "missing_ratio": column.missing / column.rows if column.rows else 0.0,
        "tau": column.tau,
    }
    if isinstance(column, NumericColumn):
        return common | _numbers(column)
    *counts, others = column.counts.tolist()
    return common | {
        "categories": [
            {"category": category, "values": count}
            for category, count in zip(column.categories, counts, strict=True)
        ],
        "other_values": others,
    }


def _numbers(column: NumericColumn) -> dict[str, Any]:
    moments = column.moments
    found: dict[str, Any] = {
        "mean": moments.mean,
        "std": moments.std,
        "minimum": moments.minimum,
        "maximum": moments.maximum,
        "quantiles": {},
        "histogram": None,
    }
    if len(column.sample):
        found["quantiles"] = {str(share): quantile(column.sample, share) for share in QUANTILES}
        histogram = Histogram.of(column, _BINS)
        among = len(histogram.edges) == len(histogram.counts)
        found["histogram"] = {
            "of": "values" if among else "bins",
            "values" if among else "edges": histogram.edges.tolist(),
            "counts": histogram.counts.tolist(),
        }
    return found
