"""Whether what the model is fed, and what is logged about it, is fit for use."""

from __future__ import annotations

from page import Row, alert_annotation, dashboard, deploy_annotation
from panels import Json, heatmap, lines, number, override, query, steps
from queries import BY_VERSION, MODEL, RECORDED, VERSION, WINDOW, buckets, increase, rate
from tables import coloured, table
from variables import variables

_MODEL_WINDOW = f'{MODEL},window="$window"'
_NO_RULES = "No field broke a rule: what is known of each field, or `rules` of the model."
_NO_PREDICTIONS = "Appears with the first prediction of the model."
_NO_LABELS = "Appears with the first line that holds a `request_id` and a `true_label`."
_NO_DEPENDENCIES = "Appears with `dependencies` in the configuration: files, directories, URLs."
_CALM = steps("green", (0.001, "orange"), (0.01, "red"))


def data_quality() -> Json:
    """Return the dashboard."""
    return dashboard(
        "modeltail-data-quality",
        "Data quality",
        "One model: are its inputs complete and within their rules, do labels come, and is what it "
        "depends on there and fresh?",
        variables=variables("model", "version", "window"),
        rows=[
            Row("At a glance: $model over $window", _glance()),
            Row("Records and fields", _records()),
            Row("Inputs", _inputs()),
            Row("Labels", _labels()),
            Row("What the model depends on", _dependencies()),
        ],
        annotations=[alert_annotation(RECORDED), deploy_annotation(MODEL)],
    )


def _missing() -> str:
    return (
        f"{rate('model_feature_missing_total', VERSION, 'feature')} "
        "/ ignoring (feature) group_left () "
        f"(sum(rate(model_predictions_total{{{VERSION}}}[$__rate_interval])) > 0)"
    )


def _glance() -> list[Json]:
    """Return the figures to look at first."""
    invalid = increase("model_records_invalid_total", MODEL, "model", "$window")
    usable = increase("model_predictions_total", MODEL, "model", "$window")
    return [
        number(
            "Predictions that break a rule",
            "Share of the chosen window; the worst instance. The record still counts; what can't "
            "be used of it is dropped.",
            f"max(model_violating_ratio{{{_MODEL_WINDOW}}})",
            empty="Needs `rules` of the model.",
            unit="percentunit",
            width=4,
            levels=_CALM,
        ),
        number(
            "Unusable records",
            "Records that decode but hold nothing to use, over the length of the chosen window, of "
            "these and all predictions. Above 1 % ModelDataInvalid fires.",
            f"{invalid} / ({invalid} + {usable} > 0)",
            empty=_NO_PREDICTIONS,
            unit="percentunit",
            width=4,
            levels=_CALM,
        ),
        number(
            "Missing most",
            "Share of the predictions without the feature that is missing most often. Above 10 % "
            "ModelMissingValues fires.",
            f"max({_missing()})",
            empty="Needs `drift.reference`, which says what features there are.",
            unit="percentunit",
            width=4,
            levels=steps("green", (0.01, "orange"), (0.1, "red")),
        ),
        number(
            "Predictions with a label",
            "Share of the chosen window whose true label is known; the lowest of the instances.",
            f"min(model_labels_coverage_ratio{{{_MODEL_WINDOW}}})",
            empty="No prediction in the window.",
            unit="percentunit",
            width=4,
        ),
        number(
            "Age of the newest label",
            "After two days without labels ModelLabelsStale fires.",
            f"time() - max(model_last_label_timestamp_seconds{{{MODEL}}})",
            empty="Appears with the first true label.",
            unit="s",
            width=4,
        ),
        number(
            "Dependencies missing",
            "Files, directories and URLs that the last look did not find.",
            f"count(model_dependency_up{{{MODEL}}} == 0) or vector(0)",
            empty="Appears when Prometheus answers.",
            unit="short",
            width=4,
            levels=steps("green", (1, "red")),
        ),
    ]


def _records() -> list[Json]:
    """Return what is wrong with records and fields."""
    return [
        lines(
            "Unusable records",
            "Per second by reason: decoded, but without anything to use. ModelDataInvalid fires "
            "above 1 % of the records.",
            [query(rate("model_records_invalid_total", MODEL, "reason"), "{{reason}}")],
            empty="No record of this model was unusable.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Broken rules",
            "Per second by field and rule. ModelFieldInvalid fires for a field that breaks one in "
            "more than 1 % of the records. A step: somebody upstream changed a format.",
            [
                query(
                    rate("model_field_violations_total", MODEL, "field, rule"),
                    "{{field}}: {{rule}}",
                )
            ],
            empty=_NO_RULES,
            unit="cps",
            lowest=0,
        ),
        lines(
            "Predictions that break a rule",
            "Share of the chosen window, by instance.",
            [query(f"model_violating_ratio{{{_MODEL_WINDOW}}}", "{{instance}}")],
            empty="Appears with `rules` of the model and its next prediction.",
            unit="percentunit",
            lowest=0,
        ),
        lines(
            "Late records",
            "Per second, by the window that they were too old for. They count in totals only: "
            "after an outage that is right, for hours on end a clock is wrong.",
            [query(rate("model_records_late_total", MODEL, "window"), "{{window}}")],
            empty=_NO_PREDICTIONS,
            unit="cps",
            lowest=0,
            width=12,
        ),
        lines(
            "Rejected lines",
            "Share of the lines of each source that could not be decoded at all, over five "
            "minutes. Above 1 % ModeltailRejectingRecords fires.",
            [
                query(
                    'job_source:modeltail_records_rejected_per_lines:ratio_rate5m{job=~"$job"}',
                    "{{source}}",
                )
            ],
            empty="Appears with the first line of a source, and the rules of recording.yml.",
            unit="percentunit",
            lowest=0,
            width=12,
        ),
    ]


def _inputs() -> list[Json]:
    """Return what is wrong with inputs."""
    return [
        lines(
            "Missing values",
            "Share of the predictions in which a feature was absent, null or not a number. Above "
            "10 % ModelMissingValues fires.",
            [query(_missing(), "{{feature}}")],
            empty="Appears with `drift.reference`, which says what features there are.",
            unit="percentunit",
            lowest=0,
        ),
        lines(
            "Outliers",
            "Per second and kind: far outside the quartiles of the reference (iqr), many standard "
            "deviations from its mean (zscore), or improbable as a whole (density).",
            [query(rate("model_outliers_total", VERSION, "method"), "{{method}}")],
            empty="Appears with `drift.reference`.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Words that the model does not know",
            "Mean share of the window's inputs that is not in the vocabulary. A climb: another "
            "language, another subject, another encoding.",
            [query(f"model_oov_ratio{{{WINDOW}}}", BY_VERSION)],
            empty="Appears with the first prediction that logs `oov_ratio`.",
            unit="percentunit",
            lowest=0,
        ),
        heatmap(
            "Length of inputs",
            "Each column is a moment, each cell how many inputs were that long. A band at one "
            "length: something is cut off there.",
            buckets("model_input_length", VERSION),
            empty="Appears with the first prediction that logs `input_length`.",
            unit="short",
            width=24,
        ),
    ]


def _labels() -> list[Json]:
    """Return whether the truth comes in."""
    fates = ("matched", "orphan", "duplicate", "expired")
    return [
        lines(
            "Labels by fate",
            "Per second. Matched: found its prediction. Orphan: came without one. Duplicate: there "
            "was one already. Expired: a prediction that waited in vain.",
            [
                query(f"sum(rate(model_labels_{fate}_total{{{MODEL}}}[$__rate_interval]))", fate)
                for fate in fates
            ],
            empty=_NO_LABELS,
            unit="cps",
            lowest=0,
        ),
        lines(
            "Predictions that wait",
            "For their true label. It climbs to a level and stays there; a climb without end "
            "means that labels have stopped or carry other ids.",
            [query(f"model_labels_pending{{{MODEL}}}", "{{instance}}")],
            empty=_NO_LABELS,
            unit="short",
            lowest=0,
        ),
        heatmap(
            "Delay of labels",
            "Each column is a moment, each cell how many labels came that long after their "
            "prediction. Accuracy of today is known after that time only.",
            buckets("model_label_delay_seconds", MODEL),
            empty=_NO_LABELS,
            unit="s",
        ),
    ]


def _dependencies() -> list[Json]:
    """Return the dependencies, and what they were over time."""
    age = (
        f"time() - min by (dependency) (model_dependency_last_change_timestamp_seconds{{{MODEL}}})"
    )
    changes = increase("model_dependency_schema_changes_total", MODEL, "dependency", "$__range")
    return [
        table(
            "Dependencies",
            "There: 1 if the last look found it. A schema that changed in the time on display may "
            "explain what drifts. Older than it should be (overdue above 0): its job has stopped.",
            {
                "There": f"min by (dependency) (model_dependency_up{{{MODEL}}})",
                "Age": age,
                "Overdue": f"{age} - max by (dependency) "
                f"(model_dependency_expected_interval_seconds{{{MODEL}}})",
                "Size": f"max by (dependency) (model_dependency_size_bytes{{{MODEL}}})",
                "Schema changes": changes,
            },
            empty=_NO_DEPENDENCIES,
            width=16,
            sort=[("There", False), ("Overdue", True)],
            overrides=[
                coloured("There", steps("red", (1, "green"))),
                coloured("Overdue", steps("green", (0, "orange"))),
                *(override("byName", name, unit="s") for name in ("Age", "Overdue")),
                override("byName", "Size", unit="bytes"),
            ],
        ),
        lines(
            "Looks that failed",
            "Per second by dependency and reason.",
            [
                query(
                    rate("model_dependency_check_failures_total", MODEL, "dependency, reason"),
                    "{{dependency}}: {{reason}}",
                )
            ],
            empty="No look at a dependency has failed.",
            unit="cps",
            lowest=0,
        ),
    ]
