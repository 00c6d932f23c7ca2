from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.markov.templates import Templates
from exporter.storage import encoding


def states(templates, *messages, tag="app"):
    """Return the states of messages of one program."""
    return templates.encode([f"{tag}: {each}" for each in messages], [tag] * len(messages)).tolist()


def test_a_word_that_varies_becomes_a_wildcard():
    """The template keeps its number; the tag is no part of it."""
    templates = Templates()
    first, second = states(templates, "Failed password for root", "Failed password for admin")
    assert first == second
    assert templates.text(first) == "Failed password for <*>"
    assert templates.tag(first) == "app"
    assert states(templates, "Failed password for nobody") == [first]


def test_lines_that_differ_in_much_are_different():
    """As do those of another length, of another first word, and of another program."""
    templates = Templates()
    found = states(templates, "link is up", "link is", "port is up", "link went away")
    assert len({*found, *states(templates, "link is up", tag="net")}) == 5


def test_tags_keep_their_digits():
    """Messages have lost them."""
    templates = Templates()
    one, two = templates.encode(["h: up", "h: up"], ["h1", "h2"]).tolist()
    assert one != two
    assert templates.text(one) == "up"


def test_no_more_than_there_may_be():
    """What is new is one template for each program then, and programs without end are one."""
    templates = Templates(capacity=6)
    found = [states(templates, word)[0] for word in "abcdefg"]
    assert len(set(found)) == 5
    assert found[4:] == [found[4]] * 3
    others = {states(templates, "x", tag=f"tag{chr(97 + n)}")[0] for n in range(20)}
    assert len(templates) <= 13
    assert len(others) <= 7
    assert templates.merged > 0


@given(st.lists(st.text("ab ", max_size=8), max_size=20), st.integers(0, 20))
def test_dumped_and_loaded(messages, cut):
    """The numbers go on as if nothing had been."""
    whole, first, second = Templates(), Templates(), Templates()
    expected = states(whole, *messages)
    found = states(first, *messages[:cut])
    second.load(encoding.decode(encoding.encode(first.dump())))
    assert found + states(second, *messages[cut:]) == expected


def test_a_message_that_was_seen_is_looked_up():
    """Whatever became of its template since, it keeps it."""
    templates = Templates()
    words = ["one two three four five", "one two three four six", "one two three nine ten"]
    assert len(set(states(templates, *words, *words))) == 1
