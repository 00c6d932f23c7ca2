from __future__ import annotations

import random

import numpy as np
import pytest

from exporter.markov.merging import merged
from exporter.markov.online import OnlineModel
from exporter.markov.templates import Templates
from exporter.records import Categorical, SyslogBatch
from exporter.storage.encoding import decode, encode

WORDS = ("link up", "link down", "disk full", "login of root", "login of x", "cron run")


def batch(texts, host, process=-1):
    """Make a batch of lines of one host; the first word is the program."""
    tags = [text.split(" ")[0] for text in texts]
    return SyslogBatch(
        "s",
        0.0,
        np.zeros(len(texts)),
        Categorical.encode([host] * len(texts)),
        Categorical.encode(tags),
        Categorical.encode([f"{tag}: {text}" for tag, text in zip(tags, texts, strict=True)]),
        process=np.full(len(texts), process, dtype=np.int64),
    )


def log(count, seed, words=WORDS):
    """Return random lines."""
    return random.Random(seed).choices(words, k=count)


def learned(*logs):
    """Return a model that learned some logs of a host each."""
    model = OnlineModel()
    for texts, host in logs:
        model.score(batch(texts, host), np.arange(len(texts)) * 100.0)
    return model


def test_two_logs_of_two_hosts():
    """Nothing goes on from one to the other: as if one model had learned both."""
    first, second = (log(1500, 1), "a"), (log(1300, 2, ("power lost", *WORDS[::-1])), "b")
    both, expected = merged(learned(first), learned(second)), learned(first, second)
    test = batch(log(300, 3, (*WORDS, "power lost")), "c")
    scores = []
    for model in (both, expected):
        found = model.detector.update(test, np.zeros(len(test)))[0]
        scores.append((found.kind.tolist(), found.surprisal.tolist(), found.score.tolist()))
    assert scores[0][0] == scores[1][0]
    assert scores[0][1] == pytest.approx(scores[1][1], abs=1e-12)
    # The missing lines are learned from epoch to epoch, which end elsewhere.
    assert scores[0][2] == pytest.approx(scores[1][2], abs=0.5)
    assert both.detector.lines == expected.detector.lines


def test_the_models_stay_as_they_were():
    """And what is merged is stored as any other."""
    first, second = learned((log(200, 1), "a")), learned((log(200, 2), "b"))
    before = encode(first.dump())
    both = merged(first, second)
    assert encode(first.dump()) == before
    other = OnlineModel()
    other.load(decode(encode(both.dump())))
    assert encode(other.dump()) == encode(both.dump())


def test_templates_that_differ_in_a_word_join():
    """As they would have in one log."""
    first = learned((["login of root"] * 50, "a"))
    second = learned((["login of admin"] * 50, "b"))
    templates = merged(first, second).detector.templates
    assert [templates.text(state) for state in range(2, len(templates))] == ["login of <*>"]


def test_calibrations_add_up():
    """What is rare in both is rarer in both together."""
    both = merged(learned((log(3000, 1), "a")), learned((log(3000, 2), "b")))
    assert both.calibration.lines == pytest.approx(6000, rel=0.1)
    assert both.supports(1 / 5000)


def test_what_there_is_no_room_for():
    """Comes to the template of all others of its program."""
    templates = Templates(capacity=3)
    states = [templates.take_in("app", words) for words in (("a",), (), ("b",), ())]
    assert states == [2, 3, 3, 3]
