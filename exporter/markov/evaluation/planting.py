"""Anomalies put into a log at random places, and where a detector is to find them.

As Haque, DeLucia and Baseman (HUST 2017) do it: an insertion is one line more, a deletion one line
less. They name a transition by its first message; here a score belongs to the line that a
transition leads to, as P(line | line before) does. So an insertion is two anomalies, the line and
the one behind it, and a deletion is one, the transition over the gap. Some scorers report a gap at
the line behind it, some at the line in front; each is held to its one side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exporter.errors import UsageError
from exporter.markov.evaluation.log import NONE, Log
from exporter.records import Categorical

Integers = NDArray[np.int64]

Side = Literal["before", "after"]

MARGIN = 3
"""Lines of a host that are left between two anomalies at least."""
_TRIES = 200
"""Places looked at for each anomaly before a log is too short or too uniform."""
_SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo")


class Kind(StrEnum):
    """What is planted.

    INSERTION is a line that its host has, each distinct one as likely, at a random place; NOVEL is
    one of words that no line has, from a program of the host; STRANGER is such a line from a
    program that no host has; DELETION takes away a line whose neighbours differ from it; BOTH are
    as many insertions as deletions.
    """

    INSERTION = "insertion"
    NOVEL = "novel"
    STRANGER = "stranger"
    DELETION = "deletion"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One insertion or deletion; all are rows of the log with the anomalies in it.

    Attributes
    ----------
    inserted
        The line that was put in; -1 for a deletion.
    before, after
        The lines around it on its host.
    process
        The next line of the process that a deleted line belonged to, else its last one before;
        -1 where there is neither.
    """

    inserted: int
    before: int
    after: int
    process: int = NONE

    def targets(self, side: Side) -> tuple[int, ...]:
        """Return the rows that are to be found: two for an insertion, one for a deletion."""
        if self.inserted != NONE:
            return self.inserted, self.after
        return (self.before if side == "before" else self.after,)

    @property
    def accepted(self) -> tuple[int, ...]:
        """The rows that a lenient judge accepts: for a deletion all that show it."""
        if self.inserted != NONE:
            return self.inserted, self.after
        rows = {self.before, self.after, self.process} - {NONE}
        return tuple(sorted(rows))


@dataclass(frozen=True, slots=True)
class Planted:
    """A log with anomalies in it.

    Attributes
    ----------
    log
        The log.
    anomalies
        What was planted, by place.
    chains
        As :meth:`exporter.markov.evaluation.log.Log.chains` returns them.
    """

    log: Log
    anomalies: tuple[Anomaly, ...]
    chains: tuple[Integers, Integers]


class Planter:
    """Plants anomalies into one log, each time into the log as it was.

    Parameters
    ----------
    log
        The log.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._before, self._after = log.chains()
        self._process_before, self._process_after = log.processes()
        self._step = _steps(log.host.codes.astype(np.int64))
        # One after the other, the rows of each message of each host.
        pairs = np.stack([log.host.codes, log.message.codes])
        distinct, word = np.unique(pairs, axis=1, return_inverse=True)
        self._by_word = np.argsort(word.reshape(-1), kind="stable")
        self._word_ends = np.cumsum(np.bincount(word.reshape(-1), minlength=distinct.shape[1]))
        self._word_host = distinct[0]

    def plant(self, kind: Kind, count: int, generator: np.random.Generator) -> Planted:
        """Return the log with `count` anomalies; twice as many if they are of both kinds.

        Raises
        ------
        UsageError
            If the log has no room for them.
        """
        insertions = 0 if kind is Kind.DELETION else count
        deletions = count if kind in {Kind.DELETION, Kind.BOTH} else 0
        places = self._places(insertions, deletions, generator)
        anchors = np.array(sorted(places[:insertions]), dtype=np.int64)
        deleted = np.array(sorted(places[insertions:]), dtype=np.int64)
        inserted = np.array(
            [self._vocabulary_row(int(anchor), generator) for anchor in anchors], dtype=np.int64
        )
        pool = self._log
        if kind in {Kind.NOVEL, Kind.STRANGER} and count:
            new = _renamed(self._log.take(inserted), kind, generator)
            pool = pool.joined(new)
            inserted = len(self._log) + np.arange(insertions)
        order = np.insert(np.arange(len(self._log)), anchors, inserted)
        moved = _Moved(anchors, deleted)
        log = pool.take(np.delete(order, moved.with_insertions(deleted)))
        # What is put in happens when the line in front of which it is put does.
        log.time[moved.of(anchors) - 1] = self._log.time[anchors]
        anomalies = [*self._inserted(anchors, moved), *self._deleted(deleted, moved)]
        anomalies.sort(key=lambda anomaly: anomaly.after)
        return Planted(log, tuple(anomalies), log.chains())

    def _places(self, insertions: int, deletions: int, generator: np.random.Generator) -> list[int]:
        taken: dict[int, list[int]] = {}
        places: list[int] = []
        for count, fits in ((insertions, self._can_insert), (deletions, self._can_delete)):
            wanted = len(places) + count
            for place in self._candidates(count, fits, generator):
                steps = taken.setdefault(int(self._log.host.codes[place]), [])
                step = int(self._step[place])
                if all(abs(step - other) > MARGIN for other in steps):
                    steps.append(step)
                    places.append(place)
                if len(places) == wanted:
                    break
            if len(places) < wanted:
                raise UsageError(
                    f"no room for {insertions + deletions} anomalies in a log of "
                    f"{len(self._log):,} lines"
                )
        return places

    def _candidates(
        self, count: int, fits: Callable[[int], bool], generator: np.random.Generator
    ) -> Iterator[int]:
        if not count or not len(self._log):
            return
        for place in generator.integers(len(self._log), size=count * _TRIES).tolist():
            if fits(place):
                yield place

    def _can_insert(self, place: int) -> bool:
        # What is put in must differ from its neighbours, for which three messages are enough.
        return self._before[place] != NONE and len(self._words(place)) > 2

    def _can_delete(self, place: int) -> bool:
        before, after = self._before[place], self._after[place]
        message = self._log.message.codes
        return bool(
            NONE not in {int(before), int(after)}
            and message[before] != message[place] != message[after]
        )

    def _words(self, place: int) -> range:
        host = self._log.host.codes[place]
        first, last = np.searchsorted(self._word_host, [host, host + 1])
        return range(int(first), int(last))

    def _vocabulary_row(self, anchor: int, generator: np.random.Generator) -> int:
        """Return a line with a random message of the host, unlike the two it gets between."""
        words = self._words(anchor)
        message = self._log.message.codes
        around = {int(message[anchor]), int(message[self._before[anchor]])}
        while True:
            word = words[int(generator.integers(len(words)))]
            begin = int(self._word_ends[word - 1]) if word else 0
            row = int(self._by_word[generator.integers(begin, self._word_ends[word])])
            if int(message[row]) not in around:
                return row

    def _inserted(self, anchors: Integers, moved: _Moved) -> Iterator[Anomaly]:
        after, before = moved.of(anchors), moved.of(self._before[anchors])
        for row in range(len(anchors)):
            yield Anomaly(int(after[row]) - 1, int(before[row]), int(after[row]))

    def _deleted(self, deleted: Integers, moved: _Moved) -> Iterator[Anomaly]:
        before, after = moved.of(self._before[deleted]), moved.of(self._after[deleted])
        following = self._process_after[deleted]
        process = np.where(following != NONE, following, self._process_before[deleted])
        process = np.where(np.isin(process, deleted), NONE, process)
        shown = np.where(process != NONE, moved.of(process), NONE)
        for row in range(len(deleted)):
            yield Anomaly(NONE, int(before[row]), int(after[row]), int(shown[row]))


@dataclass(frozen=True, slots=True)
class _Moved:
    """Where rows of the log are once lines were put in before `anchors` and `deleted` left."""

    anchors: Integers
    deleted: Integers

    def with_insertions(self, rows: Integers) -> Integers:
        return rows + np.searchsorted(self.anchors, rows, side="right")

    def of(self, rows: Integers) -> Integers:
        return self.with_insertions(rows) - np.searchsorted(self.deleted, rows)


def _steps(group: Integers) -> Integers:
    """Return int64[n], which line of its host each is, from 0."""
    order = np.argsort(group, kind="stable")
    place = np.arange(len(group))
    begins = np.diff(group[order], prepend=group[order[:1]] - 1) != 0
    steps = np.empty(len(group), dtype=np.int64)
    steps[order] = place - np.maximum.accumulate(np.where(begins, place, 0))
    return steps


def _renamed(lines: Log, kind: Kind, generator: np.random.Generator) -> Log:
    """Return lines that say something else, if need be by a program of another name."""
    tags, messages, raw = [], [], np.empty(len(lines), dtype=object)
    for row, tag in enumerate(lines.tag.decode()):
        program = tag if tag and kind is Kind.NOVEL else _word(generator)
        text = " ".join(_word(generator) for _ in range(int(generator.integers(3, 8))))
        tags.append(program)
        messages.append(f"{program.translate(_NO_DIGITS)}: {text}")
        header = lines.header(row)
        process = int(lines.process[row])
        number = f"[{process}]" if process >= 0 else ""
        raw[row] = header + f"{program}{number}: {text}".encode()
    return Log(
        lines.host,
        Categorical.encode(tags),
        Categorical.encode(messages),
        lines.process,
        lines.time,
        raw,
    )


_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))


def _word(generator: np.random.Generator) -> str:
    return "".join(generator.choice(_SYLLABLES, size=int(generator.integers(2, 5))))
