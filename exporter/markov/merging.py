"""Two learned models as one: all counts add.

It differs from a model that learned one log after the other only in what goes on from the first to
the second: no line of either waits, no process lives on, and hosts begin anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.markov.detector import Detector
from exporter.markov.online import OnlineModel
from exporter.markov.templates import END, Templates

Integers = NDArray[np.int64]


def merged(first: OnlineModel, second: OnlineModel) -> OnlineModel:
    """Return the model of both logs; neither is changed."""
    result = OnlineModel()
    for model in (first, second):
        _add(result.detector, model.detector)
        result.calibration.merge(model.calibration)
    return result


def _add(into: Detector, other: Detector) -> None:
    states = _numbers(into.templates, other.templates)
    names = ["", "", *(other.tags.name(number) for number in range(2, 2 + len(other.tags) + 1))]
    tags = np.array([0, 1, *(into.tags.number(name) for name in names[2:])], dtype=np.int64)
    for name in other.hosts.all():
        into.hosts.number(name)
    into.merge(other, states, tags)


def _numbers(into: Templates, other: Templates) -> Integers:
    """Return int64[states], what the templates of `other` are in `into`, which takes them in."""
    numbers = np.arange(len(other))
    for state in range(END + 1, len(other)):
        numbers[state] = into.take_in(other.tag(state), other.words(state))
    return numbers
