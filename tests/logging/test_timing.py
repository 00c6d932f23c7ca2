from __future__ import annotations

import asyncio
import inspect

import pytest

from tests.logging.events import Memory


def test_a_block_that_predicts_is_a_prediction_with_its_latency():
    """The fields of the block and of the prediction come together, the latency is measured."""
    memory = Memory(model="bot")
    with memory.log.timed(request_id="r") as attempt:
        memory.seconds += 0.0415
        attempt.predicted("refund", confidence=0.5)
    assert memory.events == [
        {
            "model": "bot",
            "request_id": "r",
            "prediction": "refund",
            "confidence": 0.5,
            "latency_ms": 41.5,
        }
    ]


def test_what_the_block_raises_is_logged_and_goes_on():
    """The service decides what to answer; what had been predicted until then was no answer."""
    memory = Memory()

    def answer():
        with memory.log.timed() as attempt:
            attempt.predicted("refund", confidence=0.5)
            memory.seconds += 2
            raise TimeoutError("upstream timed out")

    with pytest.raises(TimeoutError, match="upstream"):
        answer()
    assert memory.events == [
        {
            "confidence": 0.5,
            "latency_ms": 2000.0,
            "error": "upstream timed out",
            "error_type": "TimeoutError",
        }
    ]


def test_a_block_without_a_prediction_is_an_error_of_its_own():
    """An early return is not lost, and is told from an exception."""
    memory = Memory()
    with memory.log.timed():
        pass
    assert memory.events == [
        {
            "latency_ms": 0.0,
            "error": "ended without a prediction",
            "error_type": "NoPrediction",
        }
    ]


def test_the_first_token_counts_once():
    """A language model's first token has a time of its own."""
    memory = Memory()
    with memory.log.timed() as attempt:
        for _ in range(3):
            memory.seconds += 0.25
            attempt.first_token()
        attempt.predicted("text", tokens_out=3, finish_reason="stop")
    [event] = memory.events
    assert (event["time_to_first_token_ms"], event["latency_ms"]) == (250.0, 750.0)


def test_a_latency_of_the_caller_is_kept():
    """Who measures better says so."""
    memory = Memory()
    with memory.log.timed() as attempt:
        attempt.predicted(1, latency_ms=7.0)
    assert memory.events == [{"prediction": 1, "latency_ms": 7.0}]


def test_misspelt_fields_are_refused():
    """Before the block, and in it."""
    memory = Memory()
    with pytest.raises(TypeError, match="confidense"):
        memory.log.timed(confidense=1)
    with pytest.raises(TypeError, match="confidense"):
        memory.log.watch(confidense=1)
    with pytest.raises(TypeError, match="confidense"), memory.log.timed() as attempt:
        attempt.predicted(1, confidense=1)


def test_watched_functions_log_what_they_return():
    """The decorated function is called, named and documented as before."""
    memory = Memory()

    @memory.log.watch(arm="b")
    def classify(text: str, *, shout: bool = False) -> str:
        """Classify."""
        memory.seconds += 0.001
        return text.upper() if shout else text

    assert classify("a", shout=True) == "A"
    assert (classify.__name__, classify.__doc__) == ("classify", "Classify.")
    assert list(inspect.signature(classify).parameters) == ["text", "shout"]
    assert memory.events == [{"arm": "b", "prediction": "A", "latency_ms": 1.0}]


def test_an_outcome_makes_the_fields_of_a_result():
    """Models return more than a class."""
    memory = Memory()
    watched = memory.log.watch(lambda result: {"prediction": result[0], "confidence": result[1]})
    assert watched(lambda: ("a", 0.5))() == ("a", 0.5)
    assert memory.events == [{"prediction": "a", "confidence": 0.5, "latency_ms": 0.0}]


def test_watched_functions_may_fail():
    """The exception is the caller's."""
    memory = Memory()

    @memory.log.watch()
    def fail():
        raise ValueError("63 pixels")

    with pytest.raises(ValueError, match="63 pixels"):
        fail()
    assert memory.events == [{"latency_ms": 0.0, "error": "63 pixels", "error_type": "ValueError"}]


def test_coroutines_are_watched_until_they_return():
    """Calls that overlap are measured each for itself."""
    memory = Memory()

    @memory.log.watch()
    async def answer(text):
        memory.seconds += 1
        await asyncio.sleep(0)
        memory.seconds += 1
        return text

    async def both():
        return await asyncio.gather(answer("a"), answer("b"))

    assert inspect.iscoroutinefunction(answer)
    assert asyncio.run(both()) == ["a", "b"]
    # a: from 100 until b, too, has begun, and a has gone on; b: from 101 until it has gone on.
    assert [(event["prediction"], event["latency_ms"]) for event in memory.events] == [
        ("a", 3000.0),
        ("b", 3000.0),
    ]


def test_generators_are_refused():
    """They return before anything is predicted: their latency would be none."""
    memory = Memory()

    def tokens():
        yield 1

    async def later():
        yield 1

    for generator in (tokens, later):
        with pytest.raises(TypeError, match="is a generator; measure it with timed"):
            memory.log.watch()(generator)
