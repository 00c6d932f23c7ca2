from __future__ import annotations

import gzip

import numpy as np

from exporter.markov.evaluation.log import Log, neighbours
from tests.markov.evaluation.logs import RECEIVED, log, random_log


def test_lines_of_files_without_columns_of_a_collector(tmp_path):
    """Only syslog messages are lines of the log; each keeps its text with the digits."""
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"x 1 Nov 12 01:02:03 web1 app[7]: job 12 done\nnothing\n"))
    read = Log.read([str(path)], RECEIVED, leading_fields=2)
    assert read.raw.tolist() == [b"Nov 12 01:02:03 web1 app[7]: job 12 done"]
    assert read.message.decode() == ["app: job  done"]
    assert read.tag.decode() == ["app"]
    assert read.host.decode() == ["web1"]
    assert read.process.tolist() == [7]


def test_lines_can_be_taken_repeated_and_joined():
    """Every column follows."""
    first, second = log("a", "b"), log("b", "c", host="web2", program="cron")
    both = first.joined(second).take(np.array([3, 0, 0, 2]))
    assert both.message.decode() == ["cron: c", "app: a", "app: a", "cron: b"]
    assert both.host.decode() == ["web2", "web1", "web1", "web2"]
    assert both.tag.decode() == ["cron", "app", "app", "cron"]
    assert both.process.tolist() == [-1, 7, 7, -1]
    assert [line[-1:] for line in both.raw] == [b"c", b"a", b"a", b"b"]
    assert both.time.tolist() == [*second.time[[1]], *first.time[[0, 0]], *second.time[[0]]]


def test_a_batch_of_the_log_is_what_the_parser_makes():
    """Lines and their rows included."""
    batch = log("a", "b").batch()
    assert batch.lines[1].endswith(b"web1 app[7]: b")
    assert batch.rows.tolist() == [0, 1]
    assert len(batch) == 2


def test_chains_and_processes_know_their_neighbours():
    """A chain is a host; a process is a program's id on it."""
    before, after = neighbours(np.array([5, 3, 5, 3, 5]))
    assert before.tolist() == [-1, -1, 0, 1, 2]
    assert after.tolist() == [2, 3, 4, -1, -1]
    lines = random_log(200, 3, hosts=2)
    hosts, tags = lines.host.decode(), lines.tag.decode()
    names = list(zip(hosts, tags, lines.process.tolist(), strict=True))
    for groups, (before, after) in ((hosts, lines.chains()), (names, lines.processes())):
        last: dict[object, int] = {}
        for row, group in enumerate(groups):
            assert before[row] == last.get(group, -1)
            if group in last:
                assert after[last[group]] == row
            last[group] = row
        assert all(after[row] == -1 for row in last.values())


def test_lines_without_a_process_id_have_no_neighbours_in_a_process():
    """They may be of any."""
    before, after = log("a", "b", "c", program="cron").processes()
    assert before.tolist() == after.tolist() == [-1, -1, -1]


def test_what_stands_in_front_of_the_program():
    """Without a host that can't be told from the line."""
    lines = [b"Nov 12 00:00:01 web1 app: a", b"Nov  2 00:00:02 app: b", b"Nov  2 00:00:03 x: b"]
    read = Log.of_lines(lines, RECEIVED)
    assert read.host.decode() == ["web1", "", ""]
    assert [read.header(row) for row in range(3)] == [b"Nov 12 00:00:01 web1 ", b"", b""]
