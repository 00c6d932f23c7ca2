from __future__ import annotations

from exporter.commands.printable import printable


def test_what_could_do_something_to_a_terminal():
    """Is replaced: escapes, line ends, marks that turn the direction of text."""
    assert printable("a\x1b[31mb\nc\u202ed") == "a\ufffd[31mb\ufffdc\ufffdd"
    assert printable("Grüße 1") == "Grüße 1"
