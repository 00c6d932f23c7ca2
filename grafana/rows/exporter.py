"""The row about the exporter itself."""

from __future__ import annotations

from panels import Json, lines, query
from queries import EXPORTER, rate


def exporter() -> list[Json]:
    """Return whether what is above can be believed."""
    return [
        lines(
            "Age of the snapshot",
            "What is exposed is published at least once a second. Older than a minute: "
            "ModeltailIngestStalled.",
            [query(f"time() - modeltail_snapshot_timestamp_seconds{{{EXPORTER}}}", "{{instance}}")],
            unit="s",
            lowest=0,
            width=6,
        ),
        lines(
            "Lag",
            "How far reading is behind writing, by source.",
            [query(f"modeltail_ingest_lag_seconds{{{EXPORTER}}}", "{{source}} {{instance}}")],
            unit="s",
            lowest=0,
            width=6,
        ),
        lines(
            "Lines",
            "Read per second, by source.",
            [query(rate("modeltail_lines_total", EXPORTER, "source"), "{{source}}")],
            unit="cps",
            lowest=0,
            width=6,
        ),
        lines(
            "Rejected and skipped lines",
            "Per second, by source and reason. Rejected lines could not be decoded.",
            [
                query(
                    rate("modeltail_records_rejected_total", EXPORTER, "source, reason"),
                    "{{source}} rejected: {{reason}}",
                ),
                query(
                    rate("modeltail_lines_skipped_total", EXPORTER, "source, reason"),
                    "{{source}} skipped: {{reason}}",
                ),
            ],
            unit="cps",
            lowest=0,
            width=6,
        ),
        lines(
            "Unread bytes",
            "Size of each file less what was read of it.",
            [
                query(
                    f"modeltail_file_size_bytes{{{EXPORTER}}} - modeltail_file_offset_bytes"
                    f"{{{EXPORTER}}}",
                    "{{path}}",
                )
            ],
            unit="bytes",
            lowest=0,
            width=6,
        ),
        lines(
            "Failures",
            "Per second: checkpoints that were not written, monitors that broke, files that could "
            "not be opened, series beyond the limit. All should be 0.",
            [
                query(
                    rate("modeltail_checkpoint_failures_total", EXPORTER, "instance"),
                    "checkpoint {{instance}}",
                ),
                query(rate("modeltail_monitor_errors_total", EXPORTER, "monitor"), "{{monitor}}"),
                query(rate("modeltail_open_errors_total", EXPORTER, "errno"), "open: {{errno}}"),
                query(
                    rate("modeltail_series_refused_total", EXPORTER, "metric"), "series: {{metric}}"
                ),
            ],
            unit="cps",
            lowest=0,
            width=6,
        ),
        lines(
            "Time of a scrape and of a checkpoint",
            "As the exporter measures them. Prometheus gives up on a scrape after 10 s.",
            [
                query(f"modeltail_scrape_duration_seconds{{{EXPORTER}}}", "scrape {{instance}}"),
                query(
                    f"modeltail_checkpoint_duration_seconds{{{EXPORTER}}}",
                    "checkpoint {{instance}}",
                ),
            ],
            unit="s",
            lowest=0,
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of the exporter. It is bounded: a steady climb is a fault.",
            [query(f"process_resident_memory_bytes{{{EXPORTER}}}", "{{instance}}")],
            unit="bytes",
            lowest=0,
            width=6,
        ),
    ]
