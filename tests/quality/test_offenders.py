from __future__ import annotations

import pytest

from exporter.quality.offenders import KEPT, MAX_SHOWN, Offender, Offenders, kind, written


def shown(path, value, **privacy):
    """Return what is kept of a value."""
    offenders = Offenders(**{"show_values": True, "redact": (), **privacy})
    offenders.add(path, "type", [(path, value)], 1.0, "2")
    return offenders.latest()[0]


def test_values_are_not_shown_unless_they_may_be():
    """Without leave only the kind of the value is kept."""
    kept = shown("features.age", "I'm 23 years old.", show_values=False)
    assert kept == Offender(1.0, "2", "features.age", "type", "text of 17 characters", shown=False)
    kept = shown("features.age", "I'm 23 years old.")
    assert (kept.value, kept.shown) == ("'I'm 23 years old.'", True)


@pytest.mark.parametrize("redact", ["features.email", "features"])
def test_redacted_fields_are_never_shown(redact):
    """Alone, with their whole map, and beside one that may be shown."""
    assert shown("features.email", "a@b.ch", redact=(redact,)).value == "text of 6 characters"
    offenders = Offenders(show_values=True, redact=(redact,))
    sides = [("prediction", 3.0), ("features.email", 4.0)]
    offenders.add("prediction <= features.email", "compare", sides, 1.0, "")
    assert offenders.latest()[0].value == "number, number"
    assert shown("confidence", 0.5, redact=(redact,)).value == "0.5"


def test_the_last_ones_are_kept():
    """No more than there is room for."""
    offenders = Offenders(show_values=True, redact=())
    for number in range(KEPT + 7):
        offenders.add("cost", "max", [("cost", number)], float(number), "")
    kept = offenders.latest()
    assert [int(one.value) for one in kept] == list(range(7, KEPT + 7))


def test_long_values_are_cut():
    """A text of a mebibyte takes no more room than any other."""
    value = shown("features.x", "a" * 2**20).value
    assert len(value) == MAX_SHOWN
    assert value.endswith("…")


def test_kinds_tell_nothing_of_the_value():
    """But what a type rule needs."""
    values = (None, True, "secret", float("inf"), float("nan"), -1, 2, 10**400)
    assert [kind(value) for value in values] == [
        "nothing",
        "true or false",
        "text of 6 characters",
        "inf",
        "nan",
        "negative number",
        "number",
        "number",
    ]


def test_nothing_steers_a_terminal():
    """Control characters are replaced, line ends too."""
    assert written("a\x1b[2J\nb") == "'a?[2J?b'"
