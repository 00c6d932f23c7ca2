"""The model service: predicts at a steady rate and logs what it does, like any service of yours.

Started by the demo as ``python -m demo.model_service``. Everything that the exporter learns about
it is in the lines of :class:`exporter.logging.PredictionLogger`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from demo.digits import DigitModel, Scanner, features
from demo.noise import NoiseSchedule
from exporter.logging import PredictionLogger

REFERENCE_PREDICTIONS = 3000
BROKEN_SHARE = 0.01
SEED = 20260131


def answer(
    model: DigitModel,
    scanner: Scanner,
    events: PredictionLogger,
    noise: float,
    timer: Callable[[], float] = time.perf_counter,
) -> None:
    """Scan one image, classify it, and log the prediction or the failure.

    Parameters
    ----------
    timer
        Returns seconds; what passes on it is the latency that is logged.
    """
    image, digit = scanner.scan(noise)
    start = timer()
    try:
        prediction = model.predict(image)
    except ValueError as error:
        events.error(error, latency_ms=1000 * (timer() - start))
        return
    events.prediction(
        prediction.digit,
        true_label=digit,
        confidence=prediction.confidence,
        probabilities=prediction.probabilities,
        latency_ms=1000 * (timer() - start),
        features=features(image),
    )


def write_reference(model: DigitModel, path: Path, predictions: int) -> None:
    """Log what the model does on clean scans; the file appears when it is complete."""
    unfinished = path.with_suffix(".unfinished")
    events = _logger(unfinished)
    scanner = Scanner(model, SEED + 1)
    for _ in range(predictions):
        answer(model, scanner, events, noise=0.0)
    events.close()
    unfinished.rename(path)


def serve(
    model: DigitModel, path: Path, rate: float, schedule: NoiseSchedule, stop: threading.Event
) -> None:
    """Answer `rate` requests a second until `stop` is set."""
    events = _logger(path)
    scanner = Scanner(model, SEED + 2, BROKEN_SHARE)
    start = time.monotonic()
    number = 0
    while not stop.wait(max(start + number / rate - time.monotonic(), 0.0)):
        answer(model, scanner, events, schedule.at(time.monotonic() - start))
        number += 1
    events.close()


def _logger(path: Path) -> PredictionLogger:
    return PredictionLogger.to_file(path, model="digits", model_version=DigitModel.VERSION)


def main() -> int:
    """Write the reference, then serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True, help="file for the reference")
    parser.add_argument("--log", type=Path, required=True, help="file for the predictions")
    parser.add_argument("--rate", type=float, default=50.0, help="predictions a second")
    parser.add_argument("--calm", type=float, default=30.0, help="seconds before noise creeps in")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    model = DigitModel(SEED)
    write_reference(model, arguments.reference, REFERENCE_PREDICTIONS)
    schedule = NoiseSchedule(calm=arguments.calm)
    serve(model, arguments.log, arguments.rate, schedule, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
