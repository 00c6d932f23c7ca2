"""Prediction logs whose values are texts: what their formats have in common.

A format cuts lines into texts by key (:class:`Cutter`). What remains is the same for all: which
lines are skipped, which model a record belongs to, and what the texts mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from exporter.parsing.text_columns import Texts, Violations
from exporter.records import Parsed, RecordBatch
from exporter.tailing.lines import Lines

_EMPTY = " \t\r\n\0\ufeff"
_BYTE_ORDER_MARK = "\ufeff"
MAX_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line can't be cut; `problem` says so for the log."""

    reason: str
    problem: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines cut into texts.

    Attributes
    ----------
    texts
        Columns by key, of all lines that could be cut, in their order. Keys that are there, or
        computed when somebody asks for them.
    refused
        The other lines, by their position.
    headers
        Positions of lines that name columns, and hold no record.
    """

    texts: Mapping[str, Texts]
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    headers: Collection[int] = ()


class Cutter(Protocol):
    """A format: cuts lines into texts."""

    @property
    def reasons(self) -> Sequence[str]:
        """Why it may refuse a line."""

    def cut(self, lines: Sequence[str]) -> Cut:
        """Cut lines, none of which is blank; never raises for what they hold."""


class Meaning(Protocol):
    """Says what texts mean."""

    def batch(
        self,
        texts: Mapping[str, Texts],
        number: int,
        received: float,
        violations: Violations,
    ) -> tuple[RecordBatch, int]:
        """Build a batch, as :meth:`exporter.parsing.text_columns.TextColumns.batch` says."""


class TextLines:
    """Parses the prediction log of one model.

    Parameters
    ----------
    cutter
        The format.
    columns
        What the texts mean.
    """

    def __init__(self, cutter: Cutter, columns: Meaning) -> None:
        self.reasons = tuple(cutter.reasons)
        self._cutter = cutter
        self._columns = columns

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[RecordBatch]:
        """Decode complete lines (without their line ends), read at Unix time `received`.

        Every line ends up in exactly one of `parsed`, `rejected` and `skipped`.
        """
        texts, broken = _decoded(Lines.of(lines))
        # Positions of what is not blank; usually that is everything.
        places = [place for place, text in enumerate(texts) if text.strip(_EMPTY)]
        if len(places) < len(texts):
            texts = [texts[place] for place in places]
        cut = self._cutter.cut(texts)
        rejected: Counter[str] = Counter()
        examples: dict[str, tuple[int, str]] = {}
        for position, refusal in sorted(cut.refused.items()):
            rejected[refusal.reason] += 1
            examples.setdefault(refusal.reason, (places[position], refusal.problem))
        number = len(texts) - len(cut.refused) - len(cut.headers)
        lost = {places[position] for position in (*cut.refused, *cut.headers)}
        violations: Violations = Counter()
        if broken - lost:
            violations["line", "utf8"] = len(broken - lost)
        batch, others = self._columns.batch(cut.texts, number, received, violations)
        skipped = Counter(
            {
                reason: count
                for reason, count in (
                    ("empty", len(lines) - len(texts)),
                    ("header", len(cut.headers)),
                    ("other_model", others),
                )
                if count
            }
        )
        return Parsed(batch, number - others, rejected, skipped, examples)

    def keys(self, lines: Sequence[bytes]) -> list[str]:
        """Return the keys that lines hold, for people."""
        texts, _ = _decoded(Lines.of(lines))
        return list(self._cutter.cut([text for text in texts if text.strip(_EMPTY)]).texts)


def shown(text: str) -> str:
    """Return the beginning of a line for a message."""
    return repr(text[:MAX_SHOWN_CHARACTERS])


def _decoded(lines: Lines) -> tuple[list[str], set[int]]:
    """Return lines as texts, and the positions of those that are no UTF-8."""
    broken: set[int] = set()
    try:
        text = lines.data.decode()
    except UnicodeDecodeError:
        texts = [line.decode(errors="replace") for line in lines]
        for position, line in enumerate(lines):
            try:
                line.decode()
            except UnicodeDecodeError:
                broken.add(position)
    else:
        texts = text.split("\n") if len(lines) else []
    if any(text.startswith(_BYTE_ORDER_MARK) for text in texts):
        texts = [text.removeprefix(_BYTE_ORDER_MARK) for text in texts]
    return texts, broken
