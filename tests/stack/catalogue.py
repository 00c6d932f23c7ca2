"""The metrics that rules and dashboards may use, with their labels."""

from __future__ import annotations

TARGET_LABELS = frozenset({"job", "instance"})

_VERSION = "model version"
_WINDOW = "model version window"

_EXPORTED = {
    # Counters and histograms of a model.
    "model_predictions_total": f"{_VERSION} class",
    "model_errors_total": f"{_VERSION} error_type",
    "model_labels_total": _VERSION,
    "model_labels_incorrect_total": _VERSION,
    "model_confusion_total": f"{_VERSION} predicted actual",
    "model_confidence": _VERSION,
    "model_latency_seconds": _VERSION,
    "model_feature_missing_total": f"{_VERSION} feature",
    "model_records_invalid_total": "model reason",
    "model_records_late_total": "model window",
    "model_field_violations_total": "model field rule",
    "model_labels_orphan_total": "model",
    # Facts about a model.
    "model_info": "model task reference",
    "model_last_prediction_timestamp_seconds": "model",
    "model_last_label_timestamp_seconds": "model",
    "model_threshold": "model name",
    # Rolling figures of a model.
    "model_window_predictions": _WINDOW,
    "model_window_labels": _WINDOW,
    "model_accuracy_ratio": _WINDOW,
    "model_accuracy_lower_ratio": _WINDOW,
    "model_accuracy_upper_ratio": _WINDOW,
    "model_precision_ratio": f"{_WINDOW} class",
    "model_recall_ratio": f"{_WINDOW} class",
    "model_f1_score": f"{_WINDOW} class",
    "model_confidence_mean": _WINDOW,
    "model_latency_quantile_seconds": f"{_WINDOW} q",
    "model_throughput_per_second": _WINDOW,
    "model_error_ratio": _WINDOW,
    "model_prediction_share_ratio": f"{_WINDOW} class",
    "model_drift_pvalue": f"{_WINDOW} feature test",
    "model_drift_statistic": f"{_WINDOW} feature test",
    "model_drift_adjusted_pvalue": f"{_WINDOW} feature test",
    "model_drift_detected": f"{_WINDOW} feature",
    "model_drift_evaluable": f"{_WINDOW} feature reason",
    "model_drift_effective_samples": f"{_WINDOW} feature",
    "model_drift_features_ratio": _WINDOW,
    # Hosts.
    "syslog_messages_total": "host tag",
    "syslog_anomalies_total": "host kind",
    "syslog_unseen_messages_total": "host",
    "syslog_unseen_transitions_total": "host",
    "syslog_surprisal_nats": "host",
    "syslog_surprisal_mean_nats": "host window",
    "syslog_anomaly_score": "host window",
    "syslog_anomaly_pvalue": "host window",
    "syslog_window_messages": "host window",
    "syslog_last_message_timestamp_seconds": "host",
    # The exporter.
    "modeltail_build_info": "version python_version",
    "modeltail_config_last_reload_successful": "",
    "modeltail_config_last_reload_success_timestamp_seconds": "",
    "modeltail_snapshot_timestamp_seconds": "",
    "modeltail_lines_total": "source",
    "modeltail_records_parsed_total": "source",
    "modeltail_records_rejected_total": "source reason",
    "modeltail_lines_skipped_total": "source reason",
    "modeltail_file_offset_bytes": "path",
    "modeltail_file_size_bytes": "path",
    "modeltail_file_rotations_total": "source",
    "modeltail_file_truncations_total": "source",
    "modeltail_bytes_abandoned_total": "source",
    "modeltail_open_errors_total": "source errno",
    "modeltail_source_files": "source",
    "modeltail_source_up": "source",
    "modeltail_ingest_lag_seconds": "source",
    "modeltail_checkpoint_timestamp_seconds": "",
    "modeltail_checkpoint_duration_seconds": "",
    "modeltail_checkpoint_written_bytes_total": "",
    "modeltail_checkpoint_failures_total": "",
    "modeltail_monitor_errors_total": "monitor",
    "modeltail_series_refused_total": "metric",
    "modeltail_scrape_duration_seconds": "",
    "process_cpu_seconds_total": "",
    "process_resident_memory_bytes": "",
}

_HISTOGRAMS = ("model_confidence", "model_latency_seconds", "syslog_surprisal_nats")


def exported() -> dict[str, frozenset[str]]:
    """Return the labels of every series that the exporter exposes, by name."""
    series = {name: frozenset(labels.split()) for name, labels in _EXPORTED.items()}
    for name in _HISTOGRAMS:
        labels = series.pop(name)
        series |= {
            f"{name}_bucket": labels | {"le"},
            f"{name}_sum": labels,
            f"{name}_count": labels,
        }
    return {name: labels | TARGET_LABELS for name, labels in series.items()}


def from_prometheus() -> dict[str, frozenset[str]]:
    """Return the labels of the series that Prometheus makes itself, by name."""
    alert = {"alertname", "alertstate", "severity", "model", "version", "window", "host"}
    return {
        "up": TARGET_LABELS,
        "scrape_duration_seconds": TARGET_LABELS,
        "ALERTS": TARGET_LABELS | alert,
    }
