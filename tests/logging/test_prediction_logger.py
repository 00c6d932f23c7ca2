from __future__ import annotations

import io
import json
import logging
import logging.config
import math
import multiprocessing
import os
import threading
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logging import (
    EventFields,
    PredictionFileHandler,
    PredictionFormatter,
    PredictionLogger,
)
from exporter.logging.encoding import rfc3339

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()


def lines_of(path):
    """Return the events of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def path(tmp_path):
    """Return where the log is written."""
    return tmp_path / "predictions.jsonl"


def test_a_prediction_is_one_line_with_exactly_the_given_fields(path):
    """Nothing is added but the time, and fields that are not given are absent."""
    log = PredictionLogger.to_file(path, clock=lambda: NOON + 0.1254, model="digits")
    log.prediction(
        7,
        model_version="3",
        confidence=0.5,
        probabilities={7: 0.5, 1: 0.5},
        latency_ms=1.25,
        features={"ink": 3.0, "plan": "gold", "seen": True, "age": None},
    )
    log.close()
    assert path.read_text(encoding="utf-8") == (
        '{"timestamp":"2026-01-31T12:00:00.125Z","model":"digits","prediction":7,'
        '"model_version":"3","confidence":0.5,"probabilities":{"7":0.5,"1":0.5},'
        '"latency_ms":1.25,"features":{"ink":3.0,"plan":"gold","seen":true,"age":null}}\n'
    )


def test_an_error_names_the_class_of_its_exception(path):
    """An exception gives both fields; a text gives the message alone."""
    log = PredictionLogger.to_file(path, clock=lambda: NOON)
    log.error(ValueError("63 pixels"), latency_ms=2.0)
    log.error("no answer", error_type="Timeout")
    log.error("no answer")
    log.close()
    assert [{**line, "timestamp": None} for line in lines_of(path)] == [
        {"timestamp": None, "error": "63 pixels", "error_type": "ValueError", "latency_ms": 2.0},
        {"timestamp": None, "error": "no answer", "error_type": "Timeout"},
        {"timestamp": None, "error": "no answer"},
    ]


def test_a_label_joins_by_request(path):
    """Ground truth that comes later has the request and the class, and a time of its own."""
    log = PredictionLogger.to_file(path, clock=lambda: NOON)
    log.label("r-1", "cat", timestamp=NOON + 60)
    log.close()
    assert lines_of(path) == [
        {"timestamp": "2026-01-31T12:01:00.000Z", "request_id": "r-1", "true_label": "cat"}
    ]


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 31, 13, 30, tzinfo=timezone(timedelta(minutes=90))),
        np.float64(NOON),
    ],
)
def test_timestamps_are_written_in_utc(path, moment):
    """Unix seconds and times of any zone come out as the same RFC 3339 text."""
    log = PredictionLogger.to_file(path)
    log.prediction(1, timestamp=moment)
    log.close()
    assert lines_of(path)[0]["timestamp"] == "2026-01-31T12:00:00.000Z"


def test_the_epoch_is_a_timestamp(path):
    """Zero is a time like any other, not a missing one."""
    log = PredictionLogger.to_file(path, clock=lambda: NOON)
    log.prediction(1, timestamp=0)
    log.close()
    assert lines_of(path)[0]["timestamp"] == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_what_is_not_finite_is_null(path, number):
    """JSON knows no NaN: a bare one would make the whole line unreadable."""
    log = PredictionLogger.to_file(path)
    log.prediction(1, confidence=number, features={"ink": number, "all": np.array([1.0, number])})
    log.close()
    line = lines_of(path)[0]
    assert line["confidence"] is None
    assert line["features"] == {"ink": None, "all": [1.0, None]}


def test_numpy_values_are_written_as_plain_ones(path):
    """Scalars of every kind, arrays, and classes as keys."""
    log = PredictionLogger.to_file(path)
    log.prediction(
        np.int64(3),
        confidence=np.float32(0.5),
        true_label=np.str_("3"),
        escalated=np.bool_(True),
        embedding=np.array([[1.0, 2.0]]),
        probabilities={np.int64(3): np.float64(0.5), True: 0.25, np.bool_(False): 0.25},
    )
    log.close()
    line = lines_of(path)[0]
    del line["timestamp"]
    assert line == {
        "prediction": 3,
        "confidence": 0.5,
        "true_label": "3",
        "escalated": True,
        "embedding": [[1.0, 2.0]],
        "probabilities": {"3": 0.5, "true": 0.25, "false": 0.25},
    }


def test_unknown_fields_are_refused(path):
    """A typo shows where it is made, as with any keyword."""
    log = PredictionLogger.to_file(path)
    with pytest.raises(TypeError, match=r"\['confidense'\]; known: .*confidence"):
        log.prediction(1, confidense=0.5)
    with pytest.raises(TypeError, match=r"\['latency'\]"):
        log.error("x", latency=1)
    with pytest.raises(TypeError, match=r"\['confidence'\]; known: model, model_version, timesta"):
        log.label("r", 1, confidence=1.0)
    with pytest.raises(TypeError, match="modle"):
        PredictionLogger.to_file(path, modle="digits")
    log.close()


def test_a_value_that_cannot_be_written_costs_its_line_only(path, capfd):
    """Logging never stops the service: the failure is on standard error, the next line is whole."""
    log = PredictionLogger.to_file(path)
    log.prediction(object())
    log.prediction("\ud800")
    log.prediction(1)
    log.close()
    assert [line["prediction"] for line in lines_of(path)] == [1]
    errors = capfd.readouterr().err
    assert "object can't be written as JSON" in errors
    assert "surrogates not allowed" in errors


def test_it_composes_with_the_logging_configuration():
    """The formatter goes to any handler, and gives other records a readable line as well."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PredictionFormatter())
    logger = logging.Logger("service", logging.INFO)  # noqa: LOG001
    logger.addHandler(handler)
    PredictionLogger(logger, clock=lambda: NOON, model="digits").prediction(4)
    try:
        raise ValueError("broken")  # noqa: TRY301
    except ValueError:
        logger.exception("loading %s", "weights")
    prediction, other = map(json.loads, stream.getvalue().splitlines())
    assert prediction["prediction"] == 4
    assert {**other, "timestamp": None, "exception": None} == {
        "timestamp": None,
        "level": "ERROR",
        "logger": "service",
        "message": "loading weights",
        "exception": None,
    }
    assert "ValueError: broken" in other["exception"]


def test_it_is_configurable_by_dictionary(path):
    """The handler's constructor is all that dictConfig needs."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"p": {"class": "exporter.logging.PredictionFileHandler", "path": path}},
            "loggers": {"test.predictions": {"handlers": ["p"], "level": "INFO"}},
        }
    )
    logger = logging.getLogger("test.predictions")
    logger.propagate = False
    log = PredictionLogger(logger)
    log.prediction(5)
    log.close()
    logger.handlers.clear()
    assert [line["prediction"] for line in lines_of(path)] == [5]


def test_a_disabled_logger_writes_nothing(path):
    """The level decides, as everywhere in logging."""
    logger = logging.Logger("quiet", logging.WARNING)  # noqa: LOG001
    logger.addHandler(PredictionFileHandler(path))
    PredictionLogger(logger).prediction(1)
    assert not path.exists()


@pytest.mark.parametrize("rotate", ["rename", "remove"])
def test_it_follows_rotation(path, rotate):
    """A file that was renamed or removed is not written any more; a new one is begun."""
    log = PredictionLogger.to_file(path)
    log.prediction(1)
    old = path.with_suffix(".1")
    if rotate == "rename":
        path.rename(old)
    else:
        path.unlink()
    log.prediction(2)
    log.close()
    assert [line["prediction"] for line in lines_of(path)] == [2]
    if rotate == "rename":
        assert [line["prediction"] for line in lines_of(old)] == [1]


def test_it_appends_after_truncation_in_place(path):
    """A truncation by copytruncate leaves no hole, since every write goes to the end."""
    log = PredictionLogger.to_file(path)
    log.prediction(1)
    with path.open("w"):
        pass
    log.prediction(2)
    log.close()
    assert [line["prediction"] for line in lines_of(path)] == [2]


def test_a_full_disk_costs_one_line(path, monkeypatch, capfd):
    """The rest of a torn line is not glued to the next one."""
    log = PredictionLogger.to_file(path)
    log.prediction(1)
    write = os.write
    space = [10, 0, 10_000]

    def scarce(descriptor, data):
        return write(descriptor, data[: space.pop(0)])

    with monkeypatch.context() as patched:
        patched.setattr("exporter.logging.file_handler.os.write", scarce)
        log.prediction(2)
        log.prediction(3)
        log.prediction(4)
    log.prediction(5)
    log.close()
    first, torn, *rest = path.read_text(encoding="utf-8").splitlines()
    assert torn == '{"timestam'
    assert [json.loads(line)["prediction"] for line in (first, *rest)] == [1, 4, 5]
    assert "only 10 of" in capfd.readouterr().err


def _write_many(path, process, threads, events):
    log = PredictionLogger.to_file(path, model="m" * 5000)

    def work(thread):
        for number in range(events):
            log.prediction(number, request_id=f"{process}-{thread}-{number}")

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    log.close()


def test_threads_and_processes_tear_no_line(path):
    """Lines larger than a pipe's atomic size, from four threads in each of three processes."""
    processes, threads, events = 3, 4, 100
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_write_many, args=(path, process, threads, events))
        for process in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * processes
    written = [line["request_id"] for line in lines_of(path)]
    assert sorted(written) == sorted(
        f"{process}-{thread}-{number}"
        for process in range(processes)
        for thread in range(threads)
        for number in range(events)
    )


VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(width=64)


@given(
    prediction=VALUES,
    fields=st.fixed_dictionaries(
        {},
        optional={
            name: VALUES for name in sorted(EventFields.__annotations__) if name != "timestamp"
        },
    ),
)
def test_every_event_is_one_line_that_gives_its_values_back(prediction, fields):
    """Whatever text holds, newlines and control characters included, a line stays a line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PredictionFormatter())
    logger = logging.Logger("service", logging.INFO)  # noqa: LOG001
    logger.addHandler(handler)
    PredictionLogger(logger, clock=lambda: NOON).prediction(prediction, **fields)
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert line.endswith("\n")
    expected = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in {"prediction": prediction, **fields}.items()
    }
    decoded = json.loads(line)
    del decoded["timestamp"]
    assert decoded == expected


@given(st.floats(-(2.0**33), 2.0**33))
def test_the_clock_s_time_is_written_as_any_other(now):
    """The prefix of a second that is kept between calls changes nothing."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PredictionFormatter())
    logger = logging.Logger("service", logging.INFO)  # noqa: LOG001
    logger.addHandler(handler)
    log = PredictionLogger(logger, clock=lambda: now)
    for timestamp in (None, None, now):
        log.prediction(1, timestamp=timestamp)
    [time] = {json.loads(line)["timestamp"] for line in stream.getvalue().splitlines()}
    assert time == rfc3339(now)
