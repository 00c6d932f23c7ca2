"""What holds the same has the same text and digest."""

from __future__ import annotations

import pytest

from exporter.canonical import canonical, digest


def test_the_order_of_keys_makes_no_difference():
    """Nor does the way in which a text would be shown."""
    assert canonical({"b": [1.5, None], "a": "é"}) == '{"a":"\\u00e9","b":[1.5,null]}'
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


def test_digests_are_the_same_for_ever():
    """They are stored in references, and in the state that was counted against them."""
    assert digest("{}") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_what_json_has_no_word_for_is_refused():
    """Other programs could not read it."""
    with pytest.raises(ValueError, match="JSON"):
        canonical([float("nan")])
