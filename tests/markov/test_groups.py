from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.groups import Groups


@given(st.lists(st.integers(-2, 4), max_size=30))
def test_entries_of_a_key_lie_in_a_row(keys):
    """In the order in which they came, from the lowest key to the highest; also of none."""
    groups = Groups(np.array(keys, dtype=np.int64))
    expected = {key: [at for at, one in enumerate(keys) if one == key] for key in sorted(set(keys))}
    found = {
        key: groups.order[first:end].tolist()
        for key, first, end in zip(
            groups.keys.tolist(), groups.first.tolist(), groups.end.tolist(), strict=True
        )
    }
    assert found == expected
    assert list(found) == list(expected)
    assert groups.sizes.tolist() == [len(entries) for entries in expected.values()]
    assert groups.last.tolist() == [entries[-1] for entries in expected.values()]
    numbers = [number for number, entries in enumerate(expected.values()) for _ in entries]
    assert groups.number.tolist() == numbers
