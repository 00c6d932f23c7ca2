"""The row about what true labels tell."""

from __future__ import annotations

from panels import Json, lines, override, query, side_by_side, table
from queries import BY_VERSION, MODEL, VERSION, WINDOW, limit


def accuracy() -> list[Json]:
    """Return what is known from true labels."""
    band = {"custom__lineWidth": 0, "color": {"mode": "fixed", "fixedColor": "blue"}}
    hidden = {"legend": True, "tooltip": False, "viz": False}
    parts = [("Precision", "model_precision_ratio"), ("Recall", "model_recall_ratio")]
    parts.append(("F1", "model_f1_score"))
    return [
        lines(
            "Accuracy, version $version",
            "Share of right predictions in the chosen window, one line an instance. The band is "
            "the 95 % Wilson interval: with few labels it is wide. ModelAccuracyLow fires when "
            "the whole band is below the dashed line. With several instances, choose one to see "
            "its band.",
            [
                query(f"model_accuracy_lower_ratio{{{WINDOW}}}", "lower"),
                query(f"model_accuracy_upper_ratio{{{WINDOW}}}", "upper"),
                query(f"model_accuracy_ratio{{{WINDOW}}}", "{{instance}}"),
                limit("min_accuracy"),
            ],
            unit="percentunit",
            width=24,
            highest=1,
            overrides=[
                override("byName", "lower", **band, custom__hideFrom=hidden),
                override(
                    "byName",
                    "upper",
                    **band,
                    custom__hideFrom=hidden,
                    custom__fillBelowTo="lower",
                    custom__fillOpacity=15,
                ),
            ],
            repeat="version",
            repeatDirection="h",
        ),
        lines(
            "Accuracy of all instances together",
            "From the counters of right and wrong labels, added up over the instances and over "
            "the length of the chosen window.",
            [
                query(
                    f"1 - sum by (version) (increase(model_labels_incorrect_total{{{VERSION}}}"
                    f"[$window])) / sum by (version) (increase(model_labels_total{{{VERSION}}}"
                    "[$window]))",
                    "{{version}}",
                ),
                limit("min_accuracy"),
            ],
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Labels in the window",
            "How many true labels the accuracy rests on. Below 50 no alert judges it.",
            [query(f"model_window_labels{{{WINDOW}}}", BY_VERSION)],
            unit="short",
            lowest=0,
        ),
        lines(
            "Age of the newest label",
            "While this climbs, accuracy says nothing about today. ModelLabelsStale fires after "
            "two days.",
            [query(f"time() - model_last_label_timestamp_seconds{{{MODEL}}}", "{{instance}}")],
            unit="s",
            lowest=0,
        ),
        table(
            "Confusion",
            "How often each actual class (row) was given each predicted class (column) in the "
            "time range on display. Right answers are on the diagonal; a strong cell beside it is "
            "a pair of classes that the model mixes up.",
            [
                query(
                    "round(sum by (predicted, actual) "
                    f"(increase(model_confusion_total{{{VERSION}}}[$__range])))",
                    kind="table",
                )
            ],
            unit="short",
            width=12,
            coloured=True,
            transformations=[
                {
                    "id": "groupingToMatrix",
                    "options": {
                        "rowField": "actual",
                        "columnField": "predicted",
                        "valueField": "Value",
                        "emptyValue": "zero",
                    },
                }
            ],
        ),
        table(
            "Precision, recall and F1 by class",
            "In the chosen window. Low precision: the class is predicted where it is not. Low "
            "recall: the class is missed where it is.",
            [
                query(f"max by (class, version, instance) ({metric}{{{WINDOW}}})", kind="table")
                for _, metric in parts
            ],
            unit="percentunit",
            width=12,
            transformations=[
                *side_by_side([name for name, _ in parts]),
            ],
        ),
    ]
