"""How often embeddings seem to drift without drift, how small a shift is found, and what it costs.

Embeddings of 384 numbers are 12 factors with random loadings and noise; each reference is a fresh
one. Run ``python -m benchmarks.embedding_drift``: two minutes at most.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporter.config import DriftSettings
from exporter.drift.embedding import EmbeddingProfile, EmbeddingReference
from exporter.event_time import EventTime
from exporter.monitors.embedding_drift import EmbeddingDrift
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.windows import Window

DIMENSION, FACTORS, REFERENCES, LOOKS = 384, 12, 60, 10
WINDOWS = (Window("1h", 3600.0),)
NOW = 1_000_000.0
ALPHA = 0.05

Draw = Callable[[int, float], NDArray[np.float32]]


def batch_of(embedding: NDArray[np.float32]) -> RecordBatch:
    """Return predictions with some embeddings, placed in the window."""
    lines = [b'{"prediction": "a"}'] * len(embedding)
    read = replace(JsonLines().parse(lines, NOW).batch, embedding=embedding)
    return EventTime(WINDOWS, replay=False).place(read)


def reference_of(embedding: NDArray[np.float32]) -> EmbeddingReference:
    """Return the reference of some embeddings."""
    profile = EmbeddingProfile()
    profile.add(batch_of(embedding))
    reference = profile.finish(len(embedding))
    assert reference is not None
    return reference


def monitor(reference: EmbeddingReference) -> EmbeddingDrift:
    """Return a monitor that tests whatever it has."""
    settings = DriftSettings(reference=Path("x"), min_samples=2)
    return EmbeddingDrift({"model": "m", "version": "1"}, WINDOWS, settings, reference)


def look(reference: EmbeddingReference, embedding: NDArray[np.float32]) -> tuple[float, float]:
    """Return the p-value and the distance of one window."""
    drift = monitor(reference)
    drift.update(batch_of(embedding))
    found = {one.name: one.samples for one in drift.families(drift.snapshot(), NOW)}
    pvalue, distance = "model_embedding_drift_pvalue", "model_embedding_mean_distance"
    return found[pvalue][0].value, found[distance][0].value


def error_rates(size: int, window: int) -> None:
    """Print false alarms and power of one size of reference and window."""
    random = np.random.default_rng(5)
    quiet: list[tuple[float, float]] = []
    shifted: dict[float, list[tuple[float, float]]] = {0.2: [], 0.3: [], 0.5: []}
    for _ in range(REFERENCES):
        loadings = random.standard_normal((FACTORS, DIMENSION)) / np.sqrt(FACTORS)

        def draw(
            n: int, shift: float, loadings: NDArray[np.float64] = loadings
        ) -> NDArray[np.float32]:
            factors = random.standard_normal((n, FACTORS))
            factors[:, 0] += shift
            noise = 0.3 * random.standard_normal((n, DIMENSION))
            return (factors @ loadings + noise).astype(np.float32)

        reference = reference_of(draw(size, 0.0))
        quiet += [look(reference, draw(window, 0.0)) for _ in range(LOOKS)]
        for shift, found in shifted.items():
            found.append(look(reference, draw(window, shift)))
    print(f"reference of {size}, window of {window}:")
    rate = np.mean([pvalue <= ALPHA for pvalue, _ in quiet])
    most = np.quantile([distance for _, distance in quiet], 0.95)
    print(f"  no drift: p <= {ALPHA} in {rate:.1%}, distance below {most:.3f} in 95 %")
    for shift, found in shifted.items():
        power = np.mean([pvalue <= ALPHA for pvalue, _ in found])
        distance = np.median([distance for _, distance in found])
        print(f"  a factor moved by {shift} sd: found in {power:.0%}, distance {distance:.3f}")


def cost() -> None:
    """Print what a record costs."""
    random = np.random.default_rng(0)
    rows = random.standard_normal((2_000, DIMENSION)).astype(np.float32)
    lines = [
        json.dumps({"prediction": "a", "embedding": row}).encode() for row in rows.round(6).tolist()
    ]
    without, with_them = JsonLines(), JsonLines(embeddings=Embeddings(DIMENSION))
    passed = _fastest(lambda: without.parse(lines, NOW))
    parsed = _fastest(lambda: with_them.parse(lines, NOW))
    drift = monitor(reference_of(rows))
    updated = min(_seconds(drift.update, batch_of(rows)) for _ in range(7))
    each = 1e6 / len(lines)
    print(f"parsing, embeddings passed over: {passed * each:.1f} us a record, read: "
          f"{parsed * each:.1f}; the monitor: {updated * each:.1f}")  # fmt: skip


def _fastest(call: Callable[[], object]) -> float:
    return min(_seconds(lambda _: call(), None) for _ in range(7))


def _seconds(call: Callable[..., object], given: object) -> float:
    start = time.perf_counter()
    call(given)
    return time.perf_counter() - start


if __name__ == "__main__":
    cost()
    error_rates(5_000, 1_000)
    error_rates(2_000, 500)
