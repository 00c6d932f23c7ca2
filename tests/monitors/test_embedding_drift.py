from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstwobign

from exporter.config import DriftSettings
from exporter.drift.embedding import EmbeddingProfile, mean_distance
from exporter.drift.projection import Projection
from exporter.monitors.embedding_drift import EmbeddingDrift
from exporter.parsing.embeddings import Embeddings
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, parse, series, through_storage

DIMENSION = 40


def vectors(n, seed, shift=0.0):
    """Return embeddings around a point that `shift` moves in all directions."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((n, DIMENSION)) + shift).round(2)


def records(rows, **fields):
    """Return predictions with embeddings."""
    return [{"prediction": "a", "embedding": row.tolist()} | fields for row in rows]


def reference_of(rows):
    """Build a reference of embeddings that are told to be independent."""
    profile = EmbeddingProfile()
    profile.add(parse(*records(rows), embeddings=Embeddings()))
    made = profile.finish(len(rows))
    return replace(made, columns=tuple(replace(column, tau=1.0) for column in made.columns))


ROWS = vectors(2_000, seed=0)
REFERENCE = reference_of(ROWS)


def monitor(reference=REFERENCE):
    """Return a monitor of the reference."""
    settings = DriftSettings(reference=Path("x"))
    return EmbeddingDrift(LABELS, WINDOWS, settings, reference)


def fed(rows, reference=REFERENCE):
    """Return a monitor that has seen some records."""
    drift = monitor(reference)
    drift.update(batch(*rows, embeddings=Embeddings(reference.dimension)))
    return drift


def test_nothing_before_the_first_embedding():
    """Most logs have none; what can't be used is none; failed attempts are no predictions."""
    drift = fed([{"prediction": "a"}, {"prediction": "a", "embedding": [1, 2]}])
    drift.update(batch(*records(vectors(1, 1), error="timeout"), embeddings=Embeddings(DIMENSION)))
    assert series(drift) == {}


def test_the_p_value_is_the_smallest_of_scipys_times_their_number():
    """Of the axes and the norm."""
    rows = vectors(900, seed=2, shift=0.04)
    found = series(fed(records(rows)))
    projected = [Projection(DIMENSION).of(part.astype(np.float32)) for part in (ROWS, rows)]
    distances = [
        ks_2samp(old, new, method="asymp").statistic
        for old, new in zip(projected[0].T, projected[1].T, strict=True)
    ]
    # Bins of a hundredth each hide a little of the distance.
    largest = max(distances)
    assert found["model_embedding_drift_statistic{window=1m}"] == pytest.approx(largest, abs=0.01)
    binned = found["model_embedding_drift_statistic{window=1m}"]
    expected = 17 * kstwobign.sf(np.sqrt(2_000 * 900 / 2_900) * binned)
    assert found["model_embedding_drift_pvalue{window=1m}"] == pytest.approx(min(1, expected))
    assert found["model_embedding_drift_effective_samples{window=1h}"] == 900
    assert found["model_embedding_drift_evaluable{window=1h,reason=}"] == 1
    assert found["model_embeddings_total"] == 900


def test_embeddings_that_moved_are_found():
    """By their p-value, and as far as they moved: half a standard deviation along one axis."""
    random = np.random.default_rng(3)
    direction = Projection(DIMENSION).signs[:, 0] / np.sqrt(DIMENSION)
    rows = random.standard_normal((1_000, DIMENSION)) + 0.5 * direction
    found = series(fed(records(rows)))
    assert found["model_embedding_drift_pvalue{window=1m}"] < 1e-9
    # The other directions are nearly at right angles to it.
    assert 0.5 / 4 < found["model_embedding_mean_distance{window=1m}"] < 0.5 / 2


def test_what_did_not_move_has_no_distance_to_speak_of():
    """Chance is taken off."""
    found = series(fed(records(vectors(1_000, seed=4))))
    assert found["model_embedding_mean_distance{window=1m}"] < 0.02
    assert found["model_embedding_drift_pvalue{window=1m}"] > 0.05


def test_the_distance_by_hand():
    """The root of the mean square of what each axis moved, less 1 / n + 1 / m."""
    means = np.array([column.moments.mean for column in REFERENCE.columns[:-1]])
    spreads = np.array([column.moments.std for column in REFERENCE.columns[:-1]])
    expected = np.sqrt(0.3**2 - 1 / 500 - 1 / 2_000)
    assert mean_distance(REFERENCE, means + 0.3 * spreads, 500) == pytest.approx(expected)
    assert mean_distance(REFERENCE, means, 500) == 0.0


def test_a_constant_embedding_has_no_distance():
    """There is no unit to measure it in; another constant is still found."""
    reference = reference_of(np.ones((200, 3)))
    found = series(fed(records(np.ones((600, 3))), reference))
    assert found["model_embedding_mean_distance{window=1m}"] == 0.0
    assert found["model_embedding_drift_pvalue{window=1m}"] == 1.0
    moved = series(fed(records(np.full((600, 3), 1.0001)), reference))
    assert moved["model_embedding_drift_pvalue{window=1m}"] < 1e-9


def test_few_records_have_a_reason_in_place_of_a_value():
    """Of the window or of the reference, as of columns."""
    found = series(fed(records(vectors(100, seed=5))))
    assert found["model_embedding_drift_evaluable{window=1m,reason=too_few_rows}"] == 0
    assert not any("pvalue" in name or "distance" in name for name in found)
    small = series(fed(records(vectors(800, seed=5)), reference_of(ROWS[:50])))
    assert small["model_embedding_drift_evaluable{window=1m,reason=too_few_reference_rows}"] == 0


def test_records_without_one_are_passed_over():
    """Bad ones, and predictions that log none."""
    rows = [*records(vectors(600, seed=6)), {"prediction": "a"}]
    rows += records(vectors(1, 7), embedding=["x"] * DIMENSION)
    found = series(fed(rows))
    assert found["model_embedding_drift_effective_samples{window=1m}"] == 600
    expected = series(fed(rows[:600]))
    assert found == pytest.approx(expected)


def test_an_hour_later_the_window_is_empty():
    """The counter is left."""
    found = series(fed(records(vectors(600, seed=8))), now=NOW + 7_200)
    assert found["model_embeddings_total"] == 600
    assert found["model_embedding_drift_effective_samples{window=1h}"] == 0
    assert not any("pvalue" in name or "distance" in name for name in found)


def test_another_reference_starts_afresh():
    """Its cells are others."""
    drift = fed(records(vectors(10, seed=9)))
    assert series(through_storage(drift, monitor())) == series(drift)
    with pytest.raises(ValueError, match="embeddings of the reference have changed"):
        through_storage(drift, monitor(reference_of(vectors(300, seed=10))))
