from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.chains import NO_STATE, Chains
from exporter.records import Categorical


def link(chains: Chains, *records: tuple[str | None, int]) -> list[int]:
    """Link records of (host, state) and return the previous states; tags are states plus 100."""
    states = np.array([state for _, state in records], dtype=np.int64)
    message, tag = chains.link(
        Categorical.encode([host for host, _ in records]), states, states + 100
    )
    expected = np.where(message == NO_STATE, NO_STATE, message + 100)
    assert tag.tolist() == expected.tolist()
    return message.tolist()


def test_the_previous_message_is_of_the_same_host():
    """Hosts that interleave do not follow each other."""
    chains = Chains(10)
    assert link(chains, ("a", 1), ("b", 2), ("a", 3), ("a", 4), ("b", 5)) == [-2, -2, 1, 3, 2]
    assert link(chains, ("b", 6), ("c", 7), ("a", 8)) == [5, -2, 4]
    assert link(chains) == []
    assert chains.started == 3


def test_unknown_states_are_states_of_the_chain():
    """A message after an unknown one has a previous message: an unknown one."""
    chains = Chains(10)
    states = np.array([-1, 5], dtype=np.int64)
    host = Categorical.encode(["a", "a"])
    assert chains.link(host, states, states)[0].tolist() == [NO_STATE, -1]


def test_records_without_a_host_form_one_chain():
    """No host is the host ""."""
    chains = Chains(10)
    assert link(chains, (None, 1), ("a", 2), (None, 3)) == [-2, -2, 1]
    assert link(chains, ("", 4)) == [3]


def test_the_longest_silent_host_is_forgotten():
    """Memory is bounded; a forgotten host starts anew."""
    chains = Chains(2)
    link(chains, ("a", 1), ("b", 2))
    link(chains, ("a", 3))
    link(chains, ("c", 4))
    assert link(chains, ("a", 5), ("b", 6), ("c", 7)) == [3, -2, 4]
    assert len(chains.dump()["hosts"]) == 2


records = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 4)), max_size=40)


@given(records, st.integers(0, 40))
def test_batches_do_not_matter(stream, cut):
    """Any cut into batches, and storing in between, gives what a loop over the records gives."""
    last: dict[str, int] = {}
    expected = []
    for host, state in stream:
        expected.append(last.get(host, NO_STATE))
        last[host] = state
    first, second = Chains(10), Chains(10)

    def previous(chains: Chains, part: list[tuple[str, int]]) -> list[int]:
        states = np.array([state for _, state in part], dtype=np.int64)
        return chains.link(Categorical.encode([h for h, _ in part]), states, states)[0].tolist()

    got = previous(first, stream[:cut])
    second.load(first.dump())
    assert got + previous(second, stream[cut:]) == expected
    assert second.started == len(last)
