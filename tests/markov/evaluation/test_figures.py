from __future__ import annotations

from itertools import product
from xml.etree import ElementTree as ET

from exporter.markov.evaluation.experiments import Trial
from exporter.markov.evaluation.figures import MAX_POINTS, figures
from exporter.markov.evaluation.metrics import Measures
from exporter.markov.evaluation.planting import Kind
from exporter.markov.evaluation.summary import Summary
from tests.markov.evaluation.logs import log, random_log

SVG = "{http://www.w3.org/2000/svg}"
KINDS = (Kind.INSERTION, Kind.DELETION, Kind.BOTH)
TRIALS = [
    Trial("train", test, "host", similarity, kind, 0, scorer, Measures(value, 1, 1, 1, 1))
    for kind, scorer in product(KINDS, ("message", "message+tag"))
    for similarity in ("same", "other <host>")
    for test, value in (("a", 0.25), ("b", 0.75))
]


def drawn(lines=None) -> dict[str, ET.Element]:
    """Return the drawings by file name."""
    lines = lines or random_log(200, 5)
    found = figures(Summary(TRIALS), lines, "a & b", 1)
    return {name: ET.fromstring(text) for name, text in found}


def words(figure: ET.Element) -> list[str]:
    """Return what is written in a drawing."""
    return [str(text.text) for text in figure.iter(f"{SVG}text")]


def test_there_are_the_papers_eight():
    """The first two side by side, then one a kind of anomaly and scorer."""
    found = drawn()
    assert list(found) == ["figure_1_2.svg", *(f"figure_{n}.svg" for n in range(3, 9))]
    assert words(found["figure_3.svg"])[0] == "Figure 3: insertion, scorer message"
    assert words(found["figure_8.svg"])[0] == "Figure 8: both, scorer message+tag"


def test_bars_are_as_high_as_the_means_with_a_deviation_up_and_down():
    """Precision and recall side by side, by class."""
    figure = drawn()["figure_3.svg"]
    bars = [
        float(bar.get("height", "0"))
        for bar in figure.iter(f"{SVG}rect")
        if bar.get("width") == "36.0"
    ]
    assert bars == [130.0, 260.0] * 2
    assert "other <host>" in words(figure)
    errors = [path.get("d") for path in figure.iter(f"{SVG}path")]
    # 0.5 +- 0.354 of 260 pixels above the bottom at 300.
    assert "M103.0 261.9L103.0 78.1" in errors


def test_states_over_time_of_the_log_and_of_a_walk():
    """A dot a line, from the same first message."""
    figure = drawn()["figure_1_2.svg"]
    real, synthetic = (
        path.get("d", "").split("M")[1:]
        for path in figure.iter(f"{SVG}path")
        if "h0" in path.get("d", "")
    )
    assert len(real) == len(synthetic) == 200
    assert real[0] == "60.0 300.0h0"
    assert synthetic[0] == "550.0 300.0h0"
    assert words(figure)[0] == "Figure 1: a & b"


def test_long_logs_are_thinned_and_short_ones_drawn():
    """Files stay small; a single message is a dot."""
    many = drawn(random_log(2 * MAX_POINTS + 1, 5))["figure_1_2.svg"]
    one = drawn(log("a"))["figure_1_2.svg"]
    for figure, dots in ((many, 2 * MAX_POINTS // 3 + 1), (one, 1)):
        counts = [path.get("d", "").count("h0") for path in figure.iter(f"{SVG}path")]
        assert max(counts) == dots
