from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov import training
from exporter.markov.chains import Chains
from exporter.markov.model import MIN_HOLDOUT, merge
from exporter.markov.scoring import Scorer
from exporter.markov.training import Trainer
from exporter.records import Categorical, SyslogBatch

Record = tuple[str, str, str]


def batch(records: list[Record]) -> SyslogBatch:
    """Make a batch of (host, tag, message)."""
    hosts, tags, messages = zip(*records, strict=True) if records else ((), (), ())
    return SyslogBatch(
        "test",
        0.0,
        np.zeros(len(records)),
        Categorical.encode(hosts),
        Categorical.encode(tags),
        Categorical.encode(messages),
    )


def trained(*parts: list[Record]):
    """Train on batches."""
    trainer = Trainer()
    for part in parts:
        trainer.update(batch(part))
    return trainer.model()


class Reference:
    """The paper with dictionaries: one chain a host, unsmoothed maximum likelihood."""

    def __init__(self, log: list[Record]):
        self.message = self._matrix(log, 2)
        self.tag = self._matrix(log, 1)

    @staticmethod
    def _matrix(log, column):
        chains = defaultdict(list)
        for record in log:
            chains[record[0]].append(record[column])
        follows = defaultdict(lambda: defaultdict(int))
        for chain in chains.values():
            for before, after in pairwise(chain):
                follows[before][after] += 1
        matrix = {
            before: {after: n / sum(row.values()) for after, n in row.items()}
            for before, row in follows.items()
        }
        for state in {record[column] for record in log} - matrix.keys():
            matrix[state] = {state: 1.0}
        return matrix

    def scores(self, log, *, with_tag):
        last = {}
        for host, tag, message in log:
            if host not in last:
                yield math.nan
            else:
                tag_before, message_before = last[host]
                score = self.message.get(message_before, {}).get(message, 0.0)
                if with_tag:
                    score += self.tag.get(tag_before, {}).get(tag, 0.0)
                yield score
            last[host] = tag, message


record = st.tuples(st.sampled_from("hgk"), st.sampled_from("stu"), st.sampled_from("mnopq"))
log = st.lists(record, max_size=80)


@given(log, log, st.integers(0, 80))
def test_scores_equal_the_paper_with_dictionaries(train, test, cut):
    """Both scorers, on any logs, however the training log is cut into batches."""
    model = trained(train[:cut], train[cut:])
    assert set(model.messages.values) == {message for _, _, message in train}
    assert model.lines == len(train)
    assert model.chains == len({host for host, _, _ in train})
    columns = batch(test)
    message, tag = model.messages.encode(columns.message), model.tags.encode(columns.tag)
    before, tag_before = Chains(10).link(columns.host, message, tag)
    reference = Reference(train)
    for name in ("message", "message+tag"):
        scores = Scorer(model, name).score(before, message, tag_before, tag)
        expected = list(reference.scores(test, with_tag=name == "message+tag"))
        np.testing.assert_array_equal(scores.probability, expected)


@given(log, log)
def test_merging_is_training_on_both_but_for_the_joint(first, second):
    """With hosts of their own in each log there is no joint, and the matrices are equal."""
    second = [(f"other {host}", tag, message) for host, tag, message in second]
    merged, whole = merge(trained(first), trained(second)), trained(first, second)
    assert merged.messages.values == whole.messages.values
    assert merged.tags.values == whole.tags.values
    for matrix in ("message_transitions", "tag_transitions"):
        for array in ("pairs", "counts"):
            got, expected = (getattr(getattr(m, matrix), array) for m in (merged, whole))
            assert got.tolist() == expected.tolist()
    assert (merged.lines, merged.chains) == (whole.lines, whole.chains)


@given(log, log)
def test_at_the_joint_merging_lacks_one_transition_a_host(first, second):
    """Training on both logs in a row links the last message of a host to its first in the next."""
    merged, whole = merge(trained(first), trained(second)), trained(first, second)
    joints = {host for host, _, _ in first} & {host for host, _, _ in second}
    missing = whole.message_transitions.total - merged.message_transitions.total
    assert missing == len(joints)
    assert merged.chains - whole.chains == len(joints)


def test_the_expected_share_is_that_of_the_second_half():
    """A model of the first half meets the second."""
    n = MIN_HOLDOUT
    normal = [("h", "t", "ab"[i % 2]) for i in range(2 * n + 1)]
    model = trained(normal)
    assert (model.holdout_transitions, model.holdout_unseen) == (n, 0)
    assert model.expected_unseen_share == 0.5 / (n + 1)
    model = trained([*normal[:-1], ("h", "t", "c")])
    assert (model.holdout_transitions, model.holdout_unseen) == (n, 1)
    assert model.expected_unseen_share == 1.5 / (n + 1)


def test_too_few_lines_give_no_share():
    """Nothing is derived from a short log."""
    assert trained([("h", "t", "m")] * (2 * MIN_HOLDOUT)).expected_unseen_share is None
    assert trained([("h", "t", "m")] * (2 * MIN_HOLDOUT + 1)).expected_unseen_share is not None
    assert trained().expected_unseen_share is None


def test_messages_without_end_are_left_out(monkeypatch):
    """The states are bounded; what is left out is counted and is no transition."""
    monkeypatch.setattr(training, "MAX_MESSAGES", 2)
    trainer = Trainer()
    trainer.update(batch([("h", "t", message) for message in "abacbab"]))
    model = trainer.model()
    assert model.messages.values == ("a", "b")
    assert trainer.left_out == 1
    assert model.message_transitions.total == 4
    assert model.tag_transitions.total == 6


def test_a_model_does_not_change_as_training_goes_on():
    """What was returned stays as it was."""
    trainer = Trainer()
    trainer.update(batch([("h", "t", "a"), ("h", "t", "a")]))
    model = trainer.model()
    trainer.update(batch([("h", "t", "b")]))
    assert model.messages.values == ("a",)
    assert model.message_transitions.total == 1


def test_scoring_is_pinned_on_a_small_log():
    """Probabilities of a log that can be checked by hand."""
    model = trained([("h", "t", message) for message in "abac"])
    ab = model.message_transitions.probability(np.array([0, 0, 1]), np.array([1, 2, 0]))
    assert ab.tolist() == [0.5, 0.5, 1.0]
    assert model.message_transitions.total == pytest.approx(3)
