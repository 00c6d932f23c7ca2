from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exporter.config import DriftSettings
from exporter.drift.attributions import AttributionProfile
from exporter.drift.embedding import EmbeddingProfile
from exporter.drift.reference import Provenance, Reference
from exporter.monitors import beside_features
from exporter.parsing.embeddings import Embeddings
from tests.monitors.builders import LABELS, WINDOWS, batch, series


def records(n):
    """Return predictions with both."""
    random = np.random.default_rng(0)
    return batch(
        *(
            {"prediction": "a", "embedding": [x, 1.0], "attributions": {"a": x, "b": 1, "c": 0}}
            for x in random.standard_normal(n).tolist()
        ),
        embeddings=Embeddings(2),
    )


def reference():
    """Return a reference of both."""
    profiles = (AttributionProfile(), EmbeddingProfile())
    for profile in profiles:
        profile.add(records(400))
    attributions, embedding = profiles[0].finish(), profiles[1].finish(400)
    provenance = Provenance((), 400, None, None)
    return Reference("bot", "", provenance, (), None, None, attributions, embedding)


def settings(**changed):
    """Return settings that let few records be tested."""
    return DriftSettings(reference=Path("x"), min_samples=20, **changed)


def count(chosen, n):
    """Return how many series there are after n records."""
    monitors = beside_features.monitors(chosen, reference(), LABELS, WINDOWS)
    for monitor in monitors:
        monitor.update(records(n))
    return len(series(*monitors)) if monitors else 0


@pytest.mark.parametrize("attributions", [True, False])
def test_series_are_known_beforehand(attributions):
    """Beyond those of attributions that are there before a window is tested: the limit holds."""
    chosen = settings(attributions=attributions, embedding=not attributions)
    before = count(chosen, 1) if attributions else 0
    most = before + beside_features.series(chosen, reference()) * len(WINDOWS)
    # The counter of embeddings is one for all windows.
    assert count(chosen, 400) == most - (0 if attributions else len(WINDOWS) - 1)


def test_what_is_switched_off_or_unknown_is_not_there():
    """No monitors, no series, and embeddings are not read."""
    off = settings(attributions=False, embedding=False)
    empty = Reference("bot", "", Provenance((), 0, None, None), ())
    for chosen, known in ((off, reference()), (settings(), empty)):
        assert beside_features.monitors(chosen, known, LABELS, WINDOWS) == []
        assert beside_features.series(chosen, known) == 0
        assert beside_features.dimension(chosen, known) is None
    assert beside_features.dimension(None, None) is None
    assert beside_features.dimension(settings(), reference()) == 2
