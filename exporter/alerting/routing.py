"""Which receivers an alert goes to, and which alerts silence others, by Alertmanager's rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MATCHER = re.compile(
    r'\s*([A-Za-z_][\w:.-]*)\s*(=~|!~|!=|=)\s*(?:"((?:\\.|[^"\\])*)"|([^"\s]*))\s*'
)
_ALWAYS = ("alertname", "job", "severity")
"""Labels that every alert of the shipped rules has."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on a label.

    Attributes
    ----------
    label, operator, value
        As in `severity="critical"`; the operator is =, !=, =~ or !~.
    """

    label: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Matcher:
        """Read one.

        Raises
        ------
        ValueError
            If it is none.
        """
        found = _MATCHER.fullmatch(text)
        if found is None:
            raise ValueError(f'{text!r} is no matcher; expected for example severity="critical"')
        label, operator, quoted, bare = found.groups()
        value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if operator in ("=~", "!~"):
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"{text!r}: no regular expression: {error}") from error
        return cls(label, operator, value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet it; one that is missing is empty."""
        value = labels.get(self.label, "")
        same = (
            value == self.value
            if self.operator in ("=", "!=")
            else re.fullmatch(self.value, value) is not None
        )
        return same is not self.operator.startswith("!")


def matchers(node: Mapping[str, Any], prefix: str = "") -> list[Matcher]:
    """Return the matchers of a route, or of one side of an inhibition (`prefix` "source_").

    Raises
    ------
    ValueError
        If one can't be read.
    """
    found = [Matcher.parse(str(text)) for text in node.get(f"{prefix}matchers") or ()]
    for key, operator in ((f"{prefix}match", "="), (f"{prefix}match_re", "=~")):
        pairs = node.get(key) or {}
        found += [Matcher(label, operator, str(value)) for label, value in pairs.items()]
    return found


def receivers(route: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the receivers of an alert with these labels, in their order.

    Raises
    ------
    ValueError
        If a matcher can't be read.
    """
    yield from _receivers(route, labels, str(route.get("receiver", "")))


def _receivers(
    route: Mapping[str, Any], labels: Mapping[str, str], inherited: str
) -> Iterator[str]:
    own = str(route.get("receiver", inherited))
    found = False
    for child in route.get("routes") or ():
        if all(matcher.matches(labels) for matcher in matchers(child)):
            found = True
            yield from _receivers(child, labels, own)
            if not child.get("continue", False):
                return
    if not found:
        yield own


def unguarded(rule: Mapping[str, Any]) -> Sequence[str]:
    """Return the labels of `equal`, if alerts may lack all of them that tell things apart.

    Missing on both sides is equal as well: an alert without the labels then silences all without
    them. It is enough if one has to be there. Where alerts have to be of one name, they have the
    same labels.

    Raises
    ------
    ValueError
        If a matcher can't be read.
    """
    equal = [str(label) for label in rule.get("equal") or ()]
    if "alertname" in equal:
        return []
    guarded = {
        matcher.label
        for side in ("source_", "target_")
        for matcher in matchers(rule, side)
        if not matcher.matches({})
    }
    telling = [label for label in equal if label not in _ALWAYS]
    return [] if guarded.intersection(telling) else telling
