from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from exporter.errors import UsageError
from exporter.markov.evaluation.planting import MARGIN, Anomaly, Kind, Planter
from tests.markov.evaluation.logs import log, random_log

LOG = random_log(600, 5, hosts=2)
PLANTER = Planter(LOG)


def plant(kind: Kind, seed: int = 1, count: int = 10):
    """Plant into the log of the tests."""
    return PLANTER.plant(kind, count, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_insertions_are_lines_more_of_the_host_that_differ_from_their_neighbours(seed):
    """Without them the log is as it was; each says which rows it made anomalous."""
    planted = plant(Kind.INSERTION, seed)
    rows = [anomaly.inserted for anomaly in planted.anomalies]
    assert np.delete(planted.log.raw, rows).tolist() == LOG.raw.tolist()
    before, after = planted.log.chains()
    message = planted.log.message.codes
    known = set(zip(LOG.host.decode(), LOG.message.decode(), strict=True))
    hosts, texts = planted.log.host.decode(), planted.log.message.decode()
    for anomaly in planted.anomalies:
        row = anomaly.inserted
        assert (before[row], after[row]) == (anomaly.before, anomaly.after)
        assert message[row] not in {message[anomaly.before], message[anomaly.after]}
        assert (hosts[row], texts[row]) in known
        assert planted.log.time[row] == planted.log.time[anomaly.after]
        assert anomaly.targets("before") == anomaly.targets("after") == (row, anomaly.after)


@pytest.mark.parametrize("seed", range(5))
def test_deletions_are_lines_less_whose_neighbours_differed_from_them(seed):
    """The rows around the gap were the neighbours of the line, which the log has no more."""
    planted = plant(Kind.DELETION, seed)
    missing = Counter(LOG.raw.tolist()) - Counter(planted.log.raw.tolist())
    assert len(LOG) - len(planted.log) == len(planted.anomalies) == sum(missing.values()) == 10
    row_of = {line: row for row, line in enumerate(LOG.raw.tolist())}
    before, after = LOG.chains()
    deleted = sorted((row_of[line] for line in missing), key=lambda row: after[row])
    _, next_of_process = LOG.processes()
    for anomaly, row in zip(planted.anomalies, deleted, strict=True):
        assert planted.log.raw[anomaly.before] == LOG.raw[before[row]]
        assert planted.log.raw[anomaly.after] == LOG.raw[after[row]]
        assert LOG.message.codes[before[row]] != LOG.message.codes[row]
        assert LOG.message.codes[after[row]] != LOG.message.codes[row]
        if next_of_process[row] != -1:
            assert planted.log.raw[anomaly.process] == LOG.raw[next_of_process[row]]
        assert anomaly.targets("before") == (anomaly.before,)
        assert anomaly.targets("after") == (anomaly.after,)
        assert set(anomaly.accepted) == {anomaly.before, anomaly.after, anomaly.process}


def test_both_are_as_many_of_each_with_lines_between_them():
    """No anomaly is at another one's place."""
    planted = plant(Kind.BOTH)
    assert len(planted.log) == len(LOG)
    assert sum(anomaly.inserted >= 0 for anomaly in planted.anomalies) == 10
    assert len(planted.anomalies) == 20
    rows = sorted(row for anomaly in planted.anomalies for row in anomaly.targets("after"))
    assert len(set(rows)) == 30
    before, _ = planted.log.chains()
    ends = {anomaly.after for anomaly in planted.anomalies}
    for end in ends:
        row = end
        for _ in range(MARGIN - 1):
            row = before[row]
            assert row not in ends


@pytest.mark.parametrize("kind", [Kind.NOVEL, Kind.STRANGER])
def test_lines_never_seen_are_new_of_a_known_or_an_unknown_program(kind):
    """The rest of the line is of the host; the line as it is written says the same."""
    planted = plant(kind)
    known, programs = set(LOG.message.decode()), set(LOG.tag.decode())
    for anomaly in planted.anomalies:
        row = anomaly.inserted
        line = planted.log.take(slice(row, row + 1))
        assert line.message.decode()[0] not in known
        assert (line.tag.decode()[0] in programs) == (kind is Kind.NOVEL)
        read = type(line).of_lines(line.raw.tolist(), 1_795_000_000.0)
        assert read.message.decode() == line.message.decode()
        assert read.tag.decode() == line.tag.decode()
        assert read.host.decode() == line.host.decode()
        assert read.process.tolist() == line.process.tolist()


def test_a_seed_plants_the_same_again_and_another_one_something_else():
    """Results can be had again."""
    assert plant(Kind.BOTH, 3).anomalies == plant(Kind.BOTH, 3).anomalies
    assert plant(Kind.BOTH, 3).anomalies != plant(Kind.BOTH, 4).anomalies


@pytest.mark.parametrize("messages", [(), ("a",), ("a", "b", "c"), ("a",) * 100])
def test_a_log_without_room_is_refused(messages):
    """Too short, or all the same."""
    for kind in Kind:
        with pytest.raises(UsageError, match="no room for"):
            Planter(log(*messages)).plant(kind, 10, np.random.default_rng(1))


def test_a_gap_is_also_shown_by_the_next_line_of_the_process():
    """As far as there is one."""
    assert Anomaly(-1, 4, 6, 9).accepted == (4, 6, 9)
    assert Anomaly(-1, 4, 6).accepted == (4, 6)
    assert Anomaly(5, 4, 6).accepted == (5, 6)
