from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.duration_bins import QUANTILES, RELATIVE_ERROR
from exporter.monitors.first_token import EDGES, FirstToken
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
    through_storage,
)


def monitor_of(found):
    """Return a monitor that has seen (milliseconds, age)."""
    monitor = FirstToken(LABELS, WINDOWS)
    records = [{"timestamp": NOW - age, "time_to_first_token_ms": ms} for ms, age in found]
    monitor.update(batch(*records))
    return monitor


def test_rolling_quantiles_on_random_data():
    """Log-normal times in many batches, against numpy."""
    random = np.random.default_rng(13)
    seconds = random.lognormal(-1, 1, 2_000)
    monitor = FirstToken(LABELS, WINDOWS)
    for part in np.split(seconds * 1e3, 10):
        monitor.update(batch(*[{"time_to_first_token_ms": value} for value in part.tolist()]))
    found = series(monitor)
    for q in QUANTILES:
        exact = float(np.quantile(seconds, q, method="lower"))
        shown = found[f"model_time_to_first_token_quantile_seconds{{window=1m,q={q}}}"]
        assert shown == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9)
    for edge in EDGES:
        bucket = found[f"model_time_to_first_token_seconds_bucket{{le={edge}}}"]
        assert bucket == (seconds <= edge).sum()
    assert found["model_time_to_first_token_seconds_sum"] == pytest.approx(seconds.sum())
    assert found["model_window_first_tokens{window=1h}"] == 2_000


def test_nothing_is_exposed_without_a_time():
    """Nor is there room taken for it."""
    monitor = FirstToken(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a"}, {"latency_ms": 3}))
    monitor.update(batch({"true_label": "a", "time_to_first_token_ms": 5}))
    monitor.update(batch({"prediction": "a", "time_to_first_token_ms": -5}))
    assert series(monitor) == {}
    assert monitor.snapshot().rings == ()
    assert series(through_storage(monitor, FirstToken(LABELS, WINDOWS))) == {}


def test_an_empty_window_is_absent():
    """The histogram stays."""
    found = series(monitor_of([(250, 100)]))
    assert "model_window_first_tokens{window=1m}" not in found
    assert found["model_window_first_tokens{window=1h}"] == 1
    assert found["model_time_to_first_token_seconds_bucket{le=0.25}"] == 1
