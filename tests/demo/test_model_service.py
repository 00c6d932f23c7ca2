from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

from demo.digits import DigitModel, Scanner, features
from demo.model_service import answer, serve, write_reference
from demo.noise import NoiseSchedule
from exporter.logging import PredictionLogger


@pytest.fixture(scope="module")
def model():
    """Return one trained model for all tests."""
    return DigitModel(seed=1)


def answered(model, path, noise, number=600, broken_share=0.0):
    """Return what the service logs about `number` scans."""
    events = PredictionLogger.to_file(path, clock=lambda: 0.0, model="digits")
    scanner = Scanner(model, seed=2, broken_share=broken_share)
    for _ in range(number):
        answer(model, scanner, events, noise)
    events.close()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def accuracy(lines):
    """Return the share of right predictions."""
    return np.mean([line["prediction"] == line["true_label"] for line in lines])


def test_noise_really_moves_accuracy_confidence_and_features(model, tmp_path):
    """The figures that the demo is about follow from the model, and are not written by hand."""
    calm = answered(model, tmp_path / "calm", noise=0.0)
    noisy = answered(model, tmp_path / "noisy", noise=NoiseSchedule(calm=1).highest)
    assert accuracy(calm) > 0.93
    assert accuracy(noisy) < 0.75
    confidence = [np.mean([line["confidence"] for line in lines]) for lines in (calm, noisy)]
    assert confidence[0] > 0.83
    assert confidence[1] < 0.7
    ink = [np.mean([line["features"]["mean_ink"] for line in lines]) for lines in (calm, noisy)]
    assert ink[1] > ink[0] + 0.8


def test_a_line_holds_all_that_the_exporter_can_use(model, tmp_path):
    """Labels, confidence and probabilities that belong together, a latency that was measured."""
    (line,) = answered(model, tmp_path / "log", noise=0.0, number=1)
    assert list(line) == [
        "timestamp",
        "model",
        "prediction",
        "true_label",
        "confidence",
        "probabilities",
        "latency_ms",
        "features",
    ]
    assert line["confidence"] == max(line["probabilities"].values())
    assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert line["probabilities"][str(line["prediction"])] == line["confidence"]
    assert line["latency_ms"] > 0


def test_broken_scans_make_the_model_raise(model, tmp_path):
    """The error is the library's own, and is logged with its class and its latency."""
    lines = answered(model, tmp_path / "log", noise=0.0, number=200, broken_share=0.2)
    errors = [line for line in lines if "error" in line]
    assert 20 < len(errors) < 60
    for line in errors:
        assert list(line) == ["timestamp", "model", "error", "error_type", "latency_ms"]
        assert line["error_type"] == "ValueError"
        assert "56 features" in line["error"]


def test_the_same_seed_gives_the_same_predictions(model, tmp_path):
    """Nothing but the clock differs from one run to the next."""
    first, second = (
        [
            {key: value for key, value in line.items() if key != "latency_ms"}
            for line in answered(model, tmp_path / name, noise=4.0, number=50)
        ]
        for name in ("a", "b")
    )
    assert first == second


def test_features_say_what_they_are_called():
    """A drawing whose figures can be counted by hand."""
    image = np.zeros((8, 8))
    image[:2, :] = 16.0
    assert features(image.ravel()) == {
        "mean_ink": 4.0,
        "ink_contrast": pytest.approx(16 * np.sqrt(0.25 * 0.75)),
        "ink_rows": 2.0,
        "ink_columns": 0.0,
        "left_share": 0.5,
        "top_share": 1.0,
    }


def test_an_empty_image_has_features():
    """No ink divides by nothing."""
    assert set(features(np.zeros(64)).values()) == {0.0}


def test_the_reference_appears_when_it_is_complete(model, tmp_path):
    """Whoever waits for the file may read it at once."""
    path = tmp_path / "reference.jsonl"
    write_reference(model, path, predictions=30)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 30
    assert all("error" not in line for line in lines)
    assert [entry.name for entry in tmp_path.iterdir()] == ["reference.jsonl"]


def test_it_serves_at_the_rate_it_is_told(model, tmp_path):
    """A hundred a second, until it is stopped."""
    path = tmp_path / "log"
    stop = threading.Event()
    schedule = NoiseSchedule(calm=60)
    service = threading.Thread(target=serve, args=(model, path, 100.0, schedule, stop))
    began = time.monotonic()
    service.start()
    while not (path.exists() and path.read_bytes().count(b"\n") >= 50):
        assert time.monotonic() < began + 20
    took = time.monotonic() - began
    stop.set()
    service.join(10)
    assert not service.is_alive()
    assert took >= 0.49


def test_noise_comes_slowly_stays_and_goes():
    """Calm, rise, plateau, repair; then it rises again without the calm of the beginning."""
    schedule = NoiseSchedule(calm=10, rise=4, plateau=6, repaired=5, highest=8)
    assert [schedule.at(second) for second in (0, 10, 11, 12, 14, 19.9, 20, 24.9, 26)] == [
        *(0.0, 0.0, 2.0, 4.0, 8.0, 8.0, 0.0, 0.0, 2.0)
    ]
