"""What a model service logs with: one JSON line an event, in the record schema of the exporter.

>>> from exporter.logging import PredictionLogger
>>> log = PredictionLogger.to_file("predictions.jsonl", model="digits")  # doctest: +SKIP
>>> log.prediction(7, confidence=0.98, latency_ms=3.2)  # doctest: +SKIP

The parts are those of the standard library and combine with any logging configuration:
:class:`PredictionLogger` makes log records, :class:`PredictionFormatter` turns one into a line,
:class:`PredictionFileHandler` appends lines to a file that other processes may write as well.
"""

from __future__ import annotations

from exporter.logging.encoding import PredictionFormatter
from exporter.logging.events import EventFields, LabelFields
from exporter.logging.file_handler import PredictionFileHandler
from exporter.logging.prediction_logger import PredictionLogger
from exporter.logging.timing import Timing

__all__ = (
    "EventFields",
    "LabelFields",
    "PredictionFileHandler",
    "PredictionFormatter",
    "PredictionLogger",
    "Timing",
)
