"""Closed rows of the model's dashboard, for what only some kinds of model have."""

from __future__ import annotations

from panels import Json, band, heatmap, lines, query
from queries import BY_VERSION, VERSION, WINDOW, buckets, rate

NO_NUMBERS = "Appears with the first true label of a model that predicts numbers."
NO_LISTS = "Appears with `task: ranking` and the first labelled list."
NO_SETS = "Appears with `task: multilabel` and the first labelled set of classes."
NO_TOKENS = "Appears with the first request that logs `tokens_in` or `tokens_out`."


def regression() -> list[Json]:
    """Return how far numbers are from the truth."""
    return [
        lines(
            "Error",
            "In the unit of the prediction, over the chosen window. The root of the mean square "
            "weighs large errors more: where it leaves the mean, a few predictions are far off.",
            [
                query(f"model_mean_absolute_error{{{WINDOW}}}", "mean {{version}} {{instance}}"),
                query(
                    f"model_root_mean_squared_error{{{WINDOW}}}",
                    "root of mean square {{version}} {{instance}}",
                ),
            ],
            empty=NO_NUMBERS,
            unit="short",
            lowest=0,
        ),
        lines(
            "Mean error, realised and estimated",
            "What was expected of the inputs, without labels, as a band of 95 %, beside what came "
            "true.",
            [
                query(f"max(model_mean_absolute_error{{{WINDOW}}})", "realised"),
                query(f"max(model_estimated_mean_absolute_error{{{WINDOW}}})", "estimated"),
                query(
                    f"min(model_estimated_mean_absolute_error_lower{{{WINDOW}}})", "estimated lower"
                ),
                query(
                    f"max(model_estimated_mean_absolute_error_upper{{{WINDOW}}})", "estimated upper"
                ),
            ],
            empty=NO_NUMBERS,
            unit="short",
            lowest=0,
            overrides=band("estimated", "orange"),
        ),
        lines(
            "Bias",
            "Mean of prediction minus label. Above 0 the model predicts too much on the whole.",
            [query(f"model_mean_error{{{WINDOW}}}", BY_VERSION)],
            empty=NO_NUMBERS,
            unit="short",
        ),
        lines(
            "Variance explained",
            "R²: 1 is perfect, 0 is no better than always predicting the mean, below 0 is worse.",
            [query(f"model_r2_score{{{WINDOW}}}", BY_VERSION)],
            empty=NO_NUMBERS,
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Intervals that hold",
            "Share of the predicted intervals that the truth lies in. Far from what the model "
            "promises (90 %, say): its uncertainty is wrong.",
            [query(f"model_interval_coverage_ratio{{{WINDOW}}}", BY_VERSION)],
            empty="Appears with the first label of a prediction with `prediction_lower` and "
            "`prediction_upper`.",
            unit="percentunit",
            highest=1,
        ),
        heatmap(
            "Distribution of the error",
            "Each column is a moment, each cell how many predictions were that far off.",
            buckets("model_absolute_error", VERSION),
            empty=NO_NUMBERS,
            unit="short",
        ),
    ]


def language() -> list[Json]:
    """Return what answers take, cost, and how they end."""
    return [
        lines(
            "Tokens",
            "Per second, read and written. What is written costs time, what is read costs memory.",
            [query(rate("model_tokens_total", VERSION, "direction"), "{{direction}}")],
            empty=NO_TOKENS,
            unit="cps",
            lowest=0,
        ),
        lines(
            "Speed of writing",
            "Tokens a second within a request, over the chosen window.",
            [query(f"model_generation_tokens_per_second{{{WINDOW}}}", BY_VERSION)],
            empty="Appears with the first request that logs `tokens_out` and a latency.",
            unit="cps",
            lowest=0,
        ),
        lines(
            "Time to the first token",
            "Percentiles in the chosen window: how long somebody looks at nothing.",
            [
                query(
                    f"model_time_to_first_token_quantile_seconds{{{WINDOW}}}",
                    "{{q}} {{version}} {{instance}}",
                )
            ],
            empty="Appears with the first request that logs `time_to_first_token_ms`.",
            unit="s",
            lowest=0,
        ),
        lines(
            "How answers end",
            "Share by reason in the chosen window. More that end by length: answers are cut off.",
            [query(f"model_finish_share_ratio{{{WINDOW}}}", "{{reason}} {{version}} {{instance}}")],
            empty="Appears with the first answer that logs `finish_reason`.",
            unit="percentunit",
            lowest=0,
            highest=1,
        ),
        lines(
            "Cost",
            "Per second, in its currency, all instances together.",
            [
                query(
                    rate("model_cost_total", VERSION, "currency, version"),
                    "{{currency}} {{version}}",
                )
            ],
            empty="Appears with the first prediction that logs `cost`.",
            unit="short",
            lowest=0,
        ),
        lines(
            "Taken over by a person",
            "Share of the window's predictions that were escalated.",
            [query(f"model_escalation_ratio{{{WINDOW}}}", BY_VERSION)],
            empty="Appears with the first prediction that logs `escalated`.",
            unit="percentunit",
            lowest=0,
        ),
    ]


def lists_and_sets() -> list[Json]:
    """Return how good ranked lists and sets of classes are."""
    return [
        lines(
            "Lists with a hit",
            "Share of the window's labelled lists with a relevant item within the first k.",
            [query(f"model_hit_ratio{{{WINDOW}}}", "first {{k}} {{version}} {{instance}}")],
            empty=NO_LISTS,
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Order of lists",
            "NDCG: 1 where all that is relevant comes first. Reciprocal rank: 1 where the first "
            "item is relevant, 0.5 where the second is.",
            [
                query(f"model_ndcg_score{{{WINDOW}}}", "NDCG of {{k}} {{version}} {{instance}}"),
                query(
                    f"model_mean_reciprocal_rank{{{WINDOW}}}",
                    "reciprocal rank {{version}} {{instance}}",
                ),
            ],
            empty=NO_LISTS,
            unit="percentunit",
            highest=1,
        ),
        lines(
            "Sets of classes",
            "Subset accuracy counts only sets without a mistake; Jaccard the share that agrees; "
            "micro F1 weighs every class of every set alike.",
            [
                query(
                    f"model_subset_accuracy_ratio{{{WINDOW}}}", "subset {{version}} {{instance}}"
                ),
                query(f"model_jaccard_score{{{WINDOW}}}", "Jaccard {{version}} {{instance}}"),
                query(f"model_micro_f1_score{{{WINDOW}}}", "micro F1 {{version}} {{instance}}"),
            ],
            empty=NO_SETS,
            unit="percentunit",
            highest=1,
        ),
    ]
