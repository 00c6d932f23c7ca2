"""Which processes are those of a server: main processes, and all that descend from them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from exporter.servers.sampling import Listed, Process


def matching(listing: Mapping[int, Listed], command: re.Pattern[str]) -> list[int]:
    """Return the processes whose command line matches, in order."""
    return sorted(pid for pid, listed in listing.items() if command.search(listed.command))


def descendants(listing: Mapping[int, Listed], roots: Iterable[int]) -> list[int]:
    """Return roots and what descends from them, each once though roots may descend from each other.

    Whatever is no root comes after its parent.
    """
    children = defaultdict(list)
    for pid, listed in listing.items():
        children[listed.parent].append(pid)
    found: dict[int, None] = {}
    for root in sorted(roots):
        pending = [root]
        while pending:
            pid = pending.pop()
            if pid not in found:
                found[pid] = None
                pending += children[pid]
    return list(found)


def still_related(processes: Sequence[Process], roots: Iterable[int]) -> tuple[Process, ...]:
    """Return those that are roots or have a parent among them.

    A process whose parent has ended belongs to another one now; a child is never older than its
    parent, or the parent's number has come to another process meanwhile.
    """
    kept: dict[int, Process] = {}
    roots = set(roots)
    for process in processes:
        parent = kept.get(process.parent)
        if process.pid in roots or (parent is not None and parent.started <= process.started):
            kept[process.pid] = process
    return tuple(kept.values())
