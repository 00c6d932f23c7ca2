from __future__ import annotations

import numpy as np
import pytest

from exporter.markov.evaluation.metrics import Measures, measures
from exporter.markov.evaluation.planting import Anomaly, Planted
from tests.markov.evaluation.logs import log

LOG = log(*map(str, range(40)))


def planted(*anomalies: Anomaly) -> Planted:
    """Return a log of 40 lines with anomalies."""
    return Planted(LOG, anomalies, LOG.chains())


def judge(ranking: list[int], truth: Planted, side="after") -> Measures:
    """Judge a ranking, given as its first rows."""
    score = np.full(len(LOG), -np.inf)
    score[ranking] = -np.arange(len(ranking), dtype=float)
    return measures(score, truth, side)


def test_an_insertion_is_two_anomalies():
    """Precision and recall count its lines, the alerts count it once."""
    truth = planted(Anomaly(5, 4, 6), Anomaly(15, 14, 16), Anomaly(25, 24, 26))
    # The second alert is for row 15, since row 6 is next to row 5.
    found = judge([5, 6, 15, 30, 31, 35], truth)
    assert found.precision == pytest.approx(3 / 6)
    assert found.recall == pytest.approx(3 / 6)
    assert found.found == pytest.approx(2 / 3)
    assert found.lenient_recall == pytest.approx(2 / 3)


def test_precision_is_of_the_first_ten():
    """However many anomalies there are."""
    truth = planted(*(Anomaly(row, row - 1, row + 1) for row in range(1, 36, 5)))
    assert judge([1, 2, 6, 7, *range(10, 40, 10), 11, 12, 16, 17], truth).precision == 0.7


def test_a_deletion_is_one_anomaly_on_the_side_of_the_scorer():
    """A lenient judge takes either, and the next line of the process."""
    truth = planted(Anomaly(-1, 4, 5, 9), Anomaly(-1, 20, 21))
    assert judge([4, 30], truth, "before").precision == 0.5
    assert judge([4, 30], truth, "after").precision == 0.0
    assert judge([4, 30], truth, "after").lenient_precision == 0.5
    assert judge([9, 21], truth, "after") == Measures(0.5, 0.5, 0.5, 1.0, 1.0)


def test_an_alert_is_also_for_its_neighbours():
    """A gap that is reported a line off is found, yet neither precise nor recalled."""
    truth = planted(Anomaly(-1, 4, 5))
    assert judge([4], truth) == Measures(0.0, 0.0, 1.0, 1.0, 1.0)
    assert judge([7], truth).found == 0.0


def test_lines_of_one_score_count_in_the_order_of_the_log():
    """As the paper's probabilities of 0 do."""
    first, last = planted(Anomaly(0, -1, 1)), planted(Anomaly(38, 37, 39))
    assert measures(np.zeros(40), first, "after").precision == 1.0
    assert measures(np.zeros(40), last, "after").precision == 0.0
