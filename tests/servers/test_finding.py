from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from exporter.servers import finding
from exporter.servers.sampling import Listed, Process, Use


def listing(parents, **commands):
    """Return a table of parents by number."""
    return {pid: Listed(parent, commands.get(f"p{pid}", "")) for pid, parent in parents.items()}


def process(pid, parent, started=1.0):
    """Return a process."""
    return Process(pid, parent, started, started, Use(0.0))


def test_commands_are_searched():
    """Anywhere in the command line; that of a kernel thread is empty."""
    table = listing({1: 0, 5: 1, 9: 1}, p9="gunicorn bot:app -w 2", p5="vim gunicorn.conf")
    assert finding.matching(table, re.compile("gunicorn")) == [5, 9]
    assert finding.matching(table, re.compile("^gunicorn .*bot:app")) == [9]


def test_all_generations_descend():
    """Of roots that descend from each other, too, each once; of others nobody."""
    table = listing({1: 0, 5: 1, 9: 5, 8: 9, 3: 8, 7: 1})
    assert sorted(finding.descendants(table, [5])) == [3, 5, 8, 9]
    assert sorted(finding.descendants(table, [5, 3, 9])) == [3, 5, 8, 9]


def test_a_root_that_is_not_listed_is_found():
    """It has only just begun."""
    assert finding.descendants(listing({1: 0}), [5]) == [5]


@given(st.dictionaries(st.integers(1, 12), st.integers(0, 12)), st.sets(st.integers(1, 12)))
def test_parents_come_first(parents, roots):
    """Whatever the numbers are, even where a race has made a circle of them."""
    found = finding.descendants(listing(parents), roots)
    assert len(set(found)) == len(found)
    for place, pid in enumerate(found):
        assert pid in roots or parents[pid] in found[:place]


def test_orphans_belong_to_another_one():
    """And so does what descends from them."""
    seen = [process(5, 1), process(8, 1), process(9, 8), process(10, 5)]
    assert [one.pid for one in finding.still_related(seen, [5])] == [5, 10]


def test_a_child_is_never_older_than_its_parent():
    """The parent's number has come to another process."""
    seen = [process(5, 1, started=9.0), process(8, 5, started=3.0)]
    assert [one.pid for one in finding.still_related(seen, [5])] == [5]
