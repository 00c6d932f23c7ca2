from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.markov import detector as module
from exporter.markov.detector import Detector
from exporter.markov.explanation import explanation
from exporter.markov.scored import Kind, Scored
from exporter.markov.templates import END
from exporter.records import Categorical, SyslogBatch
from exporter.storage import encoding

SESSION = ("opened", "asked", "answered", "closed")


def batch(lines):
    """Make a batch of (host, tag, process, text)."""
    hosts, tags, processes, _ = zip(*lines, strict=True) if lines else ((),) * 4
    return SyslogBatch(
        source="test",
        received=0.0,
        timestamp=np.arange(len(lines), dtype=np.float64),
        host=Categorical.encode(hosts),
        tag=Categorical.encode(tags),
        message=Categorical.encode([f"{tag}: {text}" for _, tag, _, text in lines]),
        process=np.array(processes, dtype=np.int64),
    )


def update(detector, lines):
    """Feed some lines."""
    return detector.update(batch(lines), np.zeros(len(lines)))[0]


def sessions(count, seed=0, host="web"):
    """Return the lines of sessions of one process each, two at a time, and of a clock."""
    chance = random.Random(seed)
    lines, live = [], []
    for number in range(count):
        live.append([(host, "db", number, f"session {word}") for word in SESSION])
        while len(live) > 1 or (live and number == count - 1):
            lines.append(live[chance.randrange(len(live))].pop(0))
            live = [session for session in live if session]
        if number % 5 == 0:
            lines.append((host, "clock", -1, "tick"))
    return lines


def highest(detector, lines):
    """Return the highest score of some lines, and the detector's answer."""
    first = detector.lines
    scored = Scored.joined([update(detector, lines), detector.finish()])
    scored = scored.take(scored.position >= first)
    row = int(np.argmax(scored.score))
    return scored, row, int(scored.position[row]) - first


def trained(count=400):
    """Return a detector that has seen normal sessions."""
    detector = Detector()
    update(detector, sessions(count))
    return detector


def test_a_line_that_is_new():
    """Is found where it is, and named."""
    lines = sessions(60, seed=1)
    lines.insert(100, ("web", "db", 9999, "disk quota exceeded on volume data"))
    detector = trained()
    scored, row, place = highest(detector, lines)
    assert (place, scored.kind[row]) == (100, Kind.NOVEL)
    text = explanation(scored, row, detector.templates)
    assert text.startswith('"db: disk quota exceeded on volume data" was never logged before; ')


def test_a_line_at_the_wrong_place():
    """A known line where it never was."""
    lines = sessions(60, seed=2)
    lines.insert(100, ("web", "clock", -1, "leap second"))
    detector = Detector()
    update(detector, [("web", "clock", -1, "leap second"), *sessions(400)])
    scored, row, place = highest(detector, lines)
    assert (place, scored.kind[row]) == (100, Kind.UNEXPECTED)
    assert '"clock: leap second" after ' in explanation(scored, row, detector.templates)


@pytest.mark.parametrize("word", SESSION[1:3])
def test_a_line_that_is_missing(word):
    """Within a process, whatever other processes log in between."""
    lines = sessions(60, seed=3)
    gone = next(n for n, line in enumerate(lines) if n > 100 and line[3] == f"session {word}")
    before = max(n for n in range(gone) if lines[n][2] == lines[gone][2])
    removed = lines[:gone] + lines[gone + 1 :]
    detector = trained()
    scored, row, place = highest(detector, removed)
    assert (place, scored.kind[row]) == (before, Kind.MISSING)
    assert detector.templates.text(int(scored.state[row])) == f"session {word}"
    text = explanation(scored, row, detector.templates)
    assert f'normally "db: session {word}" comes between' in text


def test_a_process_that_ends_too_early():
    """Is found once it was silent for long."""
    lines = sessions(2000, seed=4)
    gone = next(n for n, line in enumerate(lines) if n > 4000 and line[3] == "session closed")
    before = max(n for n in range(gone) if lines[n][2] == lines[gone][2])
    removed = lines[:gone] + lines[gone + 1 :]
    detector = trained()
    scored, _, _ = highest(detector, removed)
    ended = scored.take((scored.kind == Kind.MISSING) & (scored.after == END))
    row = int(np.argmax(ended.score))
    assert ended.position[row] == detector.lines - len(removed) + before
    assert ended.score[row] > 3
    scored = ended
    assert "it ended; normally" in explanation(scored, row, detector.templates)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["db", "web"]),
        st.integers(-1, 3),
        st.sampled_from(["up", "down", "new user x", "new user y", "done"]),
    ),
    max_size=80,
)


@settings(deadline=None, max_examples=60)
@given(LINES, st.lists(st.integers(0, 80), max_size=5), st.integers(0, 80))
def test_the_cut_into_batches_changes_nothing(lines, cuts, restart):
    """Nor does a restart, at epochs, ends of processes and hosts that fall silent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EPOCH", 8)
        patch.setattr(module, "SILENT_LINES", 20)
        patch.setattr("exporter.markov.processes.SILENT_LINES", 12)
        whole = Detector()
        expected = Scored.joined([update(whole, lines), whole.finish()])
        detector, parts = Detector(), []
        edges = sorted({0, len(lines), *(min(cut, len(lines)) for cut in (*cuts, restart))})
        for begin, end in pairwise(edges):
            if begin == restart:
                stored = encoding.decode(encoding.encode(detector.dump()))
                detector = Detector()
                detector.load(stored)
            parts.append(update(detector, lines[begin:end]))
        found = Scored.joined([*parts, detector.finish()])
    order = [np.lexsort((each.state, each.position)) for each in (expected, found)]
    for name in ("position", "host", "score", "kind", "before", "state", "after", "surprisal"):
        left, right = getattr(expected, name)[order[0]], getattr(found, name)[order[1]]
        np.testing.assert_array_equal(left, right, err_msg=name)


def test_every_line_is_scored_once():
    """Those that wait are scored in the end."""
    lines = sessions(100)
    detector = Detector()
    scored = Scored.joined([update(detector, lines), detector.finish()])
    own = scored.take((scored.kind != Kind.MISSING) & (scored.kind != Kind.BURST))
    assert len(set(own.position.tolist())) == len(own)
    assert len(scored) >= len(lines)


def test_nothing():
    """An empty batch, and a detector that saw none."""
    detector = Detector()
    assert len(update(detector, [])) == 0
    assert len(detector.finish()) == 0


def test_hosts_do_not_disturb_each_other():
    """Lines of another host in between leave the scores as they were."""
    lines = sessions(60, seed=5)
    mixed = [each for line in lines for each in (line, ("other", "cron", -1, "run"))]
    alone, beside = Detector(), Detector()
    first = Scored.joined([update(alone, lines), alone.finish()])
    second = Scored.joined([update(beside, mixed), beside.finish()])
    web = second.take(second.host == beside.hosts.number("web"))
    likeness = np.corrcoef(first.surprisal[:200], web.surprisal[:200])[0, 1]
    assert likeness > 0.95


def test_a_log_that_invents_names_without_end():
    """Memory stays bounded: templates, tags, hosts, transitions, processes."""
    detector = Detector(transitions=2000, templates=200)
    for start in range(0, 20_000, 2000):
        update(
            detector,
            [
                (
                    f"h{n}",
                    f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}",
                    n,
                    f"user {n}x{n} {'z' * (n % 97)}",
                )
                for n in range(start, start + 2000)
            ],
        )
    assert len(detector.templates) <= 401
    assert len(detector.hosts) <= module.MAX_HOSTS
    assert detector.forgotten > 0
