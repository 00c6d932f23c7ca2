"""Giving owners of state back what was stored of them, or what others had."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from exporter.storage.archive import archives, nested_parts
from exporter.storage.encoding import decode, encode
from exporter.storage.ledger import Ledger

logger = logging.getLogger(__name__)

_MISFIT = (KeyError, TypeError, ValueError, AttributeError)


class Owner(Protocol):
    """What has a state."""

    changed: bool
    """Whether it changed since this was last set to ``False``."""

    def dump(self) -> Any:
        """Return the state."""

    def load(self, state: Any) -> None:
        """Restore it."""


class Reader(Owner, Protocol):
    """An owner that reads files."""

    def load_positions(self, state: Any) -> None:
        """Restore where files were read to, and no count."""


def restore(
    sources: Mapping[str, Reader], groups: Mapping[str, Owner], parts: Mapping[str, Any]
) -> int:
    """Give all owners their parts of a state; return how many did not fit.

    Parameters
    ----------
    sources, groups
        Owners by part: those that read files, and those that count what they read.
    parts
        Nested state by part.
    """
    fresh = {part: encode(source.dump()) for part, source in sources.items()}
    misfits = sum(
        not _fits(part, source.load, parts[part])
        for part, source in sources.items()
        if part in parts
    )
    if misfits:
        # Lines that are read again must not be added to counts that hold them already.
        logger.error("stored state can't be used; all sources and counters start at 0")
        for part, source in sources.items():
            source.load(decode(fresh[part]))
        return misfits
    return sum(
        not _fits(part, group.load, parts[part]) for part, group in groups.items() if part in parts
    )


def restore_positions(sources: Mapping[str, Reader], parts: Mapping[str, Any]) -> int:
    """Tell sources where files were read to, and no count; return how many parts did not fit."""
    return sum(
        not _fits(part, source.load_positions, parts[part])
        for part, source in sources.items()
        if part in parts
    )


def copied(owners: Mapping[str, Owner]) -> dict[str, Any]:
    """Return a copy of the state of owners, none of which was ever stored, as storage would.

    Raises
    ------
    TypeError, ValueError
        If a state can't be encoded.
    """
    staged = Ledger().stage({part: owner.dump() for part, owner in owners.items()})
    rows = {part: changes.archived for part, changes in staged.items()}
    found = {
        part: {path: archive.plain() for path, archive in each.items()}
        for part, each in archives(
            {part: list(paths) for part, paths in rows.items()},
            lambda part, path: rows[part][path],
        ).items()
    }
    return nested_parts({part: changes.written for part, changes in staged.items()}, found)


def _fits(part: str, load: Callable[[Any], None], state: Any) -> bool:
    try:
        load(state)
    except _MISFIT:
        logger.exception("the stored state of %s does not fit; it starts at 0", part)
        return False
    return True
