from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.bursts import Bursts
from exporter.storage.encoding import decode, encode


def find(bursts, times, state=5, host=0):
    """Return the rows of one line's times that make a burst."""
    count = len(times)
    found = bursts.find(np.full(count, host), np.full(count, state), np.array(times, dtype=float))
    return found.rows.tolist(), found.evidence


def test_a_line_that_comes_ten_times_in_a_minute_for_the_first_time():
    """With the tenth, by the likelihood of nine gaps of 4.5 seconds and of 26.7; once."""
    rows, evidence = find(Bursts(), np.arange(30) * 4.5)
    assert rows == [9]
    ratio = 40.5 / 240
    assert evidence == pytest.approx([9 * (ratio - 1 - np.log(ratio))])


def test_what_is_logged_so_by_habit_is_none():
    """Until it comes four times as often as ever; a line at 6 seconds apart in its 60."""
    bursts = Bursts()
    assert find(bursts, np.arange(200) * 6.0)[0] == [9]
    assert find(bursts, 2000 + np.arange(50) * 2.0)[0] == []
    assert find(bursts, 3000 + np.arange(50) * 0.4)[0] == [9]


def test_what_one_host_logs_often_another_may_too():
    """Compared is with all hosts of a source."""
    bursts = Bursts()
    assert find(bursts, np.arange(20.0))[0] == [9]
    assert find(bursts, np.arange(20.0), host=1)[0] == []


def test_several_lines_at_the_same_time():
    """Are one incident."""
    bursts = Bursts()
    assert find(bursts, np.arange(20.0), state=5)[0] == [9]
    assert find(bursts, 5 + np.arange(20.0), state=6)[0] == []
    assert find(bursts, 200 + np.arange(20.0), state=7)[0] == [9]


def test_seldom_lines():
    """Ten in more than a minute are none."""
    assert find(Bursts(), np.arange(500) * 7.0)[0] == []


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(2, 3), st.floats(0, 20)), min_size=1, max_size=80
    ),
    st.integers(0, 80),
)
def test_the_cut_and_a_restart_change_nothing(steps, cut):
    """Of lines of some hosts."""
    host, state, gaps = (np.array(column) for column in zip(*steps, strict=True))
    times = np.cumsum(gaps)
    whole = Bursts().find(host, state, times).rows.tolist()
    first, second = Bursts(), Bursts()
    found = first.find(host[:cut], state[:cut], times[:cut]).rows.tolist()
    second.load(decode(encode(first.dump())))
    rest = second.find(host[cut:], state[cut:], times[cut:]).rows + min(cut, len(steps))
    assert found + rest.tolist() == whole


def test_lines_without_end():
    """The longest unseen are forgotten."""
    bursts = Bursts(capacity=3)
    for state in range(10):
        find(bursts, [0.0] * 9, state=state)
    assert find(bursts, [1.0], state=0)[0] == []
    assert find(bursts, [1.0], state=9)[0] == [0]
