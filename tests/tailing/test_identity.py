from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.tailing.identity import EMPTY, HEAD_BYTES, Head


@given(st.binary(max_size=2 * HEAD_BYTES), st.binary(max_size=100))
def test_a_file_that_grew_is_the_same_file(content, more):
    """Whatever length the fingerprint was taken at."""
    assert Head.of(content).begins(content + more)


@given(st.binary(min_size=1, max_size=2 * HEAD_BYTES), st.data())
def test_a_file_with_another_beginning_is_another_file(content, data):
    """One changed byte among the first 1,024 is enough."""
    position = data.draw(st.integers(0, min(len(content), HEAD_BYTES) - 1))
    other = bytearray(content)
    other[position] ^= 1
    assert not Head.of(content).begins(bytes(other))


@given(st.binary(min_size=1, max_size=HEAD_BYTES), st.data())
def test_a_shorter_file_is_another_file(content, data):
    """It was truncated, or is not the one."""
    assert not Head.of(content).begins(content[: data.draw(st.integers(0, len(content) - 1))])


def test_only_the_first_bytes_count():
    """The fingerprint is of bounded size, and anything begins with nothing."""
    assert Head.of(b"x" * 5000) == Head.of(b"x" * HEAD_BYTES)
    assert Head.of(b"x" * 5000).length == HEAD_BYTES
    assert EMPTY.length == 0
    assert EMPTY.begins(b"anything")
