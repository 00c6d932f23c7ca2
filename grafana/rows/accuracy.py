"""Rows of the model's dashboard about what true labels tell, and what to expect without them."""

from __future__ import annotations

from panels import Json, band, lines, query
from queries import BY_VERSION, MODEL, VERSION, WINDOW, increase, limit
from queries import accuracy as right_labels
from tables import bars, matrix, table

NO_LABELS = (
    "Appears with the first prediction whose true label is known: `true_label` in the prediction "
    "log, or in lines of its own with the same `request_id`."
)
NO_CLASSES = "Appears with the first labels that are classes."


def accuracy() -> list[Json]:
    """Return how often the model is right."""
    ends = ("lower", "upper")
    outer = {"lower": "min", "upper": "max"}
    parts = {
        "Precision": "model_precision_ratio",
        "Recall": "model_recall_ratio",
        "F1": "model_f1_score",
    }
    return [
        lines(
            "Accuracy, version $version",
            "Realised: share of right predictions in the chosen window, of those with a label. "
            "Estimated: what the confidences promise, without labels. The bands are 95 % "
            "intervals, over several instances the outermost. ModelAccuracyLow fires when the "
            "whole realised band is below the dashed line. An estimate far from what is realised: "
            "the meaning of a confidence has changed.",
            [
                query(f"min(model_accuracy_ratio{{{WINDOW}}})", "realised"),
                *(
                    query(
                        f"{outer[end]}(model_accuracy_{end}_ratio{{{WINDOW}}})", f"realised {end}"
                    )
                    for end in ends
                ),
                query(f"min(model_estimated_accuracy_ratio{{{WINDOW}}})", "estimated"),
                *(
                    query(
                        f"{outer[end]}(model_estimated_accuracy_{end}_ratio{{{WINDOW}}})",
                        f"estimated {end}",
                    )
                    for end in ends
                ),
                limit("min_accuracy"),
            ],
            empty=NO_LABELS,
            unit="percentunit",
            width=24,
            highest=1,
            overrides=[*band("realised", "blue"), *band("estimated", "orange")],
            repeat="version",
            repeatDirection="h",
        ),
        lines(
            "Accuracy of all instances together",
            "From the counters of right and wrong labels, added up over the instances and over "
            "the length of the chosen window.",
            [
                query(right_labels(VERSION, "version", "$window"), "{{version}}"),
                limit("min_accuracy"),
            ],
            empty=NO_LABELS,
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Labels in the window",
            "How many true labels the accuracy rests on. Below 50 no alert judges it.",
            [query(f"model_window_labels{{{WINDOW}}}", BY_VERSION)],
            empty=NO_LABELS,
            unit="short",
            lowest=0,
        ),
        lines(
            "Other scores",
            "Balanced accuracy counts rare classes as much as frequent ones; the area under the "
            "ROC curve tells how well scores are ordered, whatever the threshold (0.5 is chance).",
            [
                query(
                    f"model_balanced_accuracy_ratio{{{WINDOW}}}",
                    "balanced {{version}} {{instance}}",
                ),
                query(
                    f"model_f1_average_score{{{WINDOW}}}", "F1 {{average}} {{version}} {{instance}}"
                ),
                query(f"model_roc_auc_ratio{{{WINDOW}}}", "ROC {{version}} {{instance}}"),
                query(
                    f"model_top_k_accuracy_ratio{{{WINDOW}}}", "top {{k}} {{version}} {{instance}}"
                ),
            ],
            empty=NO_CLASSES,
            unit="percentunit",
            highest=1,
        ),
        matrix(
            "Confusion",
            "How often each actual class (row) was given each predicted class (column) in the "
            "time range on display. Right answers are on the diagonal; a strong cell beside it is "
            "a pair of classes that the model mixes up.",
            f"round({increase('model_confusion_total', VERSION, 'predicted, actual', '$__range')})",
            row="actual",
            column="predicted",
            empty=NO_CLASSES,
            width=12,
        ),
        table(
            "Precision, recall and F1 by class",
            "In the chosen window, the class with the lowest F1 first. Low precision: the class is "
            "predicted where it is not. Low recall: the class is missed where it is.",
            {
                name: f"max by (class, version, instance) ({metric}{{{WINDOW}}})"
                for name, metric in parts.items()
            },
            empty=NO_CLASSES,
            unit="percentunit",
            width=12,
            height=10,
            sort=[("F1", False)],
        ),
    ]


def calibration() -> list[Json]:
    """Return whether a confidence of 90 % is right nine times of ten."""

    def grown(what: str) -> str:
        return increase(f"model_calibration_{what}_total", VERSION, "bin", "$__range")

    answers = f"({grown('predictions')} > 0)"
    return [
        bars(
            "Reliability",
            "Predictions of the time range on display by how sure the model was: how often it was "
            "right, beside how sure it was. Equal bars: it can be believed. Accuracy lower: it is "
            "too sure of itself.",
            {
                "Accuracy": f"{grown('correct')} / {answers}",
                "Mean confidence": f"{grown('confidence')} / {answers}",
            },
            label="bin",
            order="Mean confidence",
            empty="Appears with the first prediction that has a confidence and a true label.",
        ),
        lines(
            "Calibration error",
            "Mean distance of accuracy and confidence over the bins of the window's predictions. "
            "Above the dashed line ModelCalibrationPoor fires.",
            [
                query(f"model_expected_calibration_error{{{WINDOW}}}", BY_VERSION),
                limit("max_calibration_error"),
            ],
            empty="Appears with the first prediction that has a confidence and a true label.",
            unit="percentunit",
            lowest=0,
            width=6,
        ),
        lines(
            "Brier score and log loss",
            "How far probabilities are from what came true; 0 is perfect. They judge being right "
            "and being honest about it at once: compare with last week, not with other models.",
            [
                query(f"model_brier_score{{{WINDOW}}}", "Brier {{version}} {{instance}}"),
                query(f"model_log_loss{{{WINDOW}}}", "log loss {{version}} {{instance}}"),
            ],
            empty="Appears with the first labelled prediction that logs `probabilities`.",
            unit="short",
            lowest=0,
            width=6,
        ),
        lines(
            "Predictions behind the estimate",
            "Of the window, and the share of them whose confidence the reference hardly has. Above "
            "0.2 there is no estimate.",
            [
                query(f"model_window_estimated_predictions{{{WINDOW}}}", BY_VERSION),
                query(
                    f"model_estimated_unsupported_ratio{{{WINDOW}}}",
                    "share unlike the reference {{version}} {{instance}}",
                ),
            ],
            empty="Appears with `drift.reference`, built from predictions with labels.",
            unit="short",
            lowest=0,
            width=12,
        ),
        lines(
            "Age of the newest label",
            "While this climbs, accuracy says nothing about today. ModelLabelsStale fires after "
            "two days.",
            [query(f"time() - model_last_label_timestamp_seconds{{{MODEL}}}", "{{instance}}")],
            empty=NO_LABELS,
            unit="s",
            lowest=0,
            width=12,
        ),
    ]
