"""The paper's two scores of a message: how probable it was after the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exporter.markov.chains import NO_STATE
from exporter.markov.model import MarkovModel
from exporter.markov.vocabulary import UNKNOWN

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ScorerName = Literal["message", "message+tag"]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of messages, in their order.

    Attributes
    ----------
    scored
        bool[n], false for the first message of a chain, of which the model says nothing.
    probability
        float64[n], the paper's score, in 0..1 or, with the tag, in 0..2; the lowest is the most
        anomalous. NaN where not scored.
    surprisal
        float64[n], nats; NaN where not scored.
    novel
        bool[n], a message that the training logs do not have; also the first of a chain.
    unseen
        bool[n], scored, and the transition to the message has probability 0.
    unexpected
        bool[n], unseen, though both messages are known.
    """

    scored: Mask
    probability: Floats
    surprisal: Floats
    novel: Mask
    unseen: Mask
    unexpected: Mask


class Scorer:
    """Scores messages against a model.

    The surprisal is -ln P of the score's mean probability (P(message | previous message), or the
    mean of that and P(tag | previous tag), which orders messages as their sum does). Where that is
    0, or nearly so, P is 1 / (N + 1) with N the transitions of the training logs: what N
    transitions did not show is taken to be rarer than any of them.

    Parameters
    ----------
    model
        The model.
    name
        "message" is the paper's P(message | previous message), "message+tag" is that plus
        P(tag | previous tag).
    """

    def __init__(self, model: MarkovModel, name: ScorerName = "message") -> None:
        self.model = model
        self.name = name
        self._floor = 1.0 / (model.message_transitions.total + 1)

    def score(
        self, previous_message: Integers, message: Integers, previous_tag: Integers, tag: Integers
    ) -> Scores:
        """Score transitions.

        Parameters
        ----------
        previous_message, message, previous_tag, tag
            int64[n], states of the model, :data:`UNKNOWN`, or, as previous state,
            :data:`NO_STATE`.
        """
        scored = previous_message != NO_STATE
        of_message = self.model.message_transitions.probability(previous_message, message)
        probability = of_message.copy()
        mean = of_message
        if self.name == "message+tag":
            probability += self.model.tag_transitions.probability(previous_tag, tag)
            mean = probability / 2
        surprisal = -np.log(np.maximum(mean, self._floor))
        novel = message == UNKNOWN
        unseen = scored & (of_message == 0)
        return Scores(
            scored=scored,
            probability=np.where(scored, probability, np.nan),
            # Adding 0 turns -0, the surprisal of a certain message, into 0.
            surprisal=np.where(scored, surprisal + 0.0, np.nan),
            novel=novel,
            unseen=unseen,
            unexpected=unseen & ~novel & (previous_message != UNKNOWN),
        )
