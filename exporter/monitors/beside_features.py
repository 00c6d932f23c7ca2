"""Which monitors a model has of what is logged beside features, and of whole records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporter.config import DriftSettings
from exporter.drift.reference import Reference
from exporter.monitors import attribution_drift, density, embedding_drift
from exporter.monitors.attribution_drift import AttributionDrift
from exporter.monitors.density import Density
from exporter.monitors.embedding_drift import EmbeddingDrift
from exporter.monitors.protocol import Monitor
from exporter.records import RecordBatch
from exporter.windows import Window


def monitors(
    settings: DriftSettings,
    reference: Reference,
    labels: Mapping[str, str],
    windows: Sequence[Window],
) -> list[Monitor[RecordBatch]]:
    """Return the monitors of a version."""
    found: list[Monitor[RecordBatch]] = []
    if settings.attributions and reference.attributions:
        found.append(AttributionDrift(labels, windows, settings, reference))
    if settings.embedding and reference.embedding is not None:
        found.append(EmbeddingDrift(labels, windows, settings, reference.embedding))
    improbable = density.usable(settings.density, reference)
    if settings.density is not None and improbable is not None:
        found.append(Density(labels, windows, settings.density, improbable))
    return found


def series(settings: DriftSettings, reference: Reference) -> int:
    """Return how many series they have in a window that is tested, beyond those of every one."""
    number = 0
    if settings.attributions and reference.attributions:
        number += attribution_drift.TESTED_SERIES * len(reference.attributions) + 1
    if settings.embedding and reference.embedding is not None:
        number += embedding_drift.SERIES
    improbable = density.usable(settings.density, reference)
    return number if improbable is None else number + density.series(improbable)


def dimension(settings: DriftSettings | None, reference: Reference | None) -> int | None:
    """Return how many numbers the embeddings have that are to be read; ``None`` if none are."""
    if settings is None or reference is None or reference.embedding is None:
        return None
    improbable = density.usable(settings.density, reference)
    if settings.embedding or (improbable is not None and improbable.kind == "embedding"):
        return reference.embedding.dimension
    return None
