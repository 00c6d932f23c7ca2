"""What a service calls: a method for each kind of event."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, Self, TypeVar, Unpack

from exporter.logging.encoding import key, rfc3339
from exporter.logging.environment import package_versions
from exporter.logging.events import (
    EVENT_FIELDS,
    LABEL_FIELDS,
    EventFields,
    LabelFields,
    Value,
    check,
)
from exporter.logging.file_handler import PredictionFileHandler
from exporter.logging.timing import Timing

_MESSAGE = "prediction event"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class PredictionLogger:
    """Logs what a model predicted, failed at, and was told afterwards.

    Parameters
    ----------
    logger
        Where the events go; they have the level INFO and the event in the attribute `event`.
    defaults
        Fields of every event, such as ``model="digits", model_version="3"``.
    clock
        Returns Unix seconds.
    timer
        Returns seconds that go by evenly, for latencies.
    """

    def __init__(
        self,
        logger: logging.Logger,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
        **defaults: Unpack[EventFields],
    ) -> None:
        check(defaults, EVENT_FIELDS)
        self._logger = logger
        self._clock = clock
        self._timer = timer
        self._defaults = defaults
        self._second: tuple[int | None, str] = (None, "")

    @classmethod
    def to_file(
        cls,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], float] = time.time,
        **defaults: Unpack[EventFields],
    ) -> Self:
        """Return a logger that appends to `path` and to nothing else."""
        # Not from logging.getLogger: that would live for ever, and gather a handler each time.
        logger = _FileLogger("predictions", logging.INFO)
        logger.addHandler(PredictionFileHandler(path))
        return cls(logger, clock=clock, **defaults)

    def prediction(self, prediction: Value, **fields: Unpack[EventFields]) -> None:
        """Log a prediction: a class, a number for a regression, or a list of either.

        A list is a ranking, best first, or the classes of a multilabel model.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        check(fields, EVENT_FIELDS)
        self._log({"prediction": prediction, **fields})

    def error(self, error: BaseException | str, **fields: Unpack[EventFields]) -> None:
        """Log an attempt that failed; `error_type` is the class of an exception.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        check(fields, EVENT_FIELDS)
        event: dict[str, object] = {"error": str(error)}
        if isinstance(error, BaseException):
            event["error_type"] = type(error).__name__
        self._log({**event, **fields})

    def label(self, request_id: str, true_label: Value, **fields: Unpack[LabelFields]) -> None:
        """Log the ground truth of an earlier prediction.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        check(fields, LABEL_FIELDS)
        self._log({"request_id": request_id, "true_label": true_label, **fields})

    def timed(self, **fields: Unpack[EventFields]) -> Timing:
        """Return a context that measures the latency of one attempt, and logs what came of it.

        >>> with log.timed(request_id="17") as attempt:  # doctest: +SKIP
        ...     attempt.predicted(model.predict(x), confidence=0.93)

        What the block raises is logged as an error and raised again. A block that ends without
        :meth:`Timing.predicted` is an error of the type `NoPrediction`.

        Raises
        ------
        TypeError
            A field that the record schema does not have.
        """
        return Timing(self._log, self._timer, fields)

    def watch(
        self,
        outcome: Callable[[Any], Mapping[str, Any]] | None = None,
        **fields: Unpack[EventFields],
    ) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
        """Return a decorator that logs each call of a function, plain or async, as an attempt.

        Parameters
        ----------
        outcome
            Makes the fields of the event, `prediction` among them, of what the function returns.
            Absent: what it returns is the prediction.
        fields
            Further fields of every event.

        Raises
        ------
        TypeError
            From the decorator, for a generator: it returns before anything is predicted.
            :meth:`timed` measures that.
        """
        check(fields, EVENT_FIELDS)

        def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
            if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
                raise TypeError(f"{function.__name__} is a generator; measure it with timed()")
            if inspect.iscoroutinefunction(function):

                @functools.wraps(function)
                async def awaited(*args: Any, **kwargs: Any) -> Any:
                    with self.timed(**fields) as attempt:
                        result = await function(*args, **kwargs)
                        attempt.predicted(**_outcome(result, outcome))
                        return result

                return awaited  # type: ignore[return-value]

            @functools.wraps(function)
            def called(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
                with self.timed(**fields) as attempt:
                    result = function(*args, **kwargs)
                    attempt.predicted(**_outcome(result, outcome))
                    return result

            return called

        return decorate

    def environment(
        self, packages: Iterable[str] | None = None, **fields: Unpack[LabelFields]
    ) -> None:
        """Log the versions of Python and of packages, once at the start of a service.

        Parameters
        ----------
        packages
            Names as pip has them; absent: of every package that was imported so far.

        Raises
        ------
        importlib.metadata.PackageNotFoundError
            If a named package is not installed.
        TypeError
            A field that the record schema does not have.
        """
        check(fields, LABEL_FIELDS)
        self._log({"package_versions": package_versions(packages), **fields})

    def close(self) -> None:
        """Close the handlers of the logger behind."""
        for handler in self._logger.handlers:
            handler.close()

    def _log(self, event: Mapping[str, object]) -> None:
        if not self._logger.isEnabledFor(logging.INFO):
            return
        # The timestamp comes first, where people and sort(1) look for it.
        merged: dict[str, object] = {"timestamp": None, **self._defaults, **event}
        given = merged["timestamp"]
        merged["timestamp"] = self._now() if given is None else rfc3339(given)
        probabilities = merged.get("probabilities")
        if isinstance(probabilities, Mapping) and set(map(type, probabilities)) != {str}:
            merged["probabilities"] = {key(name): share for name, share in probabilities.items()}
        logger = self._logger
        # As `Logger.info` does, without looking through the stack for who called.
        record = logger.makeRecord(logger.name, logging.INFO, __file__, 0, _MESSAGE, (), None)
        record.event = merged
        logger.handle(record)

    def _now(self) -> str:
        """Return the time as :func:`rfc3339` does, formatted anew once a second only."""
        now = self._clock()
        second = int(now)
        microseconds = round((now - second) * 1e6)
        if not 0 <= microseconds < 1_000_000:
            return rfc3339(now)
        formatted = self._second
        if formatted[0] != second:
            # One assignment, so that another thread finds the two parts together.
            formatted = self._second = (second, rfc3339(second)[:-4])
        return f"{formatted[1]}{microseconds // 1000:03}Z"


class _FileLogger(logging.Logger):
    """A logger of nothing but events to a handler that asks for nothing but the event.

    To find out the thread, the process and the module of a record takes longer than to write it.
    """

    def __init__(self, name: str, level: int) -> None:
        super().__init__(name, level)
        record = logging.LogRecord(name, logging.INFO, __file__, 0, _MESSAGE, (), None)
        self._attributes = record.__dict__

    def makeRecord(self, *_: Any, **__: Any) -> logging.LogRecord:  # noqa: N802 As logging has it.
        """Return a record that lacks its event."""
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__.update(self._attributes)
        return record


def _outcome(result: Any, outcome: Callable[[Any], Mapping[str, Any]] | None) -> Mapping[str, Any]:
    return {"prediction": result} if outcome is None else outcome(result)
