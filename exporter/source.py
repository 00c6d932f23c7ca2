"""One source on its way from bytes to monitors, and the counts that prove nothing went missing."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, runtime_checkable

from exporter import rejects
from exporter.event_time import EventTime
from exporter.records import Batch, Parsed
from exporter.rejects import Reject
from exporter.tailing.lines import MAX_LINE_BYTES
from exporter.tailing.pieces import Piece
from exporter.tailing.tail import Tail

logger = logging.getLogger(__name__)


class Parser(Protocol[Batch]):
    """Decodes the lines of one source."""

    @property
    def reasons(self) -> Sequence[str]:
        """Why it may reject a line; exposed at 0 before it does."""

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[Batch]:
        """Decode complete lines, read at Unix time `received`; never raises for their content."""


@runtime_checkable
class HeadedParser(Parser[Batch], Protocol[Batch]):
    """Decodes the lines of files whose first line says what the others mean."""

    def below(self, header: bytes | None) -> Parser[Batch]:
        """Return the parser for a file with this first line; ``None`` if it is not known."""


def parser_below(parser: Parser[Batch], header: bytes | None) -> Parser[Batch]:
    """Return the parser for the lines of a file that begins with `header`."""
    return parser.below(header) if isinstance(parser, HeadedParser) else parser


@dataclass(slots=True)
class LineCounters:
    """Lines of a source: ``read = parsed + rejected + skipped`` holds after every piece."""

    read: int = 0
    parsed: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    invalid_utf8: int = 0


@dataclass(frozen=True, slots=True)
class SourceView:
    """An immutable copy of what is exposed of a source.

    Attributes
    ----------
    files
        Offset and size in bytes by path.
    lag
        Seconds for which the source has had unread bytes.
    rejects
        Some of the lines that were rejected, the latest last.
    """

    name: str
    read: int
    parsed: int
    rejected: Mapping[str, int]
    skipped: Mapping[str, int]
    invalid_utf8: int
    rotations: int
    truncations: int
    abandoned_bytes: int
    copies: int
    open_errors: Mapping[str, int]
    files: Mapping[str, tuple[int, int]]
    up: bool
    lag: float
    rejects: tuple[Reject, ...] = ()


class Source(Generic[Batch]):
    """Reads, parses, places in time and hands on, one piece of a file after another.

    Parameters
    ----------
    name
        The configured name: the label `source`.
    tail
        The files.
    parser
        Decodes lines.
    event_time
        Places records in windows.
    sink
        Takes the batches.
    quoted
        Whether lines that are rejected may be quoted.
    """

    def __init__(
        self,
        name: str,
        tail: Tail,
        parser: Parser[Batch],
        event_time: EventTime,
        sink: Callable[[Batch], None],
        *,
        quoted: bool = True,
    ) -> None:
        self.name = name
        self.tail = tail
        self.event_time = event_time
        self._parser = parser
        self._sink = sink
        self._quoted = quoted
        self._counters = self._zero()
        self._rejects: deque[Reject] = deque(maxlen=rejects.KEPT)
        self._behind_since: float | None = None
        self._view: SourceView | None = None
        self._viewed: tuple[int, ...] = ()

    def _zero(self) -> LineCounters:
        return LineCounters(
            rejected=Counter(dict.fromkeys((*self._parser.reasons, "too_long"), 0)),
            skipped=Counter({"empty": 0}),
        )

    @property
    def changed(self) -> bool:
        """Whether something is to be stored since it was last set to ``False``."""
        return self.tail.changed

    @changed.setter
    def changed(self, changed: bool) -> None:
        self.tail.changed = changed

    @property
    def lines_read(self) -> int:
        """Complete lines read."""
        return self._counters.read

    def divert(self, sink: Callable[[Batch], None]) -> Callable[[Batch], None]:
        """Hand batches to another sink from now on; return the former one."""
        former, self._sink = self._sink, sink
        return former

    def look(self, elapsed: float) -> None:
        """Find new files and give up old ones, by a clock that nobody sets."""
        self.tail.look(elapsed)
        self._view = None

    def read(
        self,
        now: float,
        enough: Callable[[], bool] = lambda: False,
        elapsed: float | None = None,
    ) -> bool:
        """Read a turn of each file, up to `enough`; return whether there was anything.

        Parameters
        ----------
        now
            Unix seconds.
        elapsed
            Seconds by a clock that nobody sets; absent: as `now`.
        """
        anything = False
        for piece in self.tail.read(now if elapsed is None else elapsed, enough=enough):
            self._take(piece, now)
            anything = True
        if self.tail.unread == 0:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        if anything or self._behind_since is not None:
            self._view = None
        return anything

    def flush(self, now: float) -> None:
        """Count last lines without a line end: nobody writes to the files any more."""
        for piece in self.tail.flush():
            self._take(piece, now)
        self._view = None

    def _take(self, piece: Piece, now: float) -> None:
        counters = self._counters
        counters.read += len(piece.lines) + piece.too_long
        if piece.too_long:
            limit = f"longer than {MAX_LINE_BYTES >> 20} MiB"
            self._reject(Reject(now, piece.path, "too_long", piece.too_long, limit))
        if not piece.lines:
            return
        counters.invalid_utf8 += piece.lines.invalid_utf8()
        try:
            parsed = parser_below(self._parser, piece.header).parse(piece.lines, now)
        except Exception:
            # A fault of ours must not stop the other lines; these are counted as lost.
            number = len(piece.lines)
            logger.exception("%s: the parser failed on %d lines", piece.path, number)
            counters.rejected["internal_error"] += number
            problem = "the parser failed; the exporter's log says how"
            self._rejects.append(Reject(now, piece.path, "internal_error", number, problem))
            return
        counters.parsed += parsed.parsed
        counters.skipped.update(parsed.skipped)
        for reason, count in parsed.rejected.items():
            example = self._example(piece, parsed, reason)
            self._reject(Reject(now, piece.path, reason, count, example))
        self._sink(self.event_time.place(parsed.batch))

    def _example(self, piece: Piece, parsed: Parsed[Batch], reason: str) -> str:
        index, problem = parsed.examples.get(reason, (0, "no example"))
        if not self._quoted:
            # Nobody knows which part of it is what must not be shown.
            problem = "not quoted, since `privacy` withholds fields"
        if piece.first_line is None:
            return problem
        return f"line {piece.first_line + index}: {problem}"

    def _reject(self, reject: Reject) -> None:
        self._rejects.append(reject)
        rejected, reason = self._counters.rejected, reject.reason
        # The first of each kind is told; a flood of them is only counted.
        level = logging.WARNING if rejected[reason] == 0 else logging.DEBUG
        rejected[reason] += reject.count
        logger.log(
            level, "%s: %s: rejected (%s), %d so far",
            reject.path, reject.problem, reason, rejected[reason],
        )  # fmt: skip

    def take_over(self, former: Source[Any]) -> None:
        """Keep files open that another source of that name had open, which ends with it.

        Files that are removed meanwhile, and not read to their end, are lost only where the source
        is to follow others, or to follow them in another way. To be called once the state of the
        former is loaded.
        """
        if former.tail.settings == self.tail.settings:
            self.tail.close()
            self.tail = former.tail
            self.tail.changed = True
        else:
            self.tail.take_over_streams(former.tail)
            former.tail.close()
        self._behind_since = former._behind_since
        self._rejects.extend(former._rejects)
        self._view = None

    def view(self, now: float) -> SourceView:
        """Return an immutable copy of what is exposed; the files only if something happened."""
        lag = 0.0 if self._behind_since is None else max(0.0, now - self._behind_since)
        events = self._events()
        if self._view is None or self._viewed != events:
            self._view, self._viewed = self._taken(), events
        return replace(self._view, up=self.tail.up, lag=lag)

    def _events(self) -> tuple[int, ...]:
        """Return what tells, beside lines, that something happened to the files."""
        seen = self.tail.counters
        failed = seen.open_errors.total()
        files = len(self.tail.files)
        return seen.rotations, seen.truncations, seen.abandoned_bytes, seen.copies, failed, files

    def _taken(self) -> SourceView:
        counters, tail = self._counters, self.tail
        return SourceView(
            name=self.name,
            read=counters.read,
            parsed=counters.parsed,
            rejected=dict(counters.rejected),
            skipped=dict(counters.skipped),
            invalid_utf8=counters.invalid_utf8,
            rotations=tail.counters.rotations,
            truncations=tail.counters.truncations,
            abandoned_bytes=tail.counters.abandoned_bytes,
            copies=tail.counters.copies,
            open_errors=dict(tail.counters.open_errors),
            files={
                file.name: (file.offset, file.size)
                for file in tail.files.values()
                if file.left_at is None
            }
            | tail.streams.positions,
            up=tail.up,
            lag=0.0,
            rejects=tuple(self._rejects),
        )

    def dump(self) -> dict[str, Any]:
        """Return offsets and counts for storage."""
        counters = self._counters
        return {
            "tail": self.tail.dump(),
            "read": counters.read,
            "parsed": counters.parsed,
            "rejected": dict(counters.rejected),
            "skipped": dict(counters.skipped),
            "invalid_utf8": counters.invalid_utf8,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the state does not fit; nothing is changed then.
        """
        counters = self._zero()
        counters.read, counters.parsed = int(state["read"]), int(state["parsed"])
        counters.rejected.update(state["rejected"])
        counters.skipped.update(state["skipped"])
        counters.invalid_utf8 = int(state.get("invalid_utf8", 0))
        self.tail.load(state["tail"])
        self._counters = counters
        self._view = None

    def load_positions(self, state: Mapping[str, Any]) -> None:
        """Restore of what :meth:`dump` returned where files were read to; counts start at 0.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the state does not fit; nothing is changed then.
        """
        counts = {"rotations": 0, "truncations": 0, "abandoned_bytes": 0, "copies": 0}
        self.tail.load({**state["tail"], **counts, "open_errors": {}})
        self._view = None
