"""All pairs of logs, kinds of anomalies, seeds and scorers, each judged."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exporter.markov.evaluation.metrics import Measures, measures
from exporter.markov.evaluation.pairs import Pair
from exporter.markov.evaluation.planting import Kind, Planter
from exporter.markov.evaluation.rankers import Ranker


@dataclass(frozen=True, slots=True)
class Trial:
    """One ranking, judged.

    Attributes
    ----------
    train, test
        Names of the two logs.
    cluster
        The host of the test log: what happens to two of its logs is not independent.
    similarity
        The class of the pair; empty where it is not known.
    kind, seed
        What was planted.
    scorer
        What ranked it.
    measures
        What that is worth.
    """

    train: str
    test: str
    cluster: str
    similarity: str
    kind: Kind
    seed: int
    scorer: str
    measures: Measures


def trials(
    pairs: Sequence[Pair],
    rankers: Sequence[Ranker],
    kinds: Sequence[Kind],
    seeds: int,
    anomalies: int,
) -> Iterator[Trial]:
    """Plant, rank and judge.

    All scorers, and all models, rank the same: what is planted into a log depends on its name, the
    kind and the seed, from 0.

    Parameters
    ----------
    anomalies
        How many of each kind are planted.

    Raises
    ------
    UsageError
        If a log is too short.
    """
    planters: dict[str, Planter] = {}
    for pair in pairs:
        test = pair.test
        planter = planters.get(test.name)
        if planter is None:
            planter = planters[test.name] = Planter(test.log)
        for seed in range(seeds):
            for kind in kinds:
                entropy = [seed, zlib.crc32(kind.encode()), zlib.crc32(test.name.encode())]
                planted = planter.plant(kind, anomalies, np.random.default_rng(entropy))
                for ranker in rankers:
                    score = ranker.rank(pair.train.log, planted.log)
                    yield Trial(
                        train=pair.train.name,
                        test=test.name,
                        cluster=f"{test.system}/{test.host}",
                        similarity=pair.similarity or "",
                        kind=kind,
                        seed=seed,
                        scorer=ranker.name,
                        measures=measures(score, planted, ranker.side),
                    )
