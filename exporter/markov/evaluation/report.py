"""The paper's tables as text, and all numbers as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from exporter.markov.evaluation.summary import MEASURES, Difference, Mean, Summary

HEADINGS = {
    "precision": "precision at 10",
    "recall": "recall at R",
    "found": "found",
    "lenient_precision": "lenient p. at 10",
    "lenient_recall": "lenient r. at R",
}
_GAINS = ("precision", "recall", "found")
_WIDTH = 18
_UNKNOWN = "train/test"


def text(summary: Summary, compared_with: str | None) -> str:
    """Return tables of means (standard deviations) over pairs, one a kind of anomaly.

    Parameters
    ----------
    compared_with
        The scorer that the others are compared with, if any.
    """
    means = {
        (mean.kind, mean.similarity, mean.scorer, mean.measure): mean for mean in summary.means()
    }
    lines = []
    for kind in summary.kinds:
        lines += [f"{kind}: mean (standard deviation) over pairs", _heading()]
        for similarity in summary.similarities:
            for scorer in summary.scorers:
                row = [means.get((kind, similarity, scorer, measure)) for measure in MEASURES]
                known = [mean for mean in row if mean]
                if known:
                    lines.append(_row(similarity, scorer, known))
        lines.append("")
    for scorer in summary.scorers:
        if compared_with and scorer != compared_with:
            lines += [*_gains(summary.differences(scorer, compared_with)), ""]
    return "\n".join(lines)


def as_json(summary: Summary, compared_with: str | None) -> str:
    """Return the same numbers as a JSON object, and those of each pair.

    It has ``means``, ``differences`` and ``pairs``, each a list of objects.
    """
    differences = [
        difference
        for scorer in summary.scorers
        if compared_with and scorer != compared_with
        for difference in summary.differences(scorer, compared_with)
    ]
    found = {
        "means": _plain(summary.means()),
        "differences": _plain(differences),
        "pairs": summary.pairs(),
    }
    return json.dumps(found, indent=1)


def _plain(rows: Iterable[Mean | Difference]) -> list[dict[str, object]]:
    return [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(row).items()
        }
        for row in rows
    ]


def _heading() -> str:
    titles = "".join(f"{HEADINGS[measure]:>{_WIDTH}}" for measure in MEASURES)
    return f"{'class':<14}{'scorer':<14}{'pairs':>5}{titles}"


def _row(similarity: str, scorer: str, means: Sequence[Mean]) -> str:
    cells = "".join(f"{_cell(mean):>{_WIDTH}}" for mean in means)
    return f"{similarity or _UNKNOWN:<14}{scorer:<14}{means[0].pairs:>5}{cells}"


def _cell(mean: Mean) -> str:
    deviation = "one pair" if math.isnan(mean.deviation) else f"{mean.deviation:.2f}"
    return f"{mean.mean:.2f} ({deviation})"


def _gains(differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        return
    yield (
        f"{differences[0].scorer} less {differences[0].other}, on the same pairs: "
        "mean [95 % interval over test hosts]"
    )
    titles = "".join(f"{HEADINGS[measure]:>26}" for measure in _GAINS)
    yield f"{'anomalies':<14}{'class':<14}{'pairs':>5}{'hosts':>6}{titles}"
    for begin in range(0, len(differences), len(MEASURES)):
        row = {each.measure: each for each in differences[begin : begin + len(MEASURES)]}
        first = differences[begin]
        cells = "".join(f"{_gain(row[measure]):>26}" for measure in _GAINS)
        where = f"{first.kind:<14}{first.similarity or _UNKNOWN:<14}"
        yield f"{where}{first.pairs:>5}{first.clusters:>6}{cells}"


def _gain(difference: Difference) -> str:
    if math.isnan(difference.low):
        return f"{difference.mean:+.2f} [one host]"
    return f"{difference.mean:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"
