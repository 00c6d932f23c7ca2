"""Text of logs on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return text that can't do anything to a terminal."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
