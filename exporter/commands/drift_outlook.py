"""What `modeltail check` says of drift: how small a shift each window can find, and of density."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from exporter.config import Configuration, DriftSettings
from exporter.config.reference import OwnReference
from exporter.drift.comparison import select
from exporter.drift.detectable import detectable
from exporter.drift.observations import successful
from exporter.drift.reference import Reference
from exporter.monitors import density
from exporter.records import RecordBatch

_LEAST_SECONDS = 1.0


def outlook(
    configuration: Configuration,
    settings: DriftSettings,
    reference: Reference,
    batches: Sequence[RecordBatch],
) -> Iterator[str]:
    """Yield a line for each window, if the times of the records tell how many it will hold.

    Before them one on density, if it is asked for and can't be had.
    """
    yield from _density(settings, reference)
    own = [batch.timestamp[successful(batch)] for batch in batches]
    times = np.concatenate([np.empty(0), *own])
    times = times[~np.isnan(times)]
    seconds = float(np.ptp(times)) if len(times) else 0.0
    columns = [comparison.as_tested for comparison in select(settings, reference)]
    if seconds < _LEAST_SECONDS:
        return
    for window in configuration.windows:
        predictions = (len(times) - 1) / seconds * window.seconds
        found = detectable(columns, settings, predictions)
        if found is None:
            continue
        told = (
            f"too few to test, {settings.min_samples} are needed"
            if found.difference is None
            else f"a difference of {found.difference:.3f} is found, as of a mean that moves by "
            f"{found.shift:.2f} standard deviations"
        )
        yield (
            f"drift in {window.name}: about {predictions:,.0f} predictions, worth "
            f"{found.samples:,.0f} of {found.column}: {told}"
        )


def own_reference(
    own: OwnReference, reference: Reference | None, kept: Path | None
) -> Iterator[str]:
    """Yield what the exporter makes a reference of itself, and when it has it.

    Parameters
    ----------
    own
        What the configuration says of it.
    reference
        The one that is there already.
    kept
        Its file; ``None`` if it is kept nowhere.
    """
    where = "in memory alone, without storage.path" if kept is None else f"in {kept}"
    part = "reference" if own.period is None else "bins of the reference"
    if reference is None:
        verb = "will be" if own.period is None else "will fix"
        yield f"drift: the first {own.first} predictions {verb} the {part}, kept {where}"
    if own.period is not None:
        yield (
            f"drift: windows are compared with {own.period.seconds / 3600:g} hours that ended "
            f"{own.period.delay / 3600:g} hours ago, or two windows, once these have been read; "
            "drift that is slower than that is not found"
        )


def _density(settings: DriftSettings, reference: Reference) -> Iterator[str]:
    if settings.density is None:
        return
    found = density.usable(settings.density, reference)
    if found is None:
        of = settings.density.of or "features or embeddings"
        yield (
            f"density: not looked up, since the reference knows none of {of}; `modeltail reference "
            "build` learns it of 400 predictions that have them"
        )
    elif not found.calibration.rank(settings.density.alpha):
        yield (
            f"density: no prediction is improbable at alpha {settings.density.alpha}, since only "
            f"{len(found.calibration.scores)} records of the reference are held out"
        )
