from __future__ import annotations

import numpy as np
import pytest

from exporter.markov.backoff import Lines
from exporter.markov.learned_order import LearnedOrder
from exporter.markov.pending import Column
from exporter.storage.encoding import decode, encode

SAME = np.arange(10)


def lines(*states):
    """Return lines of one program."""
    return Lines(np.array(states), np.full(len(states), 2))


def learn(order, sequence, times):
    """Learn a sequence again and again."""
    for _ in range(times):
        order.learn(lines(*sequence[:-1]), lines(*sequence[1:]))


def gap(order, before, after, surprisal=9.0):
    """Return what is noted of a line after another one, which is at position 6."""
    table = np.full((1, len(Column)), np.nan)
    table[0, Column.POSITION], table[0, Column.GAP] = 7, 0
    pair = np.array([before]), np.array([after])
    order.mark_gaps(*pair, np.array([surprisal]), np.array([6]), table)
    return table[0]


def test_a_missing_line_is_known_from_the_end_of_the_epoch_on():
    """With its place, the line before, and the probabilities with it and without."""
    order = LearnedOrder(1000)
    learn(order, (3, 4, 5), 20)
    assert gap(order, 3, 5)[Column.GAP] == 0
    order.end_epoch()
    line = gap(order, 3, 5)
    assert line[Column.GAP_STATE] == 4
    assert (line[Column.GAP_AT], line[Column.GAP_BEFORE]) == (6, 3)
    assert line[Column.GAP_SURPRISAL] == 9
    assert line[Column.GAP] == pytest.approx(9 + np.log(line[Column.GAP_PROBABILITY]))


def test_no_surprise():
    """Nothing is missing in front of what is not surprising."""
    order = LearnedOrder(1000)
    learn(order, (3, 4, 5), 20)
    order.end_epoch()
    assert gap(order, 3, 5, surprisal=3.9)[Column.GAP] == 0


def test_two_gaps_at_one_place():
    """Speak for each other."""
    order = LearnedOrder(1000)
    learn(order, (3, 4, 5), 20)
    order.end_epoch()
    table = gap(order, 3, 5)[None]
    alone = float(table[0, Column.GAP])
    order.mark_gaps(np.array([3]), np.array([5]), np.array([9.0]), np.array([6]), table)
    assert table[0, Column.GAP] == pytest.approx(2 * alone)


def test_merged_in_the_middle_of_an_epoch():
    """What the gaps have not learned yet is learned at its end, under the numbers here."""
    order, other = LearnedOrder(1000), LearnedOrder(1000)
    learn(other, (3, 4, 5), 20)
    states = SAME.copy()
    states[4] = 8
    order.merge(other, states, SAME, np.full(10, 2))
    order.end_epoch()
    assert gap(order, 3, 5)[Column.GAP_STATE] == 8


def test_dumped_and_loaded_in_the_middle_of_an_epoch():
    """Goes on as if nothing had been."""
    order, other = LearnedOrder(1000), LearnedOrder(1000)
    learn(order, (3, 4, 5), 20)
    other.load(decode(encode(order.dump())))
    for each in (order, other):
        each.end_epoch()
    assert gap(other, 3, 5).tolist()[:15] == pytest.approx(
        gap(order, 3, 5).tolist()[:15], nan_ok=True
    )
    assert other.forgotten == order.forgotten == 0
