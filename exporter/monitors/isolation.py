"""Runs monitors so that a broken one costs only its own part, and a counter."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

Shown = TypeVar("Shown")


class Isolation:
    """Calls into monitors, and counts and logs what they raise.

    Attributes
    ----------
    errors
        Failed calls by monitor name, for `modeltail_monitor_errors_total`.
    """

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()

    def call(self, name: str, action: Callable[[], Any]) -> Any:
        """Return what `action` returns, ``None`` if it raises."""
        try:
            return action()
        except Exception:
            # Whatever a monitor raises must not stop ingestion.
            self.errors[name] += 1
            # The log has the traceback once; a monitor that fails on every batch would fill it.
            level = logging.ERROR if self.errors[name] == 1 else logging.DEBUG
            logger.log(level, "monitor %s failed", name, exc_info=True)
            return None

    def iterate(self, name: str, produce: Callable[[], Iterable[Shown]]) -> list[Shown]:
        """Return the families, or what else one monitor shows; nothing if any of it fails."""
        return self.call(name, lambda: list(produce())) or []

    def known(self, names: Iterable[str]) -> None:
        """Expose these monitors at 0 before they fail."""
        for name in names:
            self.errors.setdefault(name, 0)
