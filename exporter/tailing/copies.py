"""Whether a new file is a file of its own, or a copy of one that was read.

Rotation with ``copytruncate`` copies a log and then truncates it; others compress what was rotated,
or move it to another disk. Where a glob matches the result its lines must not count again, and
lines that are nowhere else must count once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from exporter.tailing.followed import FollowedFile
from exporter.tailing.gzipped import GzipStream
from exporter.tailing.identity import HEAD_BYTES, MARKER_BYTES, FileKey
from exporter.tailing.plain import PlainStream
from exporter.tailing.positions import Position
from exporter.tailing.remembered import Cause, Gone, Remembered

_PLACES = 8


class Verdict(Enum):
    """What a new file is."""

    OWN = auto()
    """A file of its own, to be read from its beginning."""
    COPY = auto()
    """A copy; it goes on where the original was left."""
    UNKNOWN = auto()
    """It can't be told before something changes, or some time has gone by."""
    COMPARING = auto()
    """More turns are needed to compare it."""
    CUT_SHORT = auto()
    """It is a .gz file that is incomplete, so that it can't be told."""


@dataclass(slots=True)
class Newcomer:
    """A file that was found and is not read yet.

    Attributes
    ----------
    from_end
        Whether it is to be read from its end, if it is a file of its own.
    replaced
        Whether it was followed before, and holds something else now.
    """

    file: FollowedFile
    from_end: bool = False
    replaced: bool = False
    verdict: Verdict = Verdict.COMPARING
    beginning: bytes | None = None
    size: int = -1
    still_since: float = 0.0
    same: set[tuple[FileKey, int]] = field(default_factory=set)
    """Files, and how often they were replaced by then, whose bytes were compared and are these."""
    different: set[tuple[FileKey, int]] = field(default_factory=set)
    place: tuple[int, bytes] | None = None
    """An offset to go to in a .gz file, and the bytes of the other file before it."""
    plain_forms: list[Gone] | None = None
    fits: Gone | None = None
    copied_from: tuple[FileKey, int] | None = None
    """A file of which it holds the beginning, and its size when that was found."""


class Recognition:
    """Decides about new files.

    Parameters
    ----------
    files
        Those that are followed, by identity.
    newcomers
        Those about which it is to be decided.
    remembered
        Those that were.
    wait
        Seconds for which a file must stay as it is before it passes for a file of its own, though
        it holds the same as another one.
    wake
        Opens a file that is asleep; ``False`` if it can't.
    lost
        Told of a file whose content turns out to be gone.
    """

    def __init__(
        self,
        files: Mapping[FileKey, FollowedFile],
        newcomers: Mapping[FileKey, Newcomer],
        remembered: Remembered,
        wait: float,
        wake: Callable[[FollowedFile], bool],
        lost: Callable[[FollowedFile, Position], None],
    ) -> None:
        self._files = files
        self._newcomers = newcomers
        self._remembered = remembered
        self._wait = wait
        self._wake = wake
        self._lost = lost

    def decide(self, new: Newcomer, now: float) -> Verdict:
        """Return what a new file is, and put it where reading begins.

        Raises
        ------
        OSError
            If it can't be read.
        """
        stream = new.file.stream
        if isinstance(stream, GzipStream):
            new.verdict = self._compressed(new, stream)
        else:
            new.verdict = self._plain(new, stream, now)
        if new.verdict is Verdict.OWN:
            begin(new)
        return new.verdict

    def _plain(self, new: Newcomer, stream: PlainStream, now: float) -> Verdict:
        file, beginning = new.file, stream.beginning()
        if not beginning:
            return Verdict.UNKNOWN
        size = stream.status.st_size
        if new.size < 0 or (size != new.size and not new.replaced):
            # A log that was truncated must not wait for quiet.
            new.still_since = now
        new.size = size
        still = now - new.still_since >= self._wait
        held, for_long = self._resembles(new, stream, beginning, size)
        resumed, shorter = self._gone_on(new, stream, beginning, now)
        if resumed:
            return Verdict.COPY
        if for_long or ((held or shorter) and not still):
            return Verdict.UNKNOWN
        if shorter is None:
            return Verdict.OWN
        # More was read of the original than was copied.
        file.seek_end()
        return Verdict.COPY

    def _gone_on(
        self, new: Newcomer, stream: PlainStream, beginning: bytes, now: float
    ) -> tuple[bool, Gone | None]:
        """Go on where content was left that is gone.

        Returns
        -------
        bool
            Whether it could: the file is a copy of that.
        Gone or None
            If it could not: content of which the file is a copy that was made earlier.
        """
        file, size = new.file, new.size
        shorter = None
        for gone in self._remembered.copied(beginning, now):
            position = gone.position
            compared = new.copied_from is not None and new.copied_from[0] == position.key
            if position.path == file.name and not compared:
                # A copy has another path; this is a successor that begins alike.
                continue
            if size >= position.offset:
                if file.resume(position):
                    self._remembered.take(gone)
                    return True, None
            elif shorter is None and gone.copy_expected(now):
                known = new.copied_from == (position.key, size)
                part = gone.copied_before(now) and _part_of(stream, size, position)
                shorter = gone if known or part else None
        return False, shorter

    def _resembles(
        self, new: Newcomer, stream: PlainStream, beginning: bytes, size: int
    ) -> tuple[bool, bool]:
        """Return whether it may be a copy of a file that is there, or of one that is going."""
        file = new.file
        held = for_long = False
        for other in list(self._files.values()):
            if other.compressed or other.refused or file.path in (other.path, *other.former):
                continue
            if new.replaced and other.rotated:
                # A log that was truncated, and begins as its own copy does.
                continue
            original = self._original(other, beginning)
            if original is None:
                continue
            same = _same(stream, size, original)
            # Asked afterwards: had it been truncated before, it would not be the same.
            lost = other.check()
            if lost is not None:
                self._lost(other, lost)
            elif same:
                held = True
                new.copied_from = other.key, size
                # Moved to another disk: a copy, and the removal of the original.
                for_long |= other.reached >= HEAD_BYTES and other.refresh() == 0
        return held, for_long

    def _original(self, other: FollowedFile, beginning: bytes) -> PlainStream | None:
        """Return the stream of a plain file that begins as a new one, or the other way round."""
        head = other.head
        if head and not _overlap(head, beginning):
            return None
        if not self._wake(other) or not isinstance(other.stream, PlainStream):
            return None
        return other.stream if _overlap(head or other.stream.beginning(), beginning) else None

    def _compressed(self, new: Newcomer, stream: GzipStream) -> Verdict:
        if new.beginning is None:
            new.beginning = stream.beginning()
        if new.beginning is None:
            return Verdict.CUT_SHORT
        # Whatever a plain file will turn out to be, it is the plain form.
        undecided = [other.file for other in self._newcomers.values()]
        for other in (*self._files.values(), *undecided):
            if not other.compressed and not other.refused and new.beginning:
                verdict = self._plain_form(new, stream, new.beginning, other)
                if verdict is not None:
                    return verdict
        return self._left_plain_form(new, stream, new.beginning)

    def _plain_form(
        self, new: Newcomer, stream: GzipStream, beginning: bytes, other: FollowedFile
    ) -> Verdict | None:
        """Compare a .gz file with a plain one that is there; ``None`` if they differ."""
        state = (other.key, other.generation)
        if state in new.same and other.asleep:
            return Verdict.UNKNOWN
        original = None if state in new.different else self._original(other, beginning)
        lost = None if original is None else other.check()
        if lost is not None:
            self._lost(other, lost)
        if original is None or not original.beginning().startswith(beginning):
            return None
        if state in new.same or other.reached == 0:
            # It is read to its end from there; what is left when that is gone, from here.
            return Verdict.UNKNOWN
        return self._compare(new, stream, other, original)

    def _compare(
        self, new: Newcomer, stream: GzipStream, other: FollowedFile, original: PlainStream
    ) -> Verdict:
        """Compare the bytes before the place that was reached in the plain file."""
        if new.place is None:
            new.place = original.offset, original.before
            stream.restart()
        offset, before = new.place
        if not stream.pass_to(offset):
            return Verdict.UNKNOWN if stream.broken else Verdict.COMPARING
        if stream.decoded < offset:
            known = len(stream.before)
            before = original.at(stream.decoded - known, known)
        alike = new.same if stream.before == before else new.different
        alike.add((other.key, other.generation))
        new.place = None
        return Verdict.COMPARING

    def _left_plain_form(self, new: Newcomer, stream: GzipStream, beginning: bytes) -> Verdict:
        """Compare a .gz file with what is remembered, and go on where that was left."""
        if new.plain_forms is None:
            new.plain_forms = self._remembered.compressed(beginning)
            stream.restart()
        while new.plain_forms:
            gone = new.plain_forms[0]
            position = gone.position
            if not stream.pass_to(position.offset):
                return Verdict.CUT_SHORT if stream.broken else Verdict.COMPARING
            del new.plain_forms[0]
            if stream.decoded == position.offset:
                marker = position.marker
                if marker is None or marker.ends(stream.before):
                    new.fits = gone
            elif gone.cause is Cause.TRUNCATED and not stream.broken:
                # More was read of the original than was copied.
                new.file.seek_end()
                return Verdict.COPY
        if new.fits is None or not new.file.resume(new.fits.position):
            stream.restart()
            return Verdict.OWN
        self._remembered.take(new.fits)
        return Verdict.COPY


def begin(new: Newcomer) -> None:
    """Go to where a file of its own is read from."""
    if new.from_end:
        new.file.seek_end()


def _overlap(one: bytes, other: bytes) -> bool:
    length = min(len(one), len(other))
    return length > 0 and one[:length] == other[:length]


def _part_of(stream: PlainStream, size: int, position: Position) -> bool:
    """Return whether a file that is shorter than what was read ends with what was read there."""
    if size <= len(position.beginning):
        return True
    begin = position.offset - len(position.recent)
    end = min(size - begin, MARKER_BYTES)
    return end > 0 and stream.at(size - end, end) == position.recent[size - begin - end :][:end]


def _same(stream: PlainStream, size: int, original: PlainStream) -> bool:
    """Return whether a file of this size holds the beginning, or all, of another one."""
    known = len(original.before)
    read = original.offset
    if size >= read and stream.at(read - known, known) != original.before:
        return False
    # Its end, and some places before it: many logs fill their lines with the same.
    for part in range(_PLACES, -1, -1):
        place = max(0, size - MARKER_BYTES) * part // _PLACES
        length = min(size, MARKER_BYTES)
        there = original.at(place, length)
        if len(there) < length or stream.at(place, length) != there:
            return False
    return True
