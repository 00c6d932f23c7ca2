"""How many of the planted anomalies are among the first of a ranking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.markov.evaluation.log import NONE
from exporter.markov.evaluation.planting import Planted, Side

Floats = NDArray[np.float64]

PRECISION_AT = 10


@dataclass(frozen=True, slots=True)
class Measures:
    """What a ranking is worth, each in 0..1.

    Attributes
    ----------
    precision
        Precision at 10: the share of the first ten lines that are anomalous (of the first R where
        there are fewer than ten anomalous lines).
    recall
        Recall at R: the share of the R anomalous lines among the first R. An insertion makes two
        lines anomalous, a deletion one.
    found
        The share of the anomalies that the first alerts meet, as many as there are anomalies. An
        alert is also for the lines next to it on its host; a line that had one gets no other.
    lenient_precision, lenient_recall
        The same where a deletion is found by any line that shows it: both lines at the gap, and
        the next one of the process. The recall is that of the anomalies.
    """

    precision: float
    recall: float
    found: float
    lenient_precision: float
    lenient_recall: float


def measures(score: Floats, planted: Planted, side: Side) -> Measures:
    """Judge scores of the lines of a log with anomalies.

    Lines of the same score are taken in the order of the log. The places of anomalies are random,
    so that no other order that does not know them is better or worse on average.

    Parameters
    ----------
    score
        float64[n], higher is more anomalous.
    side
        Where the scorer reports a line that is missing.
    """
    order = np.argsort(-score, kind="stable")
    targets = {row for anomaly in planted.anomalies for row in anomaly.targets(side)}
    accepted = {row for anomaly in planted.anomalies for row in anomaly.accepted}
    first = order[: len(targets)].tolist()
    top = first[:PRECISION_AT]
    ranked = set(first)
    return Measures(
        precision=len(targets.intersection(top)) / max(1, len(top)),
        recall=len(targets & ranked) / max(1, len(targets)),
        found=_found(order, planted, side),
        lenient_precision=len(accepted.intersection(top)) / max(1, len(top)),
        lenient_recall=_share(
            not ranked.isdisjoint(anomaly.accepted) for anomaly in planted.anomalies
        ),
    )


def _found(order: NDArray[np.intp], planted: Planted, side: Side) -> float:
    before, after = planted.chains
    covered: set[int] = {NONE}
    alerts = 0
    for row in order.tolist():
        if alerts == len(planted.anomalies):
            break
        if row not in covered:
            alerts += 1
            covered |= {row, int(before[row]), int(after[row])}
    return _share(not covered.isdisjoint(each.targets(side)) for each in planted.anomalies)


def _share(true: Iterable[bool]) -> float:
    outcomes = list(true)
    return sum(outcomes) / max(1, len(outcomes))
