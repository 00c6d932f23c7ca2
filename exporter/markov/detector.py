"""Lines that are too many, missing or new, found by a model that learns while it scores.

Every line is scored once the next :data:`exporter.markov.evidence.AROUND` lines of its host are
there: what follows a line says as much of it as what came before. The answers depend on the order
of the lines of a source alone, never on how they were cut into batches; what happens now and then
(processes end, the oldest counts are forgotten) does so at every :data:`EPOCH` th line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import Lines
from exporter.markov.bursts import Bursts
from exporter.markov.learned_order import LearnedOrder
from exporter.markov.names import Names
from exporter.markov.pending import Column, Pending, Table
from exporter.markov.processes import Processes, process_names
from exporter.markov.reference import Compared, Reference
from exporter.markov.scored import Kind, Scored, scored
from exporter.markov.streams import Streams
from exporter.markov.templates import END, START, Templates
from exporter.records import Categorical, SyslogBatch

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

EPOCH = 1024
CANDIDATE = 2.0
"""Surprisal, nats, below which no line is one too many."""
SILENT_LINES = 2000
"""Other lines after which a host's last lines are scored without waiting for more."""
_RECENT = 1 << 12
MAX_HOSTS = (1 << 13) - 1
MAX_TAGS = (1 << 14) - 2


class Detector:
    """Learns and scores the lines of one source.

    Parameters
    ----------
    transitions
        How many different transitions are kept.
    templates
        How many templates there may be.
    """

    def __init__(self, transitions: int = 1 << 18, templates: int = 1 << 15) -> None:
        self.templates = Templates(templates)
        self.hosts = Names(MAX_HOSTS)
        self.tags = Names(MAX_TAGS, reserved=2)
        self.lines = 0
        """Lines so far."""
        self.reference = Reference()
        self._stream = LearnedOrder(transitions)
        self._process = LearnedOrder(transitions)
        self._processes = Processes()
        self._pending = Pending()
        self._bursts = Bursts()
        self._streams = Streams()
        # For the last lines the evidence of a gap behind them, and the surprisal around them.
        self._recent = np.zeros((_RECENT, 2))

    @property
    def forgotten(self) -> int:
        """Counts that there was no more room for."""
        return self._stream.forgotten + self._process.forgotten

    @property
    def frequency(self) -> tuple[Integers, Integers]:
        """int64[n] each, templates and how many lines had them."""
        return self._stream.chain.states()

    def update(self, batch: SyslogBatch, times: Floats) -> tuple[Scored, Compared]:
        """Learn the lines of a batch, and score all those that need not wait any longer.

        Parameters
        ----------
        times
            float64[n], of the lines, Unix seconds.

        Returns
        -------
        Scored
            Lines of this batch and of others.
        Compared
            The lines of this batch, by the reference, which waits for nothing.
        """
        state = self._states(batch.variant or batch.message, batch.tag)
        host, tag = self.hosts.encode(batch.host), self.tags.encode(batch.tag)
        process = batch.process if len(batch.process) else np.full(len(batch), -1)
        parts = [self._find_bursts(host, state, times)]
        compared = []
        for begin, end in self._pieces(len(batch)):
            piece = slice(begin, end)
            lines = Lines(state[piece], tag[piece])
            scored, by_reference = self._piece(lines, host[piece], process[piece], times[piece])
            parts.append(scored)
            compared.append(by_reference)
            if self.lines % EPOCH == 0:
                parts.append(self._end_epoch())
        return Scored.joined(parts), Compared.joined(compared)

    def finish(self) -> Scored:
        """Score what still waits, as at the end of a file."""
        silent = self.lines + SILENT_LINES * 3 // 4
        return Scored.joined([self._scored(*self._pending.flush()), self._end_processes(silent)])

    def merge(self, other: Detector, states: Integers, tags: Integers) -> None:
        """Add what another detector has learned; what it waits for is of no use here.

        Parameters
        ----------
        states, tags
            int64[], what its templates and tags are here, which have taken them in.
        """
        tag_of = [START, END]
        tag_of += [self.tags.number(self.templates.tag(n)) for n in range(2, len(self.templates))]
        table = np.array(tag_of, dtype=np.int64)
        self._stream.merge(other._stream, states, tags, table)
        self._process.merge(other._process, states, tags, table)
        self._bursts.merge(other._bursts, states)
        self.reference.merge(other.reference, states, tags, table)
        self.lines += other.lines

    def _find_bursts(self, host: Integers, state: Integers, times: Floats) -> Scored:
        found = self._bursts.find(host, state, times)
        rows = found.rows
        nothing = np.full(len(rows), -1)
        return Scored(
            position=self.lines + rows,
            host=host[rows],
            time=times[rows],
            score=found.evidence,
            kind=np.full(len(rows), int(Kind.BURST)),
            before=nothing,
            state=state[rows],
            after=nothing,
            surprisal=np.zeros(len(rows)),
            usual=np.zeros(len(rows)),
        )

    def _pieces(self, length: int) -> Iterator[tuple[int, int]]:
        begin = 0
        while begin < length:
            end = min(length, begin + EPOCH - self.lines % EPOCH)
            yield begin, end
            begin = end

    def _states(self, message: Categorical, tag: Categorical) -> Integers:
        # A tag keeps its digits, which the message has lost: both make the line.
        pairs = message.codes.astype(np.int64) * (len(tag.values) + 1) + tag.codes
        distinct, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rows = first[order]
        states = self.templates.encode(
            [message.values[code] for code in message.codes[rows].tolist()],
            [tag.values[code] if code >= 0 else "" for code in tag.codes[rows].tolist()],
        )
        found = np.empty(len(distinct), dtype=np.int64)
        found[order] = states
        return found[inverse]

    def _piece(
        self, lines: Lines, host: Integers, process: Integers, times: Floats
    ) -> tuple[Scored, Compared]:
        position = self.lines + np.arange(len(host))
        self.lines += len(host)
        linked = self._streams.link(host, lines, position)
        compared = self.reference.compare(linked.before, lines)
        learned = self._stream.learn(linked.before, lines)
        previous = self._streams.note(linked, host, lines, position, learned.surprisal)
        table = np.full((len(host), len(Column)), np.nan)
        table[:, Column.POSITION] = position
        table[:, Column.HOST] = host
        table[:, Column.TIME] = times
        table[:, Column.BEFORE] = linked.before.state
        table[:, Column.STATE] = lines.state
        table[:, Column.SEEN] = learned.seen
        table[:, Column.SURPRISAL] = learned.surprisal
        table[:, Column.GAP] = 0
        table[:, Column.DONE] = 0
        self._recent[position % _RECENT] = 0
        rows = np.flatnonzero(previous >= CANDIDATE)
        table[rows, Column.SKIPPING] = learned.surprisal_after(linked.skipped.take(rows), rows)
        self._stream.mark_gaps(
            linked.before.state, lines.state, learned.surprisal, linked.place, table
        )
        self._follow_processes(lines, host, process, linked.place, table)
        gaps = np.flatnonzero(table[:, Column.GAP] > 0)
        self._recent[table[gaps, Column.GAP_AT].astype(np.int64) % _RECENT, 0] = table[
            gaps, Column.GAP
        ]
        return self._scored(*self._pending.add(table)), compared

    def _scored(self, table: Table, inserted: Floats, missing: Floats) -> Scored:
        place = table[:, Column.POSITION].astype(np.int64) % _RECENT
        self._recent[place, 1] = table[:, Column.AROUND]
        return scored(table, inserted, missing)

    def _follow_processes(
        self, lines: Lines, host: Integers, process: Integers, place: Integers, table: Table
    ) -> None:
        rows = np.flatnonzero(process >= 0)
        if not len(rows):
            return
        said = lines.take(rows)
        position = table[rows, Column.POSITION].astype(np.int64)
        names = process_names(host[rows], said.tag, process[rows])
        before, where = self._processes.link(
            names, said, position, host[rows], table[rows, Column.TIME]
        )
        began = before == START
        learned = self._process.learn(Lines(before, np.where(began, START, said.tag)), said)
        table[rows, Column.PROCESS] = learned.surprisal
        found = table[rows]
        places = np.where(began, place[rows], where)
        self._process.mark_gaps(before, said.state, learned.surprisal, places, found)
        table[rows] = found

    def _end_epoch(self) -> Scored:
        silent = self._scored(*self._pending.flush(self.lines - SILENT_LINES))
        ends = self._end_processes(self.lines)
        self._stream.end_epoch()
        self._process.end_epoch()
        self.reference.end_epoch(self._stream.chain, self.lines)
        return Scored.joined([silent, ends])

    def _end_processes(self, position: int) -> Scored:
        gone = self._processes.end(position)
        if not len(gone.state):
            return Scored.joined([])
        end = np.full(len(gone.state), END)
        learned = self._process.learn(Lines(gone.state, gone.tag), Lines(end, end))
        table = np.full((len(end), len(Column)), np.nan)
        table[:, Column.POSITION] = gone.position
        table[:, Column.HOST] = gone.host
        table[:, Column.TIME] = gone.time
        table[:, Column.STATE] = END
        table[:, Column.SEEN] = 1
        table[:, Column.GAP] = 0
        # What the lines around said at the time: a line may be missing there as well.
        recent = self._recent[gone.position % _RECENT]
        self._process.mark_gaps(gone.state, end, learned.surprisal, gone.position, table)
        rows = np.flatnonzero(table[:, Column.GAP] > 0)
        missing = table[rows, Column.GAP] + recent[rows, 0] - recent[rows, 1]
        table = np.column_stack([table[rows], np.full(len(rows), -1.0)])
        return scored(table, np.full(len(rows), -np.inf), missing)

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        parts = {name: part.dump() for name, part in self._parts().items()}
        return {**parts, "lines": self.lines, "recent": self._recent.copy()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        for name, part in self._parts().items():
            part.load(state[name])
        self.lines = int(state["lines"])
        self._recent[:] = np.asarray(state["recent"]).reshape(_RECENT, 2)

    def _parts(self) -> dict[str, Any]:
        return {
            "templates": self.templates,
            "hosts": self.hosts,
            "tags": self.tags,
            "stream": self._stream,
            "process": self._process,
            "streams": self._streams,
            "processes": self._processes,
            "pending": self._pending,
            "bursts": self._bursts,
            "reference": self.reference,
        }
