r"""logfmt: ``key=value`` pairs between blanks.

As github.com/go-logfmt/logfmt reads it, which go-kit, log/slog and many others write: a value with
blanks or quotes stands in double quotes, where a backslash begins an escape of JSON; a key without
``=`` is true. Beyond that, a bare value may hold ``=``, as addresses of web pages do, and what is
no escape of JSON stays as it is written.

A program writes the same keys in the same order most of the time: an expression made for such a
layout cuts a whole block, or at least a line, at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from exporter.parsing.text_columns import Texts
from exporter.parsing.text_lines import Cut, Refusal, shown

_BLANKS = "".join(map(chr, range(0x21)))
_MOST_LAYOUTS = 4
_VALUE = r'("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[^\x00-\x20"]*+)'
# A key, its equals sign and its value; or what is left of a line that has no pair there.
# Possessive quantifiers never go back: a line costs time in proportion to its length.
_PAIR = re.compile(
    rf'[\x00-\x20]*+(?:([^\x00-\x20="]++)(?:(=){_VALUE})?+(?=[\x00-\x20]|\Z)|(.++))', re.DOTALL
)
_decode_text = msgspec.json.Decoder(str).decode


class Records(Mapping[str, Texts]):
    """Records, their values as written, as columns; each is made when it is asked for."""

    def __init__(self, records: Sequence[Mapping[str, str]]) -> None:
        self._records = records

    def __getitem__(self, key: str) -> Texts:
        return _unquoted([record.get(key) for record in self._records])

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for record in self._records for key in record))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Certain keys in a certain order, all with values."""

    keys: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, ...]]) -> _Layout | None:
        """Return the layout of a line; ``None`` where only looking at each pair will do."""
        keys = tuple(key for key, *_ in pairs)
        # A single group would make no tuples.
        if not 1 < len(pairs) == len(set(keys)) or not all(equals for _, equals, *_ in pairs):
            return None
        # No part of it takes a line end, so that each match in a block is one whole line.
        pattern = "[ \t]+".join(f"{re.escape(key)}={_VALUE}" for key in keys)
        return cls(keys, re.compile(f"^{pattern}[ \t]*$", re.MULTILINE))


class Logfmt:
    """Cuts lines into pairs; of a key that is there twice, the last one counts."""

    reasons = ("not_logfmt",)

    def __init__(self) -> None:
        self._layouts: list[_Layout] = []

    def cut(self, lines: Sequence[str]) -> Cut:
        """Cut lines, as :class:`exporter.parsing.text_lines.Cutter` says."""
        for layout in self._layouts[:1]:
            rows = layout.pattern.findall("\n".join(lines))
            if lines and len(rows) == len(lines):
                columns = map(_unquoted, zip(*rows, strict=True))
                return Cut(dict(zip(layout.keys, columns, strict=True)))
        records: list[dict[str, str]] = []
        refused: dict[int, Refusal] = {}
        other: _Layout | None = None
        for position, line in enumerate(lines):
            record = self._laid_out(line)
            if record is not None:
                records.append(record)
                continue
            pairs = _PAIR.findall(line.rstrip(_BLANKS))
            # Control characters are blanks too: there may be no pair at all.
            rest = pairs[-1][-1] if pairs else line
            if rest:
                problem = f"expected key=value, got {shown(rest)} in {shown(line)}"
                refused[position] = Refusal("not_logfmt", problem)
                continue
            records.append({key: value if equals else "true" for key, equals, value, _ in pairs})
            # To make one takes longer than many lines: a block teaches no more than one.
            if other is None and (other := _Layout.of(pairs)) is not None:
                self._layouts = [other, *self._layouts[: _MOST_LAYOUTS - 1]]
        return Cut(Records(records), refused)

    def _laid_out(self, line: str) -> dict[str, str] | None:
        for layout in self._layouts:
            match = layout.pattern.fullmatch(line)
            if match is not None:
                return dict(zip(layout.keys, match.groups(), strict=True))
        return None


def _unquoted(values: Texts) -> Texts:
    if '"' not in "".join(filter(None, values)):
        return values
    return [_unescaped(value[1:-1]) if value and value[0] == '"' else value for value in values]


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return _decode_text(f'"{text}"')
    except (msgspec.DecodeError, ValueError):
        return text
