"""The paper's figures: states over time of a log and of a walk, and bars of precision and recall.

Figures 1 and 2 are side by side, as they are compared. From figure 3 on there is one for each kind
of anomaly and scorer; with insertions, deletions and both, and the paper's two scorers, that is 8.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.rankers import paper_model
from exporter.markov.evaluation.summary import Mean, Summary
from exporter.markov.evaluation.svg import Drawing
from exporter.markov.synthesis import Integers, walk

MAX_POINTS = 4000
"""Dots of a panel; of a longer log only every so many lines are drawn."""
_BLUE, _ORANGE, _GREY = "#1f77b4", "#ff7f0e", "#ddd"
_TOP, _LEFT, _PLOT_HEIGHT = 40, 60, 260
_PANEL, _GAP = 420, 70
_CLASS_WIDTH, _BAR = 130, 40


def figures(summary: Summary, log: Log, name: str, seed: int) -> Iterator[tuple[str, str]]:
    """Yield file names and what is to be in them.

    Parameters
    ----------
    log, name
        A log to draw, and what it is called.
    seed
        Of the walk.
    """
    yield "figure_1_2.svg", states_over_time(log, name, seed)
    means = {
        (mean.kind, mean.scorer, mean.similarity, mean.measure): mean for mean in summary.means()
    }
    pairs = list(product(summary.kinds, summary.scorers))
    for number, (kind, scorer) in enumerate(pairs, start=3):
        bars = [
            (
                similarity or "train/test",
                means[kind, scorer, similarity, "precision"],
                means[kind, scorer, similarity, "recall"],
            )
            for similarity in summary.similarities
            if (kind, scorer, similarity, "precision") in means
        ]
        drawn = precision_and_recall(f"Figure {number}: {kind}, scorer {scorer}", bars)
        yield f"figure_{number}.svg", drawn


def states_over_time(log: Log, name: str, seed: int) -> str:
    """Draw the states of a log, and of a walk of as many lines from its own first message."""
    model = paper_model(log)
    real = model.messages.encode(log.message)
    walked = walk(
        model.message_transitions, len(log), np.random.default_rng(seed), first=int(real[0])
    )
    # States are numbered as they appear in the log, so that what is new is at the top.
    _, first = np.unique(real, return_index=True)
    place = np.argsort(np.argsort(first))
    drawing = Drawing(2 * _LEFT + 2 * _PANEL + _GAP, _TOP + _PLOT_HEIGHT + 60)
    titles = (f"Figure 1: {name}", "Figure 2: a walk over its matrix")
    for panel, states in enumerate((place[real], place[walked])):
        left = _LEFT + panel * (_PANEL + _GAP)
        _panel(drawing, left, titles[panel], states, len(place))
    return drawing.document()


def _panel(drawing: Drawing, left: float, title: str, states: Integers, count: int) -> None:
    bottom = _TOP + _PLOT_HEIGHT
    drawing.text(left + _PANEL / 2, _TOP - 14, title, size=14)
    drawing.line(left, bottom, left + _PANEL, bottom)
    drawing.line(left, _TOP, left, bottom)
    rows = np.arange(0, len(states), max(1, -(-len(states) // MAX_POINTS)))
    x = left + rows * (_PANEL / max(1, len(states) - 1))
    y = bottom - states[rows] * (_PLOT_HEIGHT / max(1, count - 1))
    drawing.points(x.tolist(), y.tolist(), _BLUE)
    drawing.text(left, bottom + 16, "1", "start")
    drawing.text(left + _PANEL, bottom + 16, f"{len(states):,}", "end")
    drawing.text(left + _PANEL / 2, bottom + 34, "line")
    drawing.text(left - 6, bottom, "1", "end")
    drawing.text(left - 6, _TOP + 8, f"{count:,}", "end")
    drawing.upright(left - 30, _TOP + _PLOT_HEIGHT / 2, "state, by first appearance")


def precision_and_recall(title: str, bars: Sequence[tuple[str, Mean, Mean]]) -> str:
    """Draw precision at 10 and recall at R by class, with a standard deviation up and down."""
    width = len(bars) * _CLASS_WIDTH
    drawing = Drawing(_LEFT + width + 20, _TOP + _PLOT_HEIGHT + 60)
    bottom = _TOP + _PLOT_HEIGHT
    drawing.text(_LEFT + width / 2, _TOP - 18, title, size=14)
    for tenths in range(0, 11, 2):
        y = bottom - tenths / 10 * _PLOT_HEIGHT
        drawing.line(_LEFT, y, _LEFT + width, y, _GREY)
        drawing.text(_LEFT - 6, y + 4, f"{tenths / 10:.1f}", "end")
    for place, (label, *both) in enumerate(bars):
        middle = _LEFT + (place + 0.5) * _CLASS_WIDTH
        for side, (mean, fill) in enumerate(zip(both, (_BLUE, _ORANGE), strict=True)):
            left = middle + (side - 1) * _BAR
            top = bottom - mean.mean * _PLOT_HEIGHT
            drawing.rectangle(left, top, _BAR - 4, bottom - top, fill)
            _error_bar(drawing, left + _BAR / 2 - 2, mean)
        drawing.text(middle, bottom + 16, label)
    drawing.line(_LEFT, bottom, _LEFT + width, bottom)
    for place, (words, fill) in enumerate((("precision at 10", _BLUE), ("recall at R", _ORANGE))):
        left = _LEFT + place * 130
        drawing.rectangle(left, bottom + 32, 12, 12, fill)
        drawing.text(left + 18, bottom + 42, words, "start")
    return drawing.document()


def _error_bar(drawing: Drawing, x: float, mean: Mean) -> None:
    if math.isnan(mean.deviation):
        return
    low, high = (
        _TOP + _PLOT_HEIGHT * (1 - min(1.0, max(0.0, mean.mean + sign * mean.deviation)))
        for sign in (-1, 1)
    )
    drawing.line(x, low, x, high)
    for y in (low, high):
        drawing.line(x - 5, y, x + 5, y)
