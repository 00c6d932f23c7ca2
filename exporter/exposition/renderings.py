"""One rendering of a snapshot for all that scrape it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from exporter.exposition.encoding import Encode, Encoder

FRESH_SECONDS = 1.0
"""How long a rendering is good for: windows end at the scrape, which moves on meanwhile."""
FORMATS = 4
"""Formats that are kept; a scraper may ask for others, which are written for it alone."""
_LEVEL = 4
"""Of compression: half the time of the usual one, for a twentieth more bytes."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """A body, and the same compressed."""

    snapshot: object
    made_at: float
    plain: bytes
    packed: bytes


class _Format:
    """What is kept of one format."""

    def __init__(self, encode: Encode) -> None:
        self.encoder = Encoder(encode)
        self.lock = threading.Lock()
        self.last: Rendering | None = None


class Renderings:
    """Renders a registry, once for each snapshot and format.

    Parameters
    ----------
    registry
        What is exposed.
    shown
        Returns the snapshot that it shows.
    monotonic
        Seconds that go by evenly.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        shown: Callable[[], object],
        monotonic: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._shown = shown
        self._monotonic = monotonic
        self._formats: dict[str, _Format] = {}
        self._lock = threading.Lock()

    def get(self, encode: Encode, content_type: str) -> Rendering:
        """Return the rendering of what is shown; whoever comes while it is made waits for it.

        Parameters
        ----------
        encode
            Writes it.
        content_type
            Names the format.
        """
        with self._lock:
            kept = self._formats.get(content_type)
            if kept is None:
                kept = _Format(encode)
                if len(self._formats) < FORMATS:
                    self._formats[content_type] = kept
        with kept.lock:
            snapshot, now = self._shown(), self._monotonic()
            last = kept.last
            if last is None or last.snapshot is not snapshot or now - last.made_at > FRESH_SECONDS:
                plain = kept.encoder(self._registry.collect())
                packed = gzip.compress(plain, _LEVEL, mtime=0)
                last = kept.last = Rendering(snapshot, now, plain, packed)
            return last
