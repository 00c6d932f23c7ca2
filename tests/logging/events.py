"""A log of events in memory."""

from __future__ import annotations

import io
import json
import logging

from exporter.logging import PredictionFormatter, PredictionLogger


class Memory:
    """A logger whose lines can be read back, and whose timer stands at `seconds`."""

    def __init__(self, **defaults):
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(PredictionFormatter())
        logger = logging.Logger("service", logging.INFO)  # noqa: LOG001
        logger.addHandler(handler)
        self.seconds = 100.0
        self.log = PredictionLogger(
            logger, clock=lambda: 0.0, timer=lambda: self.seconds, **defaults
        )

    @property
    def lines(self):
        """The lines without their ends."""
        return self._stream.getvalue().split("\n")[:-1]

    @property
    def events(self):
        """The events without their times."""
        events = [json.loads(line) for line in self.lines]
        for event in events:
            del event["timestamp"]
        return events
