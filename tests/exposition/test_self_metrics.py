from __future__ import annotations

import platform

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.exposition import self_metrics
from exporter.exposition.collector import merged
from exporter.pipeline import Snapshot
from exporter.source import SourceView
from exporter.storage.checkpoint import CheckpointStats


class Exposed(Collector):
    def __init__(self, snapshot):
        self._snapshot = snapshot

    def collect(self):
        return merged(self_metrics.families(self._snapshot, 50.0))


def text(sources=(), checkpoint=None, monitor_errors=None, series_refused=None):
    """Return the exposition without HELP and TYPE."""
    registry = CollectorRegistry()
    registry.register(
        Exposed(
            Snapshot(
                timestamp=100.0,
                groups=[],
                sources=sources,
                checkpoint=checkpoint or CheckpointStats(),
                monitor_errors=monitor_errors or {},
                series_refused=series_refused or {},
            )
        )
    )
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def source(name="bot", **changed):
    """Return what is exposed of a source."""
    view = {
        "name": name,
        "read": 12,
        "parsed": 7,
        "rejected": {"not_json": 2, "too_long": 0},
        "skipped": {"empty": 3},
        "invalid_utf8": 5,
        "rotations": 1,
        "truncations": 2,
        "abandoned_bytes": 300,
        "copies": 6,
        "open_errors": {"EACCES": 4},
        "files": {"/logs/b": (5, 50), "/logs/a": (10, 20)},
        "up": True,
        "lag": 1.5,
    }
    return SourceView(**(view | changed))


PYTHON = platform.python_version()
ALWAYS = [
    f'modeltail_build_info{{python_version="{PYTHON}",version="{__version__}"}} 1.0',
    "modeltail_checkpoint_failures_total 0.0",
    "modeltail_checkpoint_written_bytes_total 0.0",
    "modeltail_config_last_reload_success_timestamp_seconds 50.0",
    "modeltail_config_last_reload_successful 1.0",
]


def test_an_exporter_without_sources():
    """No checkpoint yet: its time and duration are absent, not 1970."""
    assert text() == [*ALWAYS, "modeltail_snapshot_timestamp_seconds 100.0"]


def test_everything_of_a_source():
    """The counts that prove that nothing went missing: 12 = 7 + 2 + 3."""
    assert text([source()]) == [
        ALWAYS[0],
        'modeltail_bytes_abandoned_total{source="bot"} 300.0',
        *ALWAYS[1:],
        'modeltail_file_copies_total{source="bot"} 6.0',
        'modeltail_file_offset_bytes{path="/logs/a"} 10.0',
        'modeltail_file_offset_bytes{path="/logs/b"} 5.0',
        'modeltail_file_rotations_total{source="bot"} 1.0',
        'modeltail_file_size_bytes{path="/logs/a"} 20.0',
        'modeltail_file_size_bytes{path="/logs/b"} 50.0',
        'modeltail_file_truncations_total{source="bot"} 2.0',
        'modeltail_ingest_lag_seconds{source="bot"} 1.5',
        'modeltail_lines_total{source="bot"} 12.0',
        'modeltail_lines_invalid_utf8_total{source="bot"} 5.0',
        'modeltail_lines_skipped_total{reason="empty",source="bot"} 3.0',
        'modeltail_open_errors_total{errno="EACCES",source="bot"} 4.0',
        'modeltail_records_parsed_total{source="bot"} 7.0',
        'modeltail_records_rejected_total{reason="not_json",source="bot"} 2.0',
        'modeltail_records_rejected_total{reason="too_long",source="bot"} 0.0',
        "modeltail_snapshot_timestamp_seconds 100.0",
        'modeltail_source_files{source="bot"} 2.0',
        'modeltail_source_up{source="bot"} 1.0',
    ]


def test_a_source_that_is_down():
    """No files match it."""
    lines = text([source(files={}, up=False)])
    assert 'modeltail_source_up{source="bot"} 0.0' in lines
    assert 'modeltail_source_files{source="bot"} 0.0' in lines
    assert not any(line.startswith("modeltail_file_offset_bytes") for line in lines)


def test_a_file_of_two_sources_is_one_series():
    """The one that is further behind is shown."""
    lines = text([source(), source("second", files={"/logs/a": (3, 20)})])
    assert 'modeltail_file_offset_bytes{path="/logs/a"} 3.0' in lines
    assert sum("/logs/a" in line for line in lines) == 2
    assert 'modeltail_source_files{source="second"} 1.0' in lines


def test_a_path_is_escaped():
    """Whatever the file is called."""
    lines = text([source(files={'/a"b\\c\nd': (1, 2)})])
    assert r'modeltail_file_offset_bytes{path="/a\"b\\c\nd"} 1.0' in lines


def test_checkpoints_errors_and_refusals():
    """In the order of their labels."""
    lines = text(
        checkpoint=CheckpointStats(90.0, 0.25, 4096, 2, 80.0),
        monitor_errors={"latency": 3, "accuracy": 0},
        series_refused={"model_predictions_total": 5},
    )
    assert lines == [
        ALWAYS[0],
        "modeltail_checkpoint_copy_timestamp_seconds 80.0",
        "modeltail_checkpoint_duration_seconds 0.25",
        "modeltail_checkpoint_failures_total 2.0",
        "modeltail_checkpoint_timestamp_seconds 90.0",
        "modeltail_checkpoint_written_bytes_total 4096.0",
        *ALWAYS[3:],
        'modeltail_monitor_errors_total{monitor="accuracy"} 0.0',
        'modeltail_monitor_errors_total{monitor="latency"} 3.0',
        'modeltail_series_refused_total{metric="model_predictions_total"} 5.0',
        "modeltail_snapshot_timestamp_seconds 100.0",
    ]
