from __future__ import annotations

import numpy as np
import pytest

from exporter.errors import UsageError
from exporter.markov.evaluation.planting import Kind
from exporter.markov.evaluation.rankers import ranker
from exporter.markov.evaluation.self_test import self_test
from tests.markov.evaluation.logs import log

CYCLE = log(*("abcd" * 1000))


class Told:
    """A scorer that is told which lines to raise an alarm for."""

    name, side = "told", "after"

    def score(self, train, test):
        novel = np.array([len(text) > 6 for text in test.message.decode()])
        pvalue = np.where(novel, 0.0005, 1.0)
        return -pvalue, pvalue

    def rank(self, train, test):
        return self.score(train, test)[0]


def test_pvalues_of_a_scorer_that_has_them():
    """An anomaly is met where one of its lines has p <= alpha."""
    found = list(self_test(CYCLE, [Told()], [Kind.NOVEL, Kind.INSERTION], 3, 5, 1e-3))
    assert [(row.kind, row.recall, row.deviation, row.alarm_rate) for row in found] == [
        ("novel", 1.0, 0.0, 0.0),
        ("insertion", 0.0, 0.0, 0.0),
    ]
    assert found[0].lines == 2000
    assert found[0].supported


def test_thresholds_of_a_scorer_without_pvalues_are_of_lines_that_it_has_not_learned():
    """Half of the half that is for learning: too few of them allow no alarm."""
    (row,) = self_test(CYCLE, [ranker("message")], [Kind.INSERTION], 3, 5, 2e-3)
    assert (row.recall, row.alarm_rate, row.supported) == (1.0, 0.0, True)
    (row,) = self_test(CYCLE, [ranker("message")], [Kind.INSERTION], 3, 5, 9e-4)
    assert (row.recall, row.alarm_rate, row.supported) == (0.0, 0.0, False)


def test_the_detector_by_its_own_pvalues():
    """Lines never seen are found."""
    (row,) = self_test(CYCLE, [ranker("detector")], [Kind.STRANGER], 2, 5, 1e-2)
    assert row.recall == 1.0
    assert row.alarm_rate < 0.01


def test_a_log_of_one_line():
    """Has no halves."""
    with pytest.raises(UsageError, match="no two halves"):
        next(self_test(log("a"), [ranker("message")], [Kind.NOVEL], 1, 1, 0.1))
