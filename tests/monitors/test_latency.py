from __future__ import annotations

import numpy as np
import pytest

from exporter.monitors.duration_bins import QUANTILES, RELATIVE_ERROR
from exporter.monitors.latency import EDGES, Latency
from exporter.storage import encoding
from tests.monitors.builders import (
    LABELS,
    NOW,
    WINDOWS,
    batch,
    exposition,
    series,
)

SLACK = 1e-9  # Rounding of the logarithm at the edge of a bin.


def test_rolling_quantiles_on_random_data():
    """Log-normal latencies in many batches, against numpy."""
    random = np.random.default_rng(11)
    seconds = random.lognormal(-3, 1, 5_000)
    monitor = Latency(LABELS, WINDOWS)
    for part in np.split(seconds, 10):
        monitor.update(batch(*[{"latency_s": value} for value in part.tolist()]))
    found = series(monitor)
    for q in QUANTILES:
        exact = float(np.quantile(seconds, q, method="lower"))
        for window in ("1m", "1h"):
            estimate = found[f"model_latency_quantile_seconds{{window={window},q={q}}}"]
            assert estimate == pytest.approx(exact, rel=RELATIVE_ERROR + SLACK)
    for edge in EDGES:
        assert found[f"model_latency_seconds_bucket{{le={edge}}}"] == (seconds <= edge).sum()
    assert found["model_latency_seconds_sum"] == pytest.approx(seconds.sum())
    assert found["model_latency_seconds_count"] == 5_000


def test_exposition_of_a_handful_of_records():
    """All units are seconds in the end; negative latencies count nowhere."""
    monitor = Latency(LABELS, WINDOWS[:1])
    monitor.update(
        batch(
            {"timestamp": NOW, "latency_ms": 250},
            {"timestamp": NOW, "latency_s": 2},
            {"timestamp": NOW, "latency_us": 500},
            {"timestamp": NOW, "latency_ms": -1, "prediction": "a"},
            {"timestamp": NOW, "prediction": "a"},
            windows=WINDOWS[:1],
        )
    )
    cumulative = [1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    buckets = "".join(
        f'model_latency_seconds_bucket{{le="{edge}",model="bot",version="1"}} {float(count)}\n'
        for edge, count in zip([*EDGES, "+Inf"], cumulative, strict=True)
    )
    text = exposition(monitor)
    assert text.startswith(
        "# HELP model_latency_quantile_seconds Quantile of the time that the window's predictions "
        "took, within 2 percent.\n"
        "# TYPE model_latency_quantile_seconds gauge\n"
        'model_latency_quantile_seconds{model="bot",q="0.5",version="1",window="1m"} 0.2'
    )
    assert text.endswith(
        "# HELP model_latency_seconds Time that predictions took.\n"
        "# TYPE model_latency_seconds histogram\n"
        f"{buckets}"
        'model_latency_seconds_count{model="bot",version="1"} 3.0\n'
        'model_latency_seconds_sum{model="bot",version="1"} 2.2505\n'
    )
    assert series(monitor)["model_latency_quantile_seconds{window=1m,q=0.99}"] == pytest.approx(
        0.25, rel=RELATIVE_ERROR
    )


def test_an_empty_window_has_no_quantiles():
    """Not NaN, and not 0."""
    monitor = Latency(LABELS, WINDOWS)
    monitor.update(batch({"prediction": "a"}))
    assert not any("quantile" in key for key in series(monitor))
    monitor.update(batch({"latency_ms": 3}))
    later = series(monitor, now=NOW + 90)
    assert "model_latency_quantile_seconds{window=1m,q=0.5}" not in later
    assert "model_latency_quantile_seconds{window=1h,q=0.5}" in later


def restored(monitor, limit):
    """Return a monitor with the stored state of another one, and its own limit."""
    later = Latency(LABELS, WINDOWS, limit)
    later.load(encoding.decode(encoding.encode(monitor.dump())))
    return later


def test_the_limit_of_an_objective_is_an_edge():
    """Exactly what took no longer is counted below it, and one that is an edge adds none."""
    monitor = Latency(LABELS, WINDOWS, 0.3)
    seconds = (0.26, 0.3, 0.300001, 0.4)
    monitor.update(batch(*[{"latency_s": value} for value in seconds]))
    found = series(monitor)
    assert found["model_latency_seconds_bucket{le=0.25}"] == 0
    assert found["model_latency_seconds_bucket{le=0.3}"] == 2
    assert found["model_latency_seconds_bucket{le=0.5}"] == 4
    buckets = [key for key in found if "bucket" in key]
    assert len(buckets) == len(EDGES) + 2
    assert exposition(Latency(LABELS, WINDOWS, 0.5)) == exposition(Latency(LABELS, WINDOWS))


@pytest.mark.parametrize(("before", "after"), [(None, 0.3), (0.3, None), (0.3, 0.4)])
def test_with_another_limit_the_histogram_begins_anew(before, after):
    """All of it falls to 0, a reset that Prometheus knows; the windows remember what they had."""
    monitor = Latency(LABELS, WINDOWS, before)
    monitor.update(batch({"latency_s": 0.1}, {"latency_s": 2}))
    later = restored(monitor, after)
    found = series(later)
    assert {value for key, value in found.items() if "model_latency_seconds_" in key} == {0}
    quantile = "model_latency_quantile_seconds{window=1m,q=0.99}"
    assert found[quantile] == series(monitor)[quantile]
    later.update(batch({"latency_s": 0.35}))
    found = series(later)
    assert found["model_latency_seconds_count"] == 1
    assert found["model_latency_seconds_bucket{le=0.5}"] == 1
    assert found["model_latency_seconds_bucket{le=0.25}"] == 0


def test_with_the_same_limit_counts_go_on():
    """A restart changes nothing."""
    monitor = Latency(LABELS, WINDOWS, 0.3)
    monitor.update(batch({"latency_s": 0.1}, {"latency_s": 2}))
    assert exposition(restored(monitor, 0.3)) == exposition(monitor)
