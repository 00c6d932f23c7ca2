"""Which files the configured paths name now."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporter.tailing.folders import Interest
from exporter.tailing.identity import FileKey, key_of
from exporter.tailing.patterns import FOLDERS, STDIN, Component, components

Match = tuple[str, bool]
"""A path, and whether it is a symbolic link."""
_ANYTHING = components("*")


class Found(NamedTuple):
    """A file as the file system showed it at one look.

    Attributes
    ----------
    path
        Of several paths to one file (links) the first in order.
    size
        In bytes.
    modified_ns
        Time of the last change to its content.
    others
        The other paths to it, in order.
    """

    path: str
    size: int
    modified_ns: int
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovered:
    """Result of one look.

    Attributes
    ----------
    files
        By identity.
    errors
        Name of the error number by path, of what is named and can't be followed. The path of a
        folder stands for everything in it: what it holds is unknown then, not gone.
    fifos
        Path by identity, of FIFOs that a path without wildcards names.
    folders
        Where a change can change this result, or a file: the folders that are there.
    """

    files: dict[FileKey, Found] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    fifos: dict[FileKey, str] = field(default_factory=dict)
    folders: dict[str, Interest] = field(default_factory=dict)


def discover(patterns: Sequence[str]) -> Discovered:
    """Look the patterns up in the file system.

    What a pattern matches is what :func:`glob.glob` finds, ``**`` included: symbolic links are
    followed, ``*`` does not match a leading dot. Unlike there, a folder that can't be listed is an
    error, and a link that leads back to a folder around it is not entered.

    Directories are no files and are passed over in a glob; a path that names one outright is an
    error (EISDIR), as is one that names a device or a socket (EINVAL). Reading takes away from
    a FIFO what another reader may wait for, so that one is read only where it is named outright.
    """
    walk = _Walk()
    for pattern in patterns:
        if pattern != STDIN:
            walk.follow(pattern)
    return walk.discovered


class _Walk:
    """One look. What the file system was asked once, it is not asked again."""

    def __init__(self) -> None:
        self.discovered = Discovered()
        self._listed: dict[str, list[os.DirEntry[str]]] = {}

    def follow(self, pattern: str) -> None:
        root = "/" if pattern.startswith("/") else ""
        parts = components(pattern)
        if not glob.has_magic(pattern):
            path = os.path.join(root, *(part.text for part in parts))
            self._way(root, parts)
            self._add(path, is_link=os.path.islink(path), outright=True)
        # With a slash at its end, a pattern matches folders alone.
        elif not pattern.endswith("/"):
            matches: list[Match] = []
            self._match(root, parts, matches)
            for path, is_link in sorted(matches):
                self._add(path, is_link=is_link)

    def _interest(self, folder: str) -> Interest:
        return self.discovered.folders.setdefault(folder, Interest())

    def _way(self, folder: str, parts: Sequence[Component]) -> None:
        """Note the folders that lead to a path, as far as they are there."""
        for number, part in enumerate(parts, 1):
            interest = self._interest(folder)
            interest.names.add(part.text)
            interest.contents |= number == len(parts)
            folder = os.path.join(folder, part.text)
            if number == len(parts) or not self._is_folder(folder):
                return

    def _is_folder(self, path: str) -> bool:
        # False as well where it may not even be looked at.
        return path in self.discovered.folders or os.path.isdir(path)

    def _match(
        self,
        folder: str,
        parts: Sequence[Component],
        matches: list[Match],
        around: tuple[str, ...] = (),
    ) -> None:
        """Gather what matches below a folder; `around` are the folders that were come through."""
        part, rest = parts[0], parts[1:]
        interest = self._interest(folder)
        interest.contents |= not rest
        if part is FOLDERS:
            interest.below = True
            self._match(folder, rest or _ANYTHING, matches)
            self._descend(folder, parts, matches, (*around, folder))
        elif part.regex is None:
            interest.names.add(part.text)
            path = os.path.join(folder, part.text)
            if rest:
                if self._is_folder(path):
                    self._match(path, rest, matches)
            elif os.path.lexists(path):
                matches.append((path, os.path.islink(path)))
        else:
            interest.patterns.add(part.regex)
            match, begin = part.regex.match, os.path.join(folder, "")
            named = [entry for entry in self._list(folder) if match(entry.name)]
            if not rest:
                matches += [(begin + entry.name, entry.is_symlink()) for entry in named]
                return
            for entry in filter(_is_folder, named):
                self._match(begin + entry.name, rest, matches)

    def _descend(
        self,
        folder: str,
        parts: Sequence[Component],
        matches: list[Match],
        around: tuple[str, ...],
    ) -> None:
        for entry in self._list(folder):
            if not entry.name.startswith(".") and _is_folder(entry):
                path = os.path.join(folder, entry.name)
                if not (entry.is_symlink() and _same(path, around)):
                    self._match(path, parts, matches, around)

    def _list(self, folder: str) -> list[os.DirEntry[str]]:
        listed = self._listed.get(folder)
        if listed is None:
            listed = self._listed[folder] = []
            try:
                with os.scandir(folder or os.curdir) as entries:
                    listed += entries
            except (FileNotFoundError, NotADirectoryError):
                # It may come, and went if it was there.
                pass
            except OSError as error:
                self._error(folder or os.curdir, error)
        return listed

    def _link(self, path: str) -> None:
        """Let it matter what happens to the file that a link leads to."""
        folder, name = os.path.split(os.path.realpath(path))
        if self._is_folder(folder):
            self._interest(folder).aliases.setdefault(name, set()).add(path)

    def _add(self, path: str, *, is_link: bool, outright: bool = False) -> None:
        """Take in a path that matched, or that was named outright."""
        if is_link:
            self._link(path)
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return
        except OSError as error:
            self._error(path, error)
            return
        mode, files = status.st_mode, self.discovered.files
        if stat.S_ISREG(mode):
            key = key_of(status)
            found = files.get(key)
            if found is None:
                files[key] = Found(path, status.st_size, status.st_mtime_ns)
            elif path not in (found.path, *found.others):
                files[key] = found._replace(others=(*found.others, path))
        elif stat.S_ISFIFO(mode) and outright:
            self.discovered.fifos.setdefault(key_of(status), path)
        elif outright or not stat.S_ISDIR(mode):
            self.discovered.errors[path] = "EISDIR" if stat.S_ISDIR(mode) else "EINVAL"

    def _error(self, path: str, error: OSError) -> None:
        self.discovered.errors[path] = errno.errorcode.get(error.errno or 0, "EIO")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _same(path: str, others: Sequence[str]) -> bool:
    """Return whether a path leads to one of the other folders."""
    try:
        return any(os.path.samefile(path, other or os.curdir) for other in others)
    except OSError:
        return True


_IN_WORDS = {
    "EISDIR": "is a directory; name its files, for example with /*.jsonl",
    "EINVAL": "is no regular file; a FIFO is read where its path is written without wildcards, "
    "sockets and devices are not",
    "EBADMSG": "is not a gzip file, or cut short",
    "EILSEQ": "is UTF-16 and is not read; convert it, for example with iconv -f UTF-16 -t UTF-8",
}


def in_words(reason: str) -> str:
    """Say what an error number means for a file that is to be followed.

    >>> in_words("EACCES")
    'Permission denied (EACCES)'
    """
    number = getattr(errno, reason, None)
    known = reason if number is None else os.strerror(number)
    return f"{_IN_WORDS.get(reason, known)} ({reason})"
