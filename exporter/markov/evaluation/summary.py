"""Means over pairs of logs, and by how much one scorer is better than another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from exporter.markov.evaluation.experiments import Trial
from exporter.markov.evaluation.metrics import Measures

Floats = NDArray[np.float64]

MEASURES = tuple(field.name for field in fields(Measures))
RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Mean:
    """A measure of a scorer over the pairs of a class, each the mean over its seeds.

    Attributes
    ----------
    scorer, kind, similarity, measure
        What it is of.
    mean, deviation
        Over pairs; the standard deviation is that of a sample, NaN of a single pair.
    pairs
        How many.
    """

    scorer: str
    kind: str
    similarity: str
    measure: str
    mean: float
    deviation: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much a scorer is better than another one on the same pairs.

    Attributes
    ----------
    scorer, other, kind, similarity, measure
        What it is of; above 0 where `scorer` is better.
    mean
        Over pairs.
    low, high
        95 % interval of a percentile bootstrap that draws test hosts, each with all its pairs
        (Cameron, Gelbach and Miller, Review of Economics and Statistics 90, 2008); NaN with less
        than two hosts.
    pairs, clusters
        How many pairs, and hosts.
    """

    scorer: str
    other: str
    kind: str
    similarity: str
    measure: str
    mean: float
    low: float
    high: float
    pairs: int
    clusters: int


class Summary:
    """What trials say together.

    Parameters
    ----------
    trials
        The trials.
    seed
        Of the bootstrap.
    """

    def __init__(self, trials: Iterable[Trial], seed: int = 0) -> None:
        self._seed = seed
        gathered: dict[tuple[str, str, str], dict[tuple[str, str, str], list[Floats]]] = {}
        for trial in trials:
            group = gathered.setdefault((trial.kind, trial.similarity, trial.scorer), {})
            values = [getattr(trial.measures, name) for name in MEASURES]
            pair = (trial.cluster, trial.train, trial.test)
            group.setdefault(pair, []).append(np.array(values))
        self._groups = {
            key: {pair: np.mean(values, axis=0) for pair, values in group.items()}
            for key, group in gathered.items()
        }
        self.kinds = _distinct(key[0] for key in self._groups)
        self.similarities = _distinct(key[1] for key in self._groups)
        self.scorers = _distinct(key[2] for key in self._groups)

    def means(self) -> list[Mean]:
        """Return every measure of every scorer, by kind and class."""
        found = []
        for (kind, similarity, scorer), group in self._groups.items():
            values = np.stack(list(group.values()))
            deviation = (
                values.std(axis=0, ddof=1) if len(values) > 1 else np.full(len(MEASURES), np.nan)
            )
            found += [
                Mean(
                    scorer,
                    kind,
                    similarity,
                    measure,
                    float(values[:, place].mean()),
                    float(deviation[place]),
                    len(values),
                )
                for place, measure in enumerate(MEASURES)
            ]
        return found

    def pairs(self) -> list[dict[str, str | float]]:
        """Return every pair of every scorer, by kind: its class, its logs and its measures."""
        return [
            {
                "scorer": scorer,
                "kind": str(kind),
                "similarity": str(similarity),
                "host": pair[0],
                "train": pair[1],
                "test": pair[2],
                **dict(zip(MEASURES, values.tolist(), strict=True)),
            }
            for (kind, similarity, scorer), group in self._groups.items()
            for pair, values in group.items()
        ]

    def differences(self, scorer: str, other: str) -> list[Difference]:
        """Return by how much `scorer` is better than `other`, by kind and class."""
        found = []
        for kind in self.kinds:
            for similarity in self.similarities:
                first = self._groups.get((kind, similarity, scorer))
                second = self._groups.get((kind, similarity, other))
                if not first or not second:
                    continue
                clusters = _distinct(pair[0] for pair in first)
                place = np.array([clusters.index(pair[0]) for pair in first])
                gain = np.stack([values - second[pair] for pair, values in first.items()])
                low, high = self._interval(gain, place, len(clusters))
                found += [
                    Difference(
                        scorer,
                        other,
                        kind,
                        similarity,
                        measure,
                        float(gain[:, row].mean()),
                        float(low[row]),
                        float(high[row]),
                        len(gain),
                        len(clusters),
                    )
                    for row, measure in enumerate(MEASURES)
                ]
        return found

    def _interval(
        self, gain: Floats, cluster: NDArray[np.intp], clusters: int
    ) -> tuple[Floats, Floats]:
        if clusters < 2:
            unknown = np.full(gain.shape[1], np.nan)
            return unknown, unknown
        sums = np.zeros((clusters, gain.shape[1]))
        np.add.at(sums, cluster, gain)
        sizes = np.bincount(cluster, minlength=clusters)
        generator = np.random.default_rng(self._seed)
        drawn = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=RESAMPLES)
        means = (drawn @ sums) / (drawn @ sizes)[:, None]
        low, high = np.quantile(means, [0.025, 0.975], axis=0)
        return low, high


def _distinct(values: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(values))
