"""The exporter itself: its sources, storage and faults."""

from __future__ import annotations

from collections.abc import Iterable

from exporter import __version__
from exporter.exposition.collector import ConfigRead
from exporter.pipeline import Snapshot
from exporter.source import SourceView
from exporter.status.views import File, Source, Status, Storage
from exporter.storage.checkpoint import CheckpointStats

MOST_FILES = 50
"""Of a source; the largest arrears first."""


def status(snapshot: Snapshot | None, config: ConfigRead, now: float) -> Status:
    """Return how the exporter is.

    Parameters
    ----------
    snapshot
        What is published, if anything is.
    config
        How reading the configuration went.
    now
        Unix seconds.
    """
    stats = CheckpointStats() if snapshot is None else snapshot.checkpoint
    return Status(
        version=__version__,
        now=now,
        snapshot_at=None if snapshot is None else snapshot.timestamp,
        config_loaded_at=config.loaded_at,
        config_reload_successful=config.successful,
        sources=[_source(view) for view in (snapshot.sources if snapshot else ())],
        storage=Storage(
            stored_at=stats.timestamp or None,
            seconds=stats.duration,
            failures=stats.failures,
        ),
        monitor_errors=_above_0(snapshot.monitor_errors.items() if snapshot else ()),
        series_refused=_above_0(snapshot.series_refused.items() if snapshot else ()),
    )


def _source(view: SourceView) -> Source:
    files = [File(path, offset, size) for path, (offset, size) in view.files.items()]
    files.sort(key=lambda file: (file.offset_bytes - file.size_bytes, file.path))
    return Source(
        name=view.name,
        up=view.up,
        lag_seconds=view.lag,
        read=view.read,
        parsed=view.parsed,
        rejected=_above_0(view.rejected.items()),
        skipped=_above_0(view.skipped.items()),
        abandoned_bytes=view.abandoned_bytes,
        open_errors=_above_0(view.open_errors.items()),
        files=files[:MOST_FILES],
    )


def _above_0(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts) if count}
