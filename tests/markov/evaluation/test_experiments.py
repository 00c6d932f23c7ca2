from __future__ import annotations

import numpy as np

from exporter.markov.evaluation.experiments import trials
from exporter.markov.evaluation.pairs import Pair, Part, Similarity
from exporter.markov.evaluation.planting import Kind
from tests.markov.evaluation.logs import random_log

PARTS = [Part(f"part{n}", "system", "host", random_log(300, 4, seed=n)) for n in range(2)]
PAIRS = [Pair(train, PARTS[1], None) for train in PARTS]


class Noting:
    """A scorer that knows nothing, and notes what it is given."""

    side = "after"

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[list[bytes]] = []

    def rank(self, train, test):
        self.seen.append(test.raw.tolist())
        return np.zeros(len(test))


def test_all_scorers_and_models_rank_the_same_plants():
    """Which depend on the log, the kind and the seed only."""
    first, second = Noting("first"), Noting("second")
    found = list(trials(PAIRS, [first, second], [Kind.INSERTION, Kind.DELETION], 2, 5))
    assert len(found) == 2 * 2 * 2 * 2
    assert first.seen == second.seen
    assert first.seen[:4] == first.seen[4:]
    assert len({tuple(lines) for lines in first.seen[:4]}) == 4
    assert list(trials(PAIRS, [first], [Kind.DELETION], 1, 5)) == [
        trial
        for trial in found
        if (trial.scorer, trial.kind, trial.seed) == ("first", Kind.DELETION, 0)
    ]


def test_a_trial_says_what_was_judged():
    """The cluster is the host of the tested log."""
    pair = Pair(PARTS[0], PARTS[1], Similarity.PERIOD)
    (trial,) = trials([pair], [Noting("x")], [Kind.NOVEL], 1, 5)
    assert (trial.train, trial.test, trial.cluster) == ("part0", "part1", "system/host")
    assert (trial.similarity, trial.kind, trial.seed, trial.scorer) == (
        "other period",
        "novel",
        0,
        "x",
    )
