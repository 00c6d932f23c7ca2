"""Predictions of numbers whose errors depend on their inputs."""

from __future__ import annotations

import numpy as np

from exporter.drift.profile import Profile
from tests.monitors.builders import batch

KINDS = np.array(["calm", "rough", "wild"])


def drawn(random, records, shift=0.0):
    """Return records; `shift` moves the inputs, and with them the size of the errors."""
    x = random.normal(shift, 1, records)
    y = random.exponential(size=records)
    kind = random.choice(3, records, p=[0.6 - shift / 5, 0.3, 0.1 + shift / 5])
    spread = 0.5 + 0.4 * np.abs(x) + 0.3 * y + 0.5 * (kind == 2)
    prediction = 3 * x + y**2 + kind
    error = spread * random.normal(size=records) + 0.5 * np.sin(2 * x)
    return [
        {
            "prediction": one,
            "true_label": one - off,
            "features": {"x": a, "y": b, "kind": str(KINDS[c])},
        }
        for one, off, a, b, c in zip(
            prediction.tolist(), error.tolist(), x.tolist(), y.tolist(), kind.tolist(), strict=True
        )
    ]


def read(records):
    """Return records as a batch."""
    return batch(*records, features=None, task="regression")


def learned(records, cuts=1, **options):
    """Return what a reference of the records expects."""
    profile = Profile(**options)
    for part in np.array_split(np.arange(len(records)), cuts):
        profile.add(read([records[row] for row in part]))
    return profile.expected_error(profile.columns())
