"""What training leaves behind: states, transitions, and what to expect of normal days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.markov import merging
from exporter.markov.online import OnlineModel
from exporter.markov.transitions import TransitionMatrix
from exporter.markov.vocabulary import Vocabulary

MIN_HOLDOUT = 500
"""Transitions of the second half below which no share is derived from it."""


@dataclass(frozen=True, slots=True, eq=False)
class MarkovModel:
    """A trained model.

    Attributes
    ----------
    messages, tags
        The states.
    message_transitions, tag_transitions
        Their transitions.
    lines
        Messages in the training logs.
    chains
        Sequences that they form, one for each host.
    holdout_transitions, holdout_unseen
        Transitions in the second half of the training logs, and those of them that the first
        half does not have.
    online
        State of an :class:`exporter.markov.online.OnlineModel` that has learned the same logs;
        ``None`` of a file that has none.
    """

    messages: Vocabulary
    tags: Vocabulary
    message_transitions: TransitionMatrix
    tag_transitions: TransitionMatrix
    lines: int
    chains: int
    holdout_transitions: int
    holdout_unseen: int
    online: Mapping[str, Any] | None = None

    @property
    def expected_unseen_share(self) -> float | None:
        """The share of transitions that a normal day has and the model has not.

        Measured as a model of the first half meets the second half, with half a transition more
        unseen (the mean of Jeffreys' posterior), so that it is never 0: what has not happened in
        n transitions is rare, not impossible. ``None`` where the second half is shorter than
        :data:`MIN_HOLDOUT`. The whole model has seen twice as much, so the share errs upwards and
        the p-values that it gives err on the side of silence.
        """
        if self.holdout_transitions < MIN_HOLDOUT:
            return None
        return (self.holdout_unseen + 0.5) / (self.holdout_transitions + 1)


def merge(first: MarkovModel, second: MarkovModel) -> MarkovModel:
    """Return the model of both training logs.

    All counts add. It differs from a model trained on one log after the other only at the joint:
    from the last message of a host in the first log to its first in the second there is no
    transition here, and that host counts as two chains.
    """
    messages = Vocabulary((*first.messages.values, *second.messages.values))
    tags = Vocabulary((*first.tags.values, *second.tags.values))
    return MarkovModel(
        messages=messages,
        tags=tags,
        message_transitions=first.message_transitions.merged(
            second.message_transitions, messages.numbers(second.messages.values), len(messages)
        ),
        tag_transitions=first.tag_transitions.merged(
            second.tag_transitions, tags.numbers(second.tags.values), len(tags)
        ),
        lines=first.lines + second.lines,
        chains=first.chains + second.chains,
        holdout_transitions=first.holdout_transitions + second.holdout_transitions,
        holdout_unseen=first.holdout_unseen + second.holdout_unseen,
        online=_merged_online(first.online, second.online),
    )


def _merged_online(
    first: Mapping[str, Any] | None, second: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    if first is None or second is None:
        # That of one log alone would take the lines of the other one for new.
        return None
    models = OnlineModel(), OnlineModel()
    for model, state in zip(models, (first, second), strict=True):
        model.load(state)
    return merging.merged(*models).plain()
