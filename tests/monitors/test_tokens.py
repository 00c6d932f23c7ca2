from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.tokens import Tokens
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    series,
)


def monitor_of(records):
    """Return a monitor that has seen some records."""
    monitor = Tokens(LABELS, WINDOWS)
    monitor.update(batch(*records))
    return monitor


def test_exposition_of_a_handful_of_records():
    """A failed answer has cost its tokens too; the speed is of those with a latency."""
    monitor = Tokens(LABELS, WINDOWS[:1])
    monitor.update(
        batch(
            {"tokens_in": 100, "tokens_out": 50, "latency_s": 2},
            {"tokens_in": 300, "tokens_out": 10, "latency_s": 0.5, "error_type": "Filtered"},
            {"tokens_out": 30},
            {"tokens_in": 20, "latency_s": 4},
            {"tokens_in": -1, "tokens_out": 6, "latency_s": 0},
            {"prediction": "a", "latency_s": 1},
            {"true_label": "a", "tokens_in": 1000},
            windows=WINDOWS[:1],
        )
    )
    assert series(monitor) == {
        "model_tokens_total{direction=in}": 420,
        "model_tokens_total{direction=out}": 96,
        "model_token_requests_total{direction=in}": 3,
        "model_token_requests_total{direction=out}": 4,
        "model_generation_tokens_total": 60,
        "model_generation_seconds_total": 2.5,
        "model_window_token_requests{window=1m,direction=in}": 3,
        "model_window_token_requests{window=1m,direction=out}": 4,
        "model_tokens_mean{window=1m,direction=in}": 140,
        "model_tokens_mean{window=1m,direction=out}": 24,
        "model_generation_tokens_per_second{window=1m}": 24,
    }


def test_means_on_random_data():
    """In several batches, against numpy."""
    random = np.random.default_rng(8)
    written, seconds = random.integers(1, 900, 300), random.exponential(3, 300)
    monitor = Tokens(LABELS, WINDOWS)
    for rows in np.split(np.arange(300), 5):
        monitor.update(
            batch(
                *[
                    {"tokens_out": int(written[row]), "latency_s": float(seconds[row])}
                    for row in rows
                ]
            )
        )
    found = series(monitor)
    assert found["model_tokens_mean{window=1h,direction=out}"] == written.mean()
    speed = written.sum() / seconds.sum()
    assert found["model_generation_tokens_per_second{window=1h}"] == pytest.approx(speed)


def test_nothing_is_exposed_without_tokens():
    """Most models are no language models."""
    monitor = monitor_of([{"prediction": "a", "latency_s": 1}])
    assert series(monitor) == {}
    monitor.update(batch({"true_label": "a", "tokens_in": 5, "request_id": "1"}))
    assert series(monitor) == {}


def test_an_empty_window_is_absent():
    """As is the speed of answers without a latency."""
    found = series(monitor_of([{"timestamp": NOW - 100, "tokens_in": 5}]))
    assert "model_tokens_mean{window=1m,direction=in}" not in found
    assert found["model_tokens_mean{window=1h,direction=in}"] == 5
    assert "model_tokens_mean{window=1h,direction=out}" not in found
    assert "model_generation_tokens_per_second{window=1h}" not in found
    assert found["model_tokens_total{direction=out}"] == 0
