"""What ranks the lines of a log: the paper's two scorers, our detector, and a simple chain."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from exporter.errors import UsageError
from exporter.markov.chains import Chains
from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.planting import Side
from exporter.markov.evaluation.token_ranker import TOKENS, TokenRanker
from exporter.markov.model import MarkovModel
from exporter.markov.online import OnlineModel
from exporter.markov.scored import Kind as ScoredKind
from exporter.markov.scored import Scored
from exporter.markov.scoring import Scorer, ScorerName
from exporter.markov.training import MAX_HOSTS
from exporter.markov.transitions import TransitionCounts, TransitionMatrix
from exporter.markov.vocabulary import Vocabulary
from exporter.records import Categorical

Floats = NDArray[np.float64]

Integers = NDArray[np.int64]

PAPER: tuple[ScorerName, ...] = ("message", "message+tag")
DETECTOR = "detector"
NAMES: tuple[str, ...] = (*PAPER, DETECTOR, TOKENS)
_BLOCK = 1 << 14
"""Lines that the detector is given at once, as from a file."""


class Ranker(Protocol):
    """Scores the lines of a log after having learned another one.

    Attributes
    ----------
    name
        What tables call it.
    side
        Whether it reports a missing line at the line before the gap or at the one after.
    """

    name: str
    side: Side

    def rank(self, train: Log, test: Log) -> Floats:
        """Return float64[len(test)], higher is more anomalous."""


@runtime_checkable
class Calibrated(Protocol):
    """A ranker that also says how rare its scores are."""

    def score(self, train: Log, test: Log) -> tuple[Floats, Floats]:
        """Return what :meth:`Ranker.rank` does, and p-values, float64[len(test)]."""


class PaperRanker:
    """The paper's scores, their sign turned; the first line of a host is the least anomalous.

    A training log that comes again and again is learned once.

    Parameters
    ----------
    name
        As of :class:`exporter.markov.scoring.Scorer`.
    """

    side: Side = "after"

    def __init__(self, name: ScorerName) -> None:
        self.name: str = name
        self._scorer_name = name
        self._learned: tuple[Log, Scorer] | None = None

    def rank(self, train: Log, test: Log) -> Floats:
        """Return float64[len(test)], -P(line | line before), or that less P(tag | tag before)."""
        if self._learned is None or self._learned[0] is not train:
            self._learned = train, Scorer(paper_model(train), self._scorer_name)
        scorer = self._learned[1]
        message = scorer.model.messages.encode(test.message)
        tag = scorer.model.tags.encode(test.tag)
        before, tag_before = Chains(MAX_HOSTS).link(test.host, message, tag)
        probability = scorer.score(before, message, tag_before, tag).probability
        return np.where(np.isnan(probability), -np.inf, -probability)


class DetectorRanker:
    """The detector that goes on learning while it scores.

    Parameters
    ----------
    fresh
        Makes one that has learned nothing.
    """

    name = DETECTOR
    side: Side = "before"

    def __init__(self, fresh: Callable[[], OnlineModel] = OnlineModel) -> None:
        self._fresh = fresh
        self._learned: tuple[Log, bytes] | None = None

    def rank(self, train: Log, test: Log) -> Floats:
        """Return float64[len(test)], evidence in nats."""
        return self.score(train, test)[0]

    def score(self, train: Log, test: Log) -> tuple[Floats, Floats]:
        """Return the scores, and the p-values that alarms go by, float64[len(test)] each."""
        if self._learned is None or self._learned[0] is not train:
            model = self._fresh()
            _score_all(model, train)
            # Copies of bytes are made faster than those of the objects.
            self._learned = train, pickle.dumps(model)
        model = pickle.loads(self._learned[1])  # noqa: S301
        begun = model.detector.lines
        score, pvalue = np.full(len(test), -np.inf), np.ones(len(test))
        for scored, pvalues in _score_all(model, test):
            # The last lines of the training log may have waited for the first of the test. Bursts
            # have a scale of their own; nothing that is planted is one.
            mine = (scored.position >= begun) & (scored.kind != ScoredKind.BURST)
            rows = scored.position[mine] - begun
            np.maximum.at(score, rows, scored.score[mine])
            np.minimum.at(pvalue, rows, pvalues[mine])
        return score, pvalue


def ranker(name: str) -> Ranker:
    """Return a ranker by its name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name == DETECTOR:
        return DetectorRanker()
    if name == TOKENS:
        return TokenRanker()
    for paper in PAPER:
        if paper == name:
            return PaperRanker(paper)
    raise UsageError(f"there is no scorer {name!r}; there are {', '.join(NAMES)}")


def paper_model(train: Log) -> MarkovModel:
    """Return the paper's model of a log, one chain a host, without an online one."""
    chains = Chains(MAX_HOSTS)
    messages, tags = Vocabulary(_used(train.message)), Vocabulary(_used(train.tag))
    message, tag = messages.encode(train.message), tags.encode(train.tag)
    message_before, tag_before = chains.link(train.host, message, tag)
    return MarkovModel(
        messages,
        tags,
        _matrix(message_before, message, len(messages)),
        _matrix(tag_before, tag, len(tags)),
        lines=len(train),
        chains=chains.started,
        holdout_transitions=0,
        holdout_unseen=0,
    )


def _used(column: Categorical) -> list[str]:
    # A part of a log keeps the values of the whole.
    return [column.values[code] for code in np.unique(column.codes).tolist() if code >= 0]


def _matrix(before: Integers, states: Integers, size: int) -> TransitionMatrix:
    counts = TransitionCounts()
    counts.add(before, states)
    return counts.matrix(size)


def _score_all(model: OnlineModel, log: Log) -> list[tuple[Scored, Floats]]:
    parts = []
    for begin in range(0, len(log), _BLOCK):
        part = log.take(slice(begin, begin + _BLOCK))
        batch = part.batch()
        parts.append(model.score(batch, batch.timestamp))
    return [*parts, model.finish()]
