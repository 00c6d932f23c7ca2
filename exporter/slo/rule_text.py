"""Rules as YAML that people read: with comments, and expressions over several lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

_WIDTH = 96
_INDENT = " " * 6


def comment(text: str) -> str:
    """Return a text as lines of comment."""
    return "".join(f"# {line}\n" for line in _wrapped(text))


def recording(name: str, expression: str, *, labels: str = "", about: str = "") -> str:
    """Return a recording rule.

    Parameters
    ----------
    labels
        In YAML, on one line.
    about
        A comment.
    """
    tail = f"  labels: {labels}\n" if labels else ""
    return _rule(f"- record: {name}\n{_expression(expression)}{tail}", about)


def alert(
    name: str,
    expression: str,
    wait: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> str:
    """Return an alerting rule.

    Parameters
    ----------
    wait
        For how long it is pending.
    annotations
        Texts; a long one is folded.
    """
    labelled = "".join(f"    {key}: {value}\n" for key, value in labels.items())
    annotated = "".join(_annotation(key, text) for key, text in annotations.items())
    head = f"- alert: {name}\n{_expression(expression)}  for: {wait}\n"
    return _rule(f"{head}  labels:\n{labelled}  annotations:\n{annotated}", "")


def group(name: str, interval: str, rules: Sequence[str]) -> str:
    """Return a group of rules."""
    return f"  - name: {name}\n    interval: {interval}\n    rules:\n" + "\n".join(rules)


def alternatives(expressions: Sequence[str]) -> str:
    """Return the union of what several expressions find."""
    if len(expressions) == 1:
        return expressions[0]
    return "\nor\n".join(f"(\n{textwrap.indent(one, '  ')}\n)" for one in expressions)


def _rule(text: str, about: str) -> str:
    return textwrap.indent((comment(about) if about else "") + text, _INDENT)


def _expression(text: str) -> str:
    if "\n" not in text:
        return f"  expr: {text}\n"
    return "  expr: |\n" + textwrap.indent(f"{text}\n", "    ")


def _annotation(key: str, text: str) -> str:
    lines = _wrapped(text)
    if len(lines) == 1 or " " not in text:
        return f"    {key}: {text}\n"
    return f"    {key}: >-\n" + "".join(f"      {line}\n" for line in lines)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
