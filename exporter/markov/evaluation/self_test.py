"""What a user may expect on a log of their own, at the level that alarms are set to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.errors import UsageError
from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.planting import Kind, Planter
from exporter.markov.evaluation.rankers import Calibrated, Ranker

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expected:
    """How many of the anomalies of a kind a scorer raises an alarm for.

    Attributes
    ----------
    scorer, kind
        What it is of.
    recall, deviation
        Share of the planted anomalies of which a line has p <= alpha, the mean over seeds and its
        standard deviation.
    alarm_rate
        Share of the lines with p <= alpha, of the same part without anomalies.
    lines
        In that part.
    supported
        Whether there were lines enough in the first part for a p-value of alpha.
    """

    scorer: str
    kind: str
    recall: float
    deviation: float
    alarm_rate: float
    lines: int
    supported: bool


def self_test(
    log: Log,
    rankers: Sequence[Ranker],
    kinds: Sequence[Kind],
    seeds: int,
    anomalies: int,
    alpha: float,
) -> Iterator[Expected]:
    """Learn the first half of a log, and look for what is planted into the second.

    Yields
    ------
    Expected
        Of each scorer, and each kind.

    Raises
    ------
    UsageError
        If the log is too short.
    """
    half = len(log) // 2
    if not half:
        raise UsageError(f"a log of {len(log)} lines has no two halves")
    train, test = log.take(slice(0, half)), log.take(slice(half, None))
    planter = Planter(test)
    for ranker in rankers:
        levels = _Levels(ranker, train)
        alarm_rate = float((levels.pvalues(test) <= alpha).mean())
        for kind in kinds:
            recalls = []
            for seed in range(seeds):
                planted = planter.plant(kind, anomalies, np.random.default_rng(seed))
                alarms = set(np.flatnonzero(levels.pvalues(planted.log) <= alpha).tolist())
                met = [not alarms.isdisjoint(each.accepted) for each in planted.anomalies]
                recalls.append(sum(met) / len(met))
            yield Expected(
                ranker.name,
                kind,
                float(np.mean(recalls)),
                float(np.std(recalls)),
                alarm_rate,
                len(test),
                supported=levels.lines * alpha >= 1,
            )


class _Levels:
    """p-values of a scorer: its own, or by the scores of the half that it has not learned.

    Parameters
    ----------
    ranker
        The scorer.
    train
        The log to learn.
    """

    def __init__(self, ranker: Ranker, train: Log) -> None:
        self._ranker = ranker
        self._train = train
        self.lines = len(train)
        self._held_out = np.empty(0)
        if not isinstance(ranker, Calibrated):
            half = len(train) // 2
            self._train = train.take(slice(0, half))
            self._held_out = np.sort(ranker.rank(self._train, train.take(slice(half, None))))
            self.lines = len(self._held_out)

    def pvalues(self, test: Log) -> Floats:
        if isinstance(self._ranker, Calibrated):
            return self._ranker.score(self._train, test)[1]
        score = self._ranker.rank(self._train, test)
        below = np.searchsorted(self._held_out, score)
        return (1 + self.lines - below) / (1 + self.lines)
