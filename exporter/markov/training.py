"""Training: batches of messages to a model, in one pass and with memory for the distinct only."""

from __future__ import annotations

from exporter.markov.chains import Chains
from exporter.markov.model import MarkovModel
from exporter.markov.online import OnlineModel
from exporter.markov.reference import Reference
from exporter.markov.transitions import TransitionCounts
from exporter.markov.vocabulary import UNKNOWN, Vocabulary
from exporter.records import SyslogBatch

MAX_HOSTS = 100_000
MAX_MESSAGES = 1 << 20
MAX_TAGS = 1 << 16


class Trainer:
    """Counts the transitions of any number of logs, given one after the other.

    A host's chain goes on from file to file, as the parts of a rotated log do.
    """

    def __init__(self) -> None:
        self.lines = 0
        """Messages so far."""
        self.left_out = 0
        """Messages that are no state, since there are :data:`MAX_MESSAGES` others."""
        self._messages = Vocabulary(capacity=MAX_MESSAGES)
        self._tags = Vocabulary(capacity=MAX_TAGS)
        self._message_counts = TransitionCounts()
        self._tag_counts = TransitionCounts()
        self._chains = Chains(MAX_HOSTS)
        self._online = OnlineModel()
        self._online.detector.reference.longest = None

    @property
    def reference(self) -> Reference:
        """What incidents will be told by."""
        return self._online.detector.reference

    def update(self, batch: SyslogBatch) -> None:
        """Count the messages of a batch."""
        self._messages.admit(batch.message.values)
        self._tags.admit(batch.tag.values)
        message = self._messages.encode(batch.message)
        tag = self._tags.encode(batch.tag)
        previous_message, previous_tag = self._chains.link(batch.host, message, tag)
        self._message_counts.add(previous_message, message)
        self._tag_counts.add(previous_tag, tag)
        self._online.score(batch, batch.timestamp)
        self.lines += len(batch)
        self.left_out += int((message == UNKNOWN).sum())

    def model(self) -> MarkovModel:
        """Return the model of what was counted so far, which is its reference for good."""
        self.reference.fix()
        holdout_transitions, holdout_unseen = self._message_counts.second_half()
        return MarkovModel(
            messages=Vocabulary(self._messages.values),
            tags=Vocabulary(self._tags.values),
            message_transitions=self._message_counts.matrix(len(self._messages)),
            tag_transitions=self._tag_counts.matrix(len(self._tags)),
            lines=self.lines,
            chains=self._chains.started,
            holdout_transitions=holdout_transitions,
            holdout_unseen=holdout_unseen,
            online=self._online.plain(),
        )
