"""A model service that is as often right as a test wants it to be."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

RATE = 50
"""Predictions a second."""


class PredictionLog:
    """Appends predictions to a file until it is left.

    Parameters
    ----------
    path
        The log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.right_every = 1
        """Of so many predictions in a row, the first is right; 1 makes all of them right."""
        self.written = 0

    def _write(self) -> None:
        with self._path.open("ab", buffering=0) as log:
            while not self._stop.wait(1 / RATE):
                right = self.written % self.right_every == 0
                record = {
                    "timestamp": datetime.fromtimestamp(time.time(), UTC),
                    "request_id": str(self.written),
                    "model_version": "1.0.0",
                    "prediction": "cat" if right else "dog",
                    "true_label": "cat",
                    "confidence": 0.9,
                    "latency_ms": 12.5,
                }
                log.write(msgspec.json.encode(record) + b"\n")
                self.written += 1

    def stop(self) -> None:
        """Write no more."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
