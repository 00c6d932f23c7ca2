"""Files that were not followed at the last look: known from before, copies, or new."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from exporter.tailing.alike import alike
from exporter.tailing.copies import Newcomer, Recognition, Verdict, begin
from exporter.tailing.departures import Departures
from exporter.tailing.discovery import Found
from exporter.tailing.elsewhere import absent, find
from exporter.tailing.followed import FollowedFile, printable
from exporter.tailing.identity import FileKey
from exporter.tailing.positions import Position
from exporter.tailing.roster import Roster, error_name


class Arrivals:
    """Opens files, and has them followed once it is clear what they are.

    Parameters
    ----------
    start
        Where a file is read from that is there at the very first look: ``beginning`` or ``end``.
    wait
        Seconds for which a file must stay as it is before it passes for a file of its own, though
        it holds the same as another one.
    """

    def __init__(self, roster: Roster, departures: Departures, start: str, wait: float) -> None:
        self._roster = roster
        self._departures = departures
        self._start = start
        self._newcomers: dict[FileKey, Newcomer] = {}
        self._recognition = Recognition(
            roster.files, self._newcomers, roster.remembered, wait, roster.awake, roster.lost
        )
        self._unresolved: set[FileKey] = set()
        self._vacated: dict[str, FileKey] = {}
        self.first_look = True
        """Whether nothing has been looked for yet, in an earlier run neither."""

    @property
    def newcomers(self) -> Mapping[FileKey, Newcomer]:
        """Files that are open, and of which it is not clear yet what they are."""
        return self._newcomers

    def resolve(self) -> None:
        """Have files looked for that an earlier run followed, wherever they are."""
        remembered = self._roster.remembered.files
        self._unresolved = {key for key, known in remembered.items() if not known.finished}

    def vacated(self, path: str, key: FileKey) -> None:
        """Note that a path does not lead to a file any more: what it leads to next replaces it."""
        self._vacated[path] = key
        if len(self._vacated) > self._roster.remembered.most_files:
            del self._vacated[next(iter(self._vacated))]

    def look(self, found: Mapping[FileKey, Found]) -> None:
        """Open what is new, and look for what is missing."""
        self._take_strangers()
        for key, new in list(self._newcomers.items()):
            self._seen_again(key, new, found.get(key))
        strangers = found.keys() - self._roster.files.keys() - self._newcomers.keys()
        if strangers or self._unresolved:
            known = self._known(strangers, found)
            self._find_missing(found)
            paths = {key: found[key].path for key in strangers - known}
            considered = alike(paths) if self.first_look else paths.keys()
            for key in sorted(paths, key=lambda key: _order(paths[key], found[key].size)):
                self._open_new(key, found[key], considered)
        for _ in self.decide():
            pass
        self.first_look = False

    def _known(
        self, strangers: AbstractSet[FileKey], found: Mapping[FileKey, Found]
    ) -> set[FileKey]:
        """Take up files that were known in an earlier run; return which."""
        remembered = self._roster.remembered.files
        # btrfs, overlayfs, NFS and device mappers get the number of their device when they are
        # mounted, so that a restart of the machine can change it.
        remounted = {
            (inode, position.path): position
            for (_, inode), position in remembered.items()
            if position.head.length
        }
        known = set()
        for key in strangers:
            path = found[key].path
            position = remembered.get(key) or remounted.get((key[1], printable(path)))
            if position is not None:
                known.add(key)
                self._take_up(key, found[key], position)
        return known

    def _take_up(self, key: FileKey, found: Found, position: Position) -> None:
        """Go on in a file that was known by its identity."""
        remembered = self._roster.remembered
        if position.finished and position.compressed and _as_it_was(key, found, position):
            remembered.forget(key)
            self._roster.admit(FollowedFile(found.path, position))
            self._roster.due.pop(key)
            return
        file = self._open(key, found.path)
        if file is None:
            return
        try:
            resumed = file.resume(position)
        except OSError as error:
            self._roster.failed(found.path, error_name(error))
            file.close()
            return
        remembered.forget(position.key)
        # A second path to it, which may come first in order, is no rotation.
        same_path = position.path in {printable(path) for path in (found.path, *found.others)}
        if position.offset == 0:
            # Nothing was read of it: it may still turn out to be a copy. Only the path tells a file
            # that was renamed from one that got the number of a removed file.
            file.rotated = position.rotated if same_path else os.path.lexists(position.path)
            self._consider(Newcomer(file, copied_from=position.copied_from))
            return
        if not resumed:
            # Of another path it is another file, which got the number of one that was removed.
            file.rotated, file.moved_asleep = position.rotated, not same_path
            self._admit(file)
            self._roster.lost(file, position)
            return
        if self._replaces(found.path, key):
            self._roster.counters.rotations += 1
        file.rotated = position.rotated or not same_path
        self._admit(file)

    def _find_missing(self, found: Mapping[FileKey, Found]) -> None:
        """Look for files that went while the exporter was down."""
        remembered = self._roster.remembered
        for key in list(self._unresolved):
            position = remembered.files.get(key)
            if position is None or key in found:
                self._unresolved.discard(key)
            elif position.left or absent(position.path, key):
                self._unresolved.discard(key)
                self._drain(position)

    def _drain(self, position: Position) -> None:
        """Read a file that was renamed out of what is matched, while the exporter was down."""
        there = find(position.path, position.key)
        alike = there is not None and there.endswith(".gz") == position.compressed
        file = self._open(position.key, there) if there is not None and alike else None
        try:
            if file is None or not file.resume(position):
                self._departures.missing(position)
                return
        except OSError:
            return
        self._roster.remembered.forget(position.key)
        file.left_at = file.quiet_since = self._roster.clock
        if position.offset:
            self._roster.admit(file)
        else:
            self._consider(Newcomer(file, copied_from=position.copied_from))

    def _open_new(self, key: FileKey, found: Found, considered: AbstractSet[FileKey]) -> None:
        file = self._open(key, found.path)
        if file is None:
            return
        new = Newcomer(file, from_end=self.first_look and self._start == "end")
        if file.compressed or (key in considered and not new.from_end):
            self._consider(new)
        else:
            begin(new)
            self._admit(file)

    def _consider(self, new: Newcomer) -> None:
        self._newcomers[new.file.key] = new
        # Nothing of it was read, but it is known: it may be renamed while the exporter is down.
        self._touch(new)

    def _touch(self, new: Newcomer) -> None:
        def position() -> Position:
            return replace(new.file.untouched(), copied_from=new.copied_from)

        self._roster.touch(new.file, position)

    def _open(self, key: FileKey, path: str) -> FollowedFile | None:
        try:
            file = self._roster.with_room(lambda: FollowedFile(path))
        except OSError as error:
            self._roster.failed(path, error_name(error))
            return None
        # The path may have come to name another file since it was looked up. That one must not go
        # on at this one's position; the next look finds both.
        if file.key != key:
            file.close()
            return None
        self._roster.failing.pop(path, None)
        return file

    def _admit(self, file: FollowedFile) -> None:
        file.quiet_since = self._roster.clock
        self._roster.admit(file)

    def _seen_again(self, key: FileKey, new: Newcomer, found: Found | None) -> None:
        if found is not None:
            new.file.left_at = None
            if found.path != new.file.path and absent(new.file.path, key):
                new.file.moved(found.path)
                new.file.rotated = True
            new.file.observed(found.size, found.modified_ns)
        elif new.file.left_at is None and absent(new.file.path, key):
            new.file.left_at = self._roster.clock
        # A plain copy is decided about all the same: it can still be read.
        if new.file.left_at is None:
            return
        if new.file.compressed:
            self._newcomers.pop(key).file.close()
            self._roster.forget(key)
        elif not new.file.size_on_disk:
            # Its writer may have it open, and write yet.
            self._follow(key, Verdict.OWN)

    def decide(self) -> Iterator[FollowedFile]:
        """Decide about new files; yield those of which more was compared."""
        undecided = self._undecided()
        if undecided or self._roster.strangers:
            # Whatever is known of the others must be true now.
            self._roster.check()
            self._take_strangers()
            undecided = self._undecided()
        for key, new in undecided.items():
            file = new.file
            copied_from = new.copied_from
            try:
                verdict = self._recognition.decide(new, self._roster.clock)
            except OSError as error:
                self._roster.failed(file.path, error_name(error))
                continue
            if verdict is Verdict.CUT_SHORT:
                new.size = file.size_on_disk
                self._roster.failed(file.path, "EBADMSG")
            elif verdict in (Verdict.OWN, Verdict.COPY):
                self._follow(key, verdict)
            elif new.copied_from != copied_from:
                self._touch(new)
            if verdict is Verdict.COMPARING:
                yield file

    def _take_strangers(self) -> None:
        while self._roster.strangers:
            file, same_file = self._roster.strangers.pop()
            self._consider(Newcomer(file, replaced=same_file))

    def _undecided(self) -> dict[FileKey, Newcomer]:
        undecided = [item for item in self._newcomers.items() if not _unchanged(item[1])]
        return dict(
            sorted(undecided, key=lambda one: _order(one[1].file.path, one[1].file.size_on_disk))
        )

    def _follow(self, key: FileKey, verdict: Verdict) -> None:
        new = self._newcomers.pop(key)
        file, counters = new.file, self._roster.counters
        file.decided = True
        if verdict is Verdict.COPY:
            counters.copies += 1
            if not file.compressed:
                # Nobody writes to a copy: its last line counts without a line end.
                file.rotated = True
                counters.rotations += 1
        elif self._replaces(file.path, key):
            counters.rotations += 1
        self._admit(file)

    def _replaces(self, path: str, key: FileKey) -> bool:
        """Return whether a path led to another file before."""
        before = self._vacated.pop(path, key)
        former = self._roster.files.get(before)
        if before != key and former is not None and not former.rotated:
            # It has another name still, which it had before.
            former.rotated, former.quiet_since = True, self._roster.clock
            self._roster.mark(former)
            self._roster.touch(former)
        return before != key

    def notice(self, paths: Container[str]) -> None:
        """Take in that something was written to these paths."""
        for new in self._newcomers.values():
            if new.file.path in paths:
                new.file.refresh()

    def settle(self) -> None:
        """Decide about all new files: there is no later look."""
        while any(True for _ in self.decide()):
            pass
        for key, new in list(self._newcomers.items()):
            # A .gz file was compared with its plain form, which is read.
            if not (new.file.compressed and new.same):
                begin(new)
                self._follow(key, Verdict.OWN)

    def close(self) -> None:
        """Close all files."""
        for file, _ in self._roster.strangers:
            file.close()
        for new in self._newcomers.values():
            new.file.close()


def _unchanged(new: Newcomer) -> bool:
    """Return whether a file is as empty, or as short, as when it was looked at before."""
    if new.verdict is Verdict.CUT_SHORT:
        return new.size == new.file.size_on_disk
    return new.verdict is Verdict.UNKNOWN and new.file.size_on_disk == 0


def _as_it_was(key: FileKey, found: Found, position: Position) -> bool:
    known = (position.key, position.size, position.modified_ns)
    return known == (key, found.size, found.modified_ns)


def _order(path: str, size: int) -> tuple[bool, int, int, str]:
    """Return a key that puts an original in front of its copies.

    These are no longer than it, and have longer names. A .gz file is compared with plain ones.
    """
    return path.endswith(".gz"), -size, len(path), path
