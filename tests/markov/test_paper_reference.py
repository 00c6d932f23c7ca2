"""The paper's scores against a second implementation, written from the paper alone."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.evaluation.log import Log
from exporter.markov.evaluation.rankers import PAPER, PaperRanker, paper_model

RECEIVED = 1_795_900_000.0
DATA = Path(__file__).parents[2] / "demo" / "data"
LINE = re.compile(r"\w{3} [ \d]\d [\d:]{8} (\S+) ([^:\[]+)(?:\[\d+\])?: *(.*)")


def reference_read(lines):
    """Return host, tag and message of each line; the message has lost its numbers."""
    for line in lines:
        host, tag, text = LINE.fullmatch(line).groups()
        yield host, tag, re.sub(r"\d", "", f"{tag}: {text.rstrip()}")


def reference_matrix(chains):
    """Return P as a function of two states: n_ij / n_i, and P_ii = 1 after a last message."""
    pairs = Counter(pair for chain in chains for pair in pairwise(chain))
    visits = Counter(state for chain in chains for state in chain[:-1])
    states = {state for chain in chains for state in chain}

    def probability(i, j):
        if i in states and not visits[i]:
            return float(i == j)
        return pairs[i, j] / visits[i] if visits[i] else 0.0

    return probability


def reference_scores(train, test, *, with_tag):
    """Return each line's score, None for the first of a host."""
    chains: dict[str, list[tuple[str, str]]] = {}
    for host, tag, message in train:
        chains.setdefault(host, []).append((tag, message))
    of_tag = reference_matrix([[tag for tag, _ in chain] for chain in chains.values()])
    of_message = reference_matrix([[text for _, text in chain] for chain in chains.values()])
    last: dict[str, tuple[str, str]] = {}
    for host, tag, message in test:
        before, last[host] = last.get(host), (tag, message)
        score = before and of_message(before[1], message)
        yield score + of_tag(before[0], tag) if before and with_tag else score


def check(train: list[str], test: list[str]) -> None:
    """Compare both scores of every line, and the ranking."""
    ours = [
        Log.of_lines([line.encode() for line in lines], RECEIVED, "UTC") for lines in (train, test)
    ]
    for name in PAPER:
        ranked = PaperRanker(name).rank(*ours)
        expected = list(
            reference_scores(
                list(reference_read(train)), reference_read(test), with_tag=name != "message"
            )
        )
        assert [None if score == -np.inf else -score for score in ranked.tolist()] == expected
        ascending = sorted(
            range(len(test)), key=lambda row: np.inf if expected[row] is None else expected[row]
        )
        assert np.argsort(-ranked, kind="stable").tolist() == ascending


def bundled(name: str) -> list[str]:
    """Return the lines of a log that comes with the project."""
    return (DATA / name).read_text().splitlines()


@pytest.mark.parametrize("train", ["syslog.train.log", "syslog.live.log"])
@pytest.mark.parametrize("test", ["syslog.train.log", "syslog.live.log"])
def test_real_logs(train, test):
    """Every score is the same number."""
    check(bundled(train), bundled(test))


LINES = st.lists(
    st.tuples(
        st.sampled_from(["web1", "web2"]),
        st.sampled_from(["cron", "sshd", "app"]),
        st.sampled_from(["a", "b", "c 1", "c 22", "d"]),
    ),
    max_size=40,
)


@given(LINES, LINES)
def test_random_logs(train, test):
    """Hosts that come and go, states seen only last, or never."""
    check(
        *(
            [
                f"Nov 12 01:02:{n:02d} {host} {tag}[{n}]: {text}"
                for n, (host, tag, text) in enumerate(lines)
            ]
            for lines in (train, test)
        )
    )


@given(LINES)
def test_the_rows_of_the_matrix_are_distributions(train):
    """Each sums to 1, the last message's too."""
    lines = [f"Nov 12 01:02:03 {host} {tag}: {text}".encode() for host, tag, text in train]
    matrix = paper_model(Log.of_lines(lines, RECEIVED)).message_transitions
    states = np.arange(matrix.states)
    for state in states.tolist():
        row = matrix.probability(np.full_like(states, state), states)
        assert row.sum() == pytest.approx(1.0, abs=1e-12)
