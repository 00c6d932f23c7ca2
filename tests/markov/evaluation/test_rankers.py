from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exporter.errors import UsageError
from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.planting import Kind, Planter
from exporter.markov.evaluation.rankers import NAMES, DetectorRanker, paper_model, ranker
from exporter.markov.online import OnlineModel
from exporter.markov.scored import Kind as ScoredKind
from exporter.markov.training import Trainer
from tests.markov.evaluation.logs import log, random_log


def joined(*logs: Log) -> Log:
    """Return logs one after the other."""
    whole = logs[0]
    for other in logs[1:]:
        whole = whole.joined(other)
    return whole


def test_the_papers_scores():
    """P of the line after the one before, and that of the program; a host's first line is last."""
    train = joined(log("a", "b", "a"), log("c", program="cron"), log("a"))
    test = joined(log("a", "b", "x"), log("c", program="cron"))
    assert ranker("message").rank(train, test).tolist() == [-np.inf, -0.5, -0.0, -0.0]
    assert ranker("message+tag").rank(train, test).tolist() == [
        -np.inf,
        -0.5 - 2 / 3,
        -0.0 - 2 / 3,
        -0.0 - 1 / 3,
    ]


def test_the_papers_model_is_what_training_makes():
    """Without the detector, which takes longer to train."""
    lines = random_log(500, 6, hosts=3)
    trainer = Trainer()
    trainer.update(lines.batch())
    ours, trained = paper_model(lines), trainer.model()
    states = np.arange(len(ours.messages))
    theirs = trained.messages.numbers(ours.messages.values)
    for state in states.tolist():
        assert np.array_equal(
            ours.message_transitions.probability(np.full_like(states, state), states),
            trained.message_transitions.probability(np.full_like(states, theirs[state]), theirs),
        )
    assert (ours.lines, ours.chains) == (trained.lines, trained.chains)


@pytest.mark.parametrize("name", NAMES)
def test_a_line_that_never_was_is_ranked_first(name):
    """By every scorer; the same training log is learned once, and scored alike ever after."""
    train = log(*("abc" * 400))
    planted = Planter(log(*("abc" * 100))).plant(Kind.STRANGER, 1, np.random.default_rng(1))
    scorer = ranker(name)
    first = scorer.rank(train, planted.log)
    assert first.shape == (301,)
    assert int(first.argmax()) in planted.anomalies[0].targets(scorer.side)
    assert np.array_equal(scorer.rank(train, planted.log), first)
    assert not np.array_equal(scorer.rank(log(*("cba" * 400)), planted.log), first)


def test_the_detector_gives_pvalues_as_well():
    """One for every line, the lowest for the anomaly."""
    train, test = log(*("abc" * 1400)), log(*("abc" * 50), "segfault", *("abc" * 50))
    score, pvalue = DetectorRanker().score(train, test)
    assert score.argmax() == pvalue.argmin() == 150
    assert ((pvalue > 0) & (pvalue <= 1)).all()


def test_a_burst_has_no_pvalue_and_hides_none():
    """Its lines have those that they have by their order."""
    train, test = log(*("abc" * 400)), log(*("abc" * 400))
    # The lines of the test come all at once.
    test = replace(test, time=np.full(len(test), test.time[-1] + 86400.0))
    model = OnlineModel()
    for part in (train, test):
        scored, pvalues = model.score(part.batch(), part.time)
    assert np.isnan(pvalues[scored.kind == ScoredKind.BURST]).any()
    score, pvalue = DetectorRanker().score(train, test)
    assert np.isfinite(pvalue).all()
    assert score.max() < scored.score[scored.kind == ScoredKind.BURST].max()


def test_an_unknown_scorer():
    """The message says which there are."""
    with pytest.raises(
        UsageError, match=r"'x'; there are message, message\+tag, detector, tokens-online"
    ):
        ranker("x")
