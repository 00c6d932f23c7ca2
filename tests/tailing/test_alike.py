"""Which files begin like one another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.tailing.alike import alike, overlapping


def overlap(one, other):
    """Return whether one of two is the beginning of the other."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


@given(st.lists(st.text("ab", max_size=6).map(str.encode), max_size=12))
def test_as_comparing_each_with_each(beginnings):
    """Sorting finds the same pairs."""
    keyed = [(beginning, (0, number)) for number, beginning in enumerate(beginnings)]
    expected = {
        key
        for one, key in keyed
        if not one or any(key != another and overlap(one, other) for other, another in keyed)
    }
    assert overlapping(keyed) == expected


def test_only_the_first_kilobyte_counts_and_what_cannot_be_read_is_like_nothing(tmp_path):
    """A .gz file is compared otherwise."""
    contents = {
        "a": b"x" * 1024 + b"1",
        "b": b"x" * 1024 + b"2",
        "c": b"x" * 1023 + b"3",
        "d.gz": b"x" * 1024,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = {(0, number): str(tmp_path / name) for number, name in enumerate([*contents, "gone"])}
    assert alike(paths) == {(0, 0), (0, 1)}
