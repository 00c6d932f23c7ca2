"""One attempt to predict, from its beginning to what came of it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self, Unpack

from exporter.logging.events import EVENT_FIELDS, EventFields, Value, check

NO_PREDICTION = "NoPrediction"
"""`error_type` of an attempt that ended without an exception, and without a prediction."""

Log = Callable[[dict[str, object]], None]


class Timing:
    """A context whose time is the latency, and whose exception is the error.

    What the block raises is logged and goes on its way. :meth:`PredictionLogger.timed` makes it.

    Parameters
    ----------
    log
        Takes the event, once.
    timer
        Returns seconds that go by evenly.
    fields
        Fields of the event.
    """

    def __init__(self, log: Log, timer: Callable[[], float], fields: EventFields) -> None:
        check(fields, EVENT_FIELDS)
        self._log = log
        self._timer = timer
        self._event: dict[str, object] = {**fields}
        self._begun = 0.0

    def predicted(self, prediction: Value, **fields: Unpack[EventFields]) -> None:
        """Note what was predicted, and anything else that is known of it; the last one counts.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        check(fields, EVENT_FIELDS)
        self._event.update({"prediction": prediction, **fields})

    def first_token(self) -> None:
        """Note that the first token is there; later calls change nothing."""
        self._event.setdefault("time_to_first_token_ms", self._elapsed_ms())

    def __enter__(self) -> Self:
        self._begun = self._timer()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        event = self._event
        event.setdefault("latency_ms", self._elapsed_ms())
        if kind is not None:
            # What was predicted before it failed was never answered.
            event.pop("prediction", None)
            event.update(error=str(error), error_type=kind.__name__)
        elif "prediction" not in event:
            event.update(error="ended without a prediction", error_type=NO_PREDICTION)
        self._log(event)

    def _elapsed_ms(self) -> float:
        return round((self._timer() - self._begun) * 1000.0, 3)
