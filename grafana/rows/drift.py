"""The row about what goes into a model, beside the reference."""

from __future__ import annotations

from panels import Json, lines, query, side_by_side, table
from queries import BY_VERSION, MODEL, VERSION, WINDOW, rate


def drift() -> list[Json]:
    """Return the comparison with the reference."""
    metrics = [
        ("Drift", "model_drift_detected"),
        ("Adjusted p-value", "model_drift_adjusted_pvalue"),
        ("Statistic", "model_drift_statistic"),
    ]
    return [
        lines(
            "Adjusted p-value by feature",
            "How likely a difference as large as this would be if the feature still looked like "
            "the reference, corrected for the number of features. Logarithmic: low is drift. With "
            "many rows tiny differences have tiny p-values, hence the effect size beside it.",
            [query(f"model_drift_adjusted_pvalue{{{WINDOW}}}", "{{feature}} {{version}}")],
            unit="short",
            width=12,
            highest=1,
            logarithmic=True,
        ),
        lines(
            "Test statistic by feature",
            "The Kolmogorov-Smirnov distance (0 to 1) of numbers; chi-square of categories. It "
            "grows with the size of the difference.",
            [query(f'model_drift_statistic{{{WINDOW},test="ks"}}', "{{feature}} {{version}}")],
            unit="short",
            lowest=0,
            highest=1,
            width=12,
        ),
        table(
            "Features",
            "Drift is 1 where the adjusted p-value and the effect size both pass the limits of "
            "the configuration. A feature that is missing here could not be tested: see beside.",
            [
                query(f"max by (feature, version, instance) ({metric}{{{WINDOW}}})", kind="table")
                for _, metric in metrics
            ],
            unit="short",
            width=12,
            transformations=[
                *side_by_side([name for name, _ in metrics]),
                {"id": "sortBy", "options": {"sort": [{"field": "Drift", "desc": True}]}},
            ],
        ),
        lines(
            "Share of features that drift",
            "Of those that can be tested. One feature is a sensor or a field; all at once is a "
            "new population or a changed pipeline.",
            [query(f"model_drift_features_ratio{{{WINDOW}}}", BY_VERSION)],
            unit="percentunit",
            lowest=0,
            highest=1,
            width=6,
        ),
        lines(
            "Features that can't be tested",
            "Number by reason: too few rows in the window, nothing in the reference.",
            [
                query(
                    f"count by (reason, version) (model_drift_evaluable{{{WINDOW}}} == 0)",
                    "{{reason}} {{version}}",
                )
            ],
            unit="short",
            lowest=0,
            width=6,
        ),
        lines(
            "Missing values",
            "Share of the predictions in which a feature was absent, null or not a number.",
            [
                query(
                    f"{rate('model_feature_missing_total', VERSION, 'feature')} "
                    "/ ignoring (feature) group_left () "
                    f"sum(rate(model_predictions_total{{{VERSION}}}[$__rate_interval]))",
                    "{{feature}}",
                )
            ],
            unit="percentunit",
            lowest=0,
            width=12,
        ),
        lines(
            "Invalid records and broken rules",
            "Per second. Invalid: decoded but unusable. A broken rule marks a field; its record "
            "still counts.",
            [
                query(rate("model_records_invalid_total", MODEL, "reason"), "{{reason}}"),
                query(
                    rate("model_field_violations_total", MODEL, "field, rule"),
                    "{{field}}: {{rule}}",
                ),
            ],
            unit="cps",
            lowest=0,
            width=12,
        ),
    ]
