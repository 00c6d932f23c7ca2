"""modeltail itself: whether what the other dashboards show can be believed."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, start_annotation
from panels import Json, lines, number, override, query, steps
from queries import EXPORTER, firing, rate
from tables import coloured, table
from variables import variables

_ALERTS = 'job=~"$job",alertname=~"Modeltail.+"'
_NO_EXPORTER = "Appears when Prometheus has scraped an exporter of `prometheus/targets`."
_NO_STORAGE = "Appears with the first checkpoint, some seconds after the start."
_ALARM = steps("green", (1, "red"))


def exporter() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-exporter",
        "modeltail itself",
        "Whether what the other dashboards show can be believed: are exporters up, do they read "
        "all that is written, and is what they count safe?",
        variables=variables(),
        rows=[
            Row("At a glance", _glance()),
            Row("Exporters", [_exporters()]),
            Row("Reading", _reading()),
            Row("Files", _files()),
            Row("Storage", _storage()),
            Row("Work", _work()),
        ],
        annotations=[alert_annotation(_ALERTS), start_annotation(EXPORTER)],
    )


def _glance() -> list[Json]:
    """Return the figures to look at first."""
    return [
        number(
            "Exporters",
            "That Prometheus could scrape last time.",
            f"count(up{{{EXPORTER}}} == 1)",
            empty=_NO_EXPORTER,
            unit="short",
            width=4,
        ),
        number(
            "Down",
            "Exporters that could not be scraped. Their models are blind: ModeltailDown.",
            f"count(up{{{EXPORTER}}} == 0) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            width=4,
            levels=_ALARM,
        ),
        number(
            "Oldest snapshot",
            "What is exposed is published at least once a second. Above a minute: "
            "ModeltailIngestStalled.",
            f"max(time() - modeltail_snapshot_timestamp_seconds{{{EXPORTER}}})",
            empty=_NO_EXPORTER,
            unit="s",
            width=4,
            levels=steps("green", (30, "orange"), (60, "red")),
        ),
        number(
            "Largest lag",
            "For how long a source has had lines that are not read. Above a minute: "
            "ModeltailLagging.",
            f"max(modeltail_ingest_lag_seconds{{{EXPORTER}}})",
            empty="Appears with the first source.",
            unit="s",
            width=4,
            levels=steps("green", (30, "orange"), (60, "red")),
        ),
        number(
            "Lines",
            "Read per second, all sources together.",
            f"sum(rate(modeltail_lines_total{{{EXPORTER}}}[$__rate_interval]))",
            empty="Appears with the first source.",
            unit="cps",
            width=4,
        ),
        number(
            "Firing alerts",
            "About exporters themselves. 0 is what you want to see.",
            f"count({firing(_ALERTS)}) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            width=4,
            levels=_ALARM,
        ),
    ]


def _exporters() -> Json:
    def worst(operator: str, metric: str) -> str:
        return f"{operator} by (instance) ({metric}{{{EXPORTER}}})"

    uptime = worst("max", "process_start_time_seconds")
    read = worst("max", "modeltail_config_last_reload_success_timestamp_seconds")
    return table(
        "Exporters",
        "One row an exporter, those in trouble first. Sources up counts those whose files are all "
        "there and can be read. Configuration: 1 if the last one was taken, 0 if it was refused.",
        {
            "Up": worst("min", "up"),
            "Configuration": worst("min", "modeltail_config_last_reload_successful"),
            "Configuration since": f"time() - {read}",
            "Running for": f"time() - {uptime}",
            "Sources": f"count by (instance) (modeltail_source_up{{{EXPORTER}}})",
            "Sources up": worst("sum", "modeltail_source_up"),
            "Files": worst("sum", "modeltail_source_files"),
            "Memory": worst("max", "process_resident_memory_bytes"),
            "Series": worst("max", "scrape_samples_scraped"),
        },
        empty=_NO_EXPORTER,
        height=7,
        sort=[("Up", False), ("Configuration", False), ("Sources up", False)],
        overrides=[
            coloured("Up", steps("red", (1, "green"))),
            coloured("Configuration", steps("red", (1, "green"))),
            *(
                override("byName", name, unit="s")
                for name in ("Configuration since", "Running for")
            ),
            override("byName", "Memory", unit="bytes"),
        ],
    )


def _reading() -> list[Json]:
    """Return whether all that is written is read."""
    return [
        lines(
            "Lag",
            "How long each source has had unread bytes; 0 when it is read to the end.",
            [query(f"modeltail_ingest_lag_seconds{{{EXPORTER}}}", "{{source}} {{instance}}")],
            empty="Appears with the first source.",
            unit="s",
            lowest=0,
        ),
        lines(
            "Lines",
            "Read per second, by source. At 0 while its log grows: look at the lag.",
            [query(rate("modeltail_lines_total", EXPORTER, "source"), "{{source}}")],
            empty="Appears with the first source.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Rejected and skipped lines",
            "Per second, by source and reason. Rejected lines could not be decoded; lines that "
            "are skipped are not to be counted, such as empty ones.",
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
            empty="No line was rejected or skipped.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Unread bytes",
            "Size of each file less what was read of it.",
            [
                query(
                    f"modeltail_file_size_bytes{{{EXPORTER}}} - modeltail_file_offset_bytes"
                    f"{{{EXPORTER}}}",
                    "{{path}} {{instance}}",
                )
            ],
            empty="Appears with the first file.",
            unit="bytes",
            lowest=0,
            width=12,
        ),
        lines(
            "Lines that are no text",
            "Per second: lines with bytes that are no valid UTF-8. What can be read of them is "
            "parsed; a climb is an encoding that somebody changed.",
            [query(rate("modeltail_lines_invalid_utf8_total", EXPORTER, "source"), "{{source}}")],
            empty="Appears with the first source.",
            unit="cps",
            lowest=0,
            width=12,
        ),
    ]


def _files() -> list[Json]:
    """Return what happens to files."""
    events = {
        "rotated": "modeltail_file_rotations_total",
        "truncated": "modeltail_file_truncations_total",
        "recognised as a copy": "modeltail_file_copies_total",
    }
    return [
        lines(
            "Files of each source",
            "That match now. 0: ModeltailSourceMissing.",
            [query(f"modeltail_source_files{{{EXPORTER}}}", "{{source}} {{instance}}")],
            empty="Appears with the first source.",
            unit="short",
            lowest=0,
        ),
        lines(
            "Rotations",
            "Per second, by source: another file under the name, a file made shorter, a copy that "
            "goes on where the original was left. All of them are normal, at logrotate's pace.",
            [
                query(rate(counter, EXPORTER, "source"), f"{{{{source}}}} {what}")
                for what, counter in events.items()
            ],
            empty="Appears with the first source.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Lost before it was read",
            "Bytes per second that were truncated away or deleted too early. Should be 0: "
            "ModeltailBytesAbandoned.",
            [query(rate("modeltail_bytes_abandoned_total", EXPORTER, "source"), "{{source}}")],
            empty="Appears with the first source.",
            unit="Bps",
            lowest=0,
        ),
    ]


def _storage() -> list[Json]:
    """Return whether what was counted is safe."""
    return [
        lines(
            "Age of the checkpoint",
            "What would be read again after a crash; nothing would be counted twice or lost.",
            [
                query(
                    f"time() - modeltail_checkpoint_timestamp_seconds{{{EXPORTER}}}", "{{instance}}"
                ),
                query(
                    f"time() - modeltail_checkpoint_copy_timestamp_seconds{{{EXPORTER}}}",
                    "verified copy {{instance}}",
                ),
            ],
            empty=_NO_STORAGE,
            unit="s",
            lowest=0,
        ),
        lines(
            "Written",
            "Bytes of state per second: what checkpoints ask of the disk.",
            [
                query(
                    rate("modeltail_checkpoint_written_bytes_total", EXPORTER, "instance"),
                    "{{instance}}",
                )
            ],
            empty=_NO_STORAGE,
            unit="Bps",
            lowest=0,
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
            empty=_NO_EXPORTER,
            unit="cps",
            lowest=0,
        ),
    ]


def _work() -> list[Json]:
    """Return what exporters take."""
    return [
        lines(
            "Age of the snapshot",
            "What is exposed is published at least once a second. Older than a minute: "
            "ModeltailIngestStalled.",
            [query(f"time() - modeltail_snapshot_timestamp_seconds{{{EXPORTER}}}", "{{instance}}")],
            empty=_NO_EXPORTER,
            unit="s",
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
            empty=_NO_EXPORTER,
            unit="s",
            lowest=0,
            width=6,
        ),
        lines(
            "Processor",
            "Processors that the exporter keeps busy. At 1 it reads as fast as it can.",
            [query(rate("process_cpu_seconds_total", EXPORTER, "instance"), "{{instance}}")],
            empty=_NO_EXPORTER,
            unit="short",
            lowest=0,
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of the exporter. It is bounded: a steady climb is a fault.",
            [query(f"process_resident_memory_bytes{{{EXPORTER}}}", "{{instance}}")],
            empty=_NO_EXPORTER,
            unit="bytes",
            lowest=0,
            width=6,
        ),
    ]
