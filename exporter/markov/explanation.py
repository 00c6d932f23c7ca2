"""Why a line was found: in a sentence, with the probabilities that it stands on."""

from __future__ import annotations

from math import exp

from exporter.markov.bursts import LINES, TIMES
from exporter.markov.reference import Compared, Reference
from exporter.markov.scored import Kind, Scored
from exporter.markov.templates import END, START, Templates

_MAX_CHARACTERS = 120


def explanation(scored: Scored, row: int, templates: Templates) -> str:
    """Return what was expected, and how improbable is what came.

    Parameters
    ----------
    scored, row
        The line.
    templates
        Of the detector that scored it.
    """
    before, state, after = (
        _quoted(templates, int(column[row]))
        for column in (scored.before, scored.state, scored.after)
    )
    chance = _probability(exp(-float(scored.surprisal[row])))
    kind = Kind(int(scored.kind[row]))
    if kind is Kind.BURST:
        closer = f"{TIMES:g} times as close together as ever before"
        return f"{LINES} times {state} within a minute, {closer}"
    if kind is Kind.MISSING:
        usual = _probability(exp(-float(scored.usual[row])))
        follows = "it ended" if scored.after[row] == END else f"came {after}"
        begins = "At the beginning" if scored.before[row] == START else f"After {before}"
        return f"{begins} {follows}; normally {state} comes between (P={usual} against {chance})"
    if kind is Kind.NOVEL:
        return f"{state} was never logged before; after {before} it has P={chance}"
    rest = f", before {after}" if scored.after[row] >= 0 else ""
    return f"{state} after {before}{rest} is not expected (P={chance})"


def surprise(compared: Compared, row: int, reference: Reference, templates: Templates) -> str:
    """Return how improbable a line is under a reference.

    Parameters
    ----------
    compared, row
        The line.
    reference
        What it was compared with.
    templates
        Of the detector that compared it.
    """
    before, state = (
        _quoted(templates, int(column[row])) for column in (compared.before, compared.state)
    )
    chance = _probability(exp(-float(compared.surprisal[row])))
    return f"{state} after {before} has P={chance} by the first {reference.transitions:,} lines"


def _quoted(templates: Templates, state: int) -> str:
    if state < 0:
        return "nothing"
    if state in (START, END):
        return templates.text(state)
    text = templates.text(state)
    if len(text) > _MAX_CHARACTERS:
        text = text[: _MAX_CHARACTERS - 1] + "…"
    tag = templates.tag(state)
    return f'"{tag}: {text}"' if tag else f'"{text}"'


def _probability(value: float) -> str:
    return f"{value:.2g}"
