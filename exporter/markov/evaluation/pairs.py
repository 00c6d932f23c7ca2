"""Which log a model is trained on and which it is tested on, in the paper's classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from exporter.markov.evaluation.log import Log


class Similarity(StrEnum):
    """How alike the two logs of a pair are.

    SAME is one log for both, PERIOD another period of the same host, HOST another host of the same
    system, SYSTEM another system.
    """

    SAME = "same"
    PERIOD = "other period"
    HOST = "other host"
    SYSTEM = "other system"


@dataclass(frozen=True, slots=True)
class Part:
    """A log, or a part of one, of which all lines are of one period.

    Attributes
    ----------
    name
        What reports call it.
    system, host
        Where it is from; the host may stand for all those of a system together.
    log
        Its lines.
    """

    name: str
    system: str
    host: str
    log: Log


@dataclass(frozen=True, slots=True)
class Pair:
    """A log to learn and one to plant anomalies into."""

    train: Part
    test: Part
    similarity: Similarity | None
    """``None`` where it is not known."""


def similarity(train: Part, test: Part) -> Similarity:
    """Return the class of a pair."""
    if train.system != test.system:
        return Similarity.SYSTEM
    if train.host != test.host:
        return Similarity.HOST
    return Similarity.SAME if train.name == test.name else Similarity.PERIOD


def pairs(parts: Sequence[Part], trainings: int, seed: int) -> list[Pair]:
    """Return pairs of parts.

    Parameters
    ----------
    trainings
        How many training logs each part is tested with in each class, where there are as many.
    seed
        Of their choice.
    """
    generator = np.random.default_rng(seed)
    found = []
    for test in parts:
        for kind in Similarity:
            fitting = [part for part in parts if similarity(part, test) is kind]
            chosen = generator.permutation(len(fitting))[:trainings]
            found += [Pair(fitting[place], test, kind) for place in sorted(chosen.tolist())]
    # Side by side, pairs with the same training log need it learned only once.
    places = {part.name: place for place, part in enumerate(parts)}
    return sorted(found, key=lambda pair: (places[pair.train.name], places[pair.test.name]))
