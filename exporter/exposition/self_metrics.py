"""The exporter about itself."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from exporter import __version__
from exporter.pipeline import Snapshot
from exporter.source import SourceView


def families(
    snapshot: Snapshot, config_loaded_at: float, *, reload_successful: bool = True
) -> Iterator[Metric]:
    """Yield what a snapshot says of sources, storage and monitors.

    Parameters
    ----------
    config_loaded_at
        Unix seconds at which the configuration in force was read.
    reload_successful
        Whether the last attempt to read one succeeded.
    """
    build = GaugeMetricFamily(
        "modeltail_build_info",
        "Version of modeltail and of the Python it runs on.",
        labels=["version", "python_version"],
    )
    build.add_metric([__version__, platform.python_version()], 1)
    yield build
    yield GaugeMetricFamily(
        "modeltail_config_last_reload_successful",
        "Whether the last attempt to read the configuration succeeded.",
        value=float(reload_successful),
    )
    yield GaugeMetricFamily(
        "modeltail_config_last_reload_success_timestamp_seconds",
        "Time at which the configuration in force was read.",
        value=config_loaded_at,
    )
    yield GaugeMetricFamily(
        "modeltail_snapshot_timestamp_seconds",
        "Time of the state that this scrape shows.",
        value=snapshot.timestamp,
    )
    yield from _lines(snapshot)
    yield from _files(snapshot)
    yield from _checkpoint(snapshot)
    yield _labelled_counter(
        "modeltail_monitor_errors",
        "Calls into a monitor that failed; its part of the exposition may be missing.",
        "monitor",
        snapshot.monitor_errors,
    )
    yield _labelled_counter(
        "modeltail_series_refused",
        "Label values that got no series of their own, since a limit was reached; each counts once "
        "for every batch that carries it.",
        "metric",
        snapshot.series_refused,
    )


def _labelled_counter(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _lines(snapshot: Snapshot) -> Iterator[Metric]:
    lines = CounterMetricFamily("modeltail_lines", "Complete lines read.", labels=["source"])
    parsed = CounterMetricFamily(
        "modeltail_records_parsed", "Lines that decoded to a record.", labels=["source"]
    )
    rejected = CounterMetricFamily(
        "modeltail_records_rejected",
        "Lines that could not be decoded, by reason.",
        labels=["source", "reason"],
    )
    skipped = CounterMetricFamily(
        "modeltail_lines_skipped",
        "Lines that are not to be counted, by reason.",
        labels=["source", "reason"],
    )
    invalid = CounterMetricFamily(
        "modeltail_lines_invalid_utf8",
        "Lines with bytes that are no valid UTF-8; what can be read of them is parsed.",
        labels=["source"],
    )
    lag = GaugeMetricFamily(
        "modeltail_ingest_lag_seconds",
        "How long the source has had unread bytes; 0 when it is read to the end.",
        labels=["source"],
    )
    up = GaugeMetricFamily(
        "modeltail_source_up",
        "Whether files match the source and all of them can be read.",
        labels=["source"],
    )
    for source in snapshot.sources:
        lines.add_metric([source.name], source.read)
        parsed.add_metric([source.name], source.parsed)
        for reason, count in sorted(source.rejected.items()):
            rejected.add_metric([source.name, reason], count)
        for reason, count in sorted(source.skipped.items()):
            skipped.add_metric([source.name, reason], count)
        invalid.add_metric([source.name], source.invalid_utf8)
        lag.add_metric([source.name], source.lag)
        up.add_metric([source.name], float(source.up))
    yield from (lines, parsed, rejected, skipped, invalid, lag, up)


def _files(snapshot: Snapshot) -> Iterator[Metric]:
    offset = GaugeMetricFamily(
        "modeltail_file_offset_bytes", "Bytes of the file whose lines are counted.", labels=["path"]
    )
    size = GaugeMetricFamily("modeltail_file_size_bytes", "Bytes in the file.", labels=["path"])
    files = GaugeMetricFamily(
        "modeltail_source_files", "Files that match the source.", labels=["source"]
    )
    # A file that two sources read is one file; the one further behind is shown.
    paths: dict[str, tuple[int, int]] = {}
    for source in snapshot.sources:
        files.add_metric([source.name], len(source.files))
        for path, position in source.files.items():
            paths[path] = min(position, paths.get(path, position))
    for path, (read, available) in sorted(paths.items()):
        offset.add_metric([path], read)
        size.add_metric([path], available)
    yield from (offset, size, files)
    yield from _tail_counters(snapshot.sources)


def _tail_counters(sources: Sequence[SourceView]) -> Iterator[Metric]:
    rotations = CounterMetricFamily(
        "modeltail_file_rotations",
        "Times that a path began to name another file.",
        labels=["source"],
    )
    truncations = CounterMetricFamily(
        "modeltail_file_truncations",
        "Times that a file was truncated or its content replaced.",
        labels=["source"],
    )
    abandoned = CounterMetricFamily(
        "modeltail_bytes_abandoned",
        "Bytes that were given up before they were read.",
        labels=["source"],
    )
    copies = CounterMetricFamily(
        "modeltail_file_copies",
        "Files that were recognised as copies of what was read, compressed or not; they go on "
        "where it was left.",
        labels=["source"],
    )
    errors = CounterMetricFamily(
        "modeltail_open_errors",
        "Files that could not be read, by error number; each counts once until it can be.",
        labels=["source", "errno"],
    )
    for source in sources:
        rotations.add_metric([source.name], source.rotations)
        truncations.add_metric([source.name], source.truncations)
        abandoned.add_metric([source.name], source.abandoned_bytes)
        copies.add_metric([source.name], source.copies)
        for reason, count in sorted(source.open_errors.items()):
            errors.add_metric([source.name, reason], count)
    yield from (rotations, truncations, abandoned, copies, errors)


def _checkpoint(snapshot: Snapshot) -> Iterator[Metric]:
    stats = snapshot.checkpoint
    if stats.timestamp:
        yield GaugeMetricFamily(
            "modeltail_checkpoint_timestamp_seconds",
            "Time of the last checkpoint that succeeded.",
            value=stats.timestamp,
        )
        yield GaugeMetricFamily(
            "modeltail_checkpoint_duration_seconds",
            "Time that it took to encode and write the last checkpoint.",
            value=stats.duration,
        )
    if stats.copied_at:
        yield GaugeMetricFamily(
            "modeltail_checkpoint_copy_timestamp_seconds",
            "Time of the last verified copy of the checkpoint.",
            value=stats.copied_at,
        )
    yield CounterMetricFamily(
        "modeltail_checkpoint_written_bytes", "State written to storage.", value=stats.written_bytes
    )
    yield CounterMetricFamily(
        "modeltail_checkpoint_failures",
        "Checkpoints and copies that could not be written, and stored state that could not be "
        "read.",
        value=stats.failures,
    )
