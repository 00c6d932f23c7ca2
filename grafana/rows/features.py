"""Rows of the drift dashboard about features, each beside its reference."""

from __future__ import annotations

from panels import Json, lines, override, query, steps
from queries import BY_VERSION, MODEL, RECORDED, VERSION, WINDOW, limit
from tables import bars, coloured, link, table

NO_REFERENCE = (
    "Appears with `drift.reference` of the model, made by `modeltail reference build`, or of its "
    "own first predictions."
)
NO_TESTS = "Appears with `drift.reference` of the model and enough predictions in the window."


def ranking() -> list[Json]:
    """Return the features, those that drift most first."""
    by = "feature, version"
    columns = {
        "Drift": f"max by ({by}) (model_drift_detected{{{WINDOW}}})",
        "Adjusted p": f"min by ({by}) (model_drift_adjusted_pvalue{{{WINDOW}}})",
        "p": f"min by ({by}) (model_drift_pvalue{{{WINDOW}}})",
        "KS distance": f'max by ({by}) (model_drift_statistic{{{WINDOW},test="ks"}})',
        "Chi-square": f'max by ({by}) (model_drift_statistic{{{WINDOW},test="chi2"}})',
        "PSI": f'max by ({by}) (model_drift_distance{{{WINDOW},distance="psi"}})',
        "Evidence": f"max by ({by}) (model_drift_evidence_log10{{{VERSION}}})",
        "Effective rows": f"min by ({by}) (model_drift_effective_samples{{{WINDOW}}})",
    }
    return [
        table(
            "Features, those that drift first",
            "Drift is 1 where the adjusted p-value and the effect size both pass the limits of "
            "the configuration. p tells whether there is a difference, the distances how large it "
            "is: with many rows tiny differences have tiny p-values. PSI above 0.1 is worth a "
            "look, above 0.25 a lot. Of several instances, the worst.",
            columns,
            empty=NO_TESTS,
            width=24,
            height=9,
            sort=[("Drift", True), ("Adjusted p", False), ("PSI", True)],
            overrides=[
                coloured("Drift", steps("green", (1, "orange"))),
                override("byRegexp", "Adjusted p|p", unit="sci"),
                link(
                    "feature",
                    "Compare with the reference below",
                    "modeltail-drift",
                    keep=("model", "version"),
                    feature="feature",
                ),
            ],
        )
    ]


def course() -> list[Json]:
    """Return since when features differ."""
    return [
        lines(
            "Adjusted p-value by feature",
            "How likely a difference as large as this would be if the feature still looked like "
            "the reference, corrected for the number of features. Below the dashed line it "
            "is significant. With many rows tiny differences are, hence the size beside it.",
            [
                query(
                    f"model_drift_adjusted_pvalue{{{WINDOW}}}",
                    "{{feature}} {{version}} {{instance}}",
                ),
                limit("drift_alpha"),
            ],
            empty=NO_TESTS,
            unit="sci",
            highest=1,
            logarithmic=True,
        ),
        lines(
            "Size of the difference",
            "The population stability index, less what chance makes of it. Above 0.1 worth a "
            "look, above 0.25 a lot.",
            [
                query(
                    f'model_drift_distance{{{WINDOW},distance="psi"}}',
                    "{{feature}} {{version}} {{instance}}",
                )
            ],
            empty=NO_TESTS,
            unit="short",
            lowest=0,
            levels=steps("transparent", (0.1, "orange"), (0.25, "red")),
        ),
        lines(
            "Evidence",
            "Decimal exponent of the evidence that a feature has drifted since the exporter began, "
            "which may be looked at at any time. Above the dashed line it is enough.",
            [
                query(
                    f"model_drift_evidence_log10{{{VERSION}}}",
                    "{{feature}} {{version}} {{instance}}",
                ),
                query(f"max(model_drift_evidence_limit_log10{{{VERSION}}})", "limit"),
            ],
            empty=NO_TESTS,
            unit="short",
            lowest=0,
        ),
        lines(
            "Share of features that drift",
            "Of those that can be tested. One feature is a sensor or a field; all at once is a "
            "new population or a changed pipeline.",
            [query(f"model_drift_features_ratio{{{WINDOW}}}", BY_VERSION)],
            empty=NO_TESTS,
            unit="percentunit",
            lowest=0,
            highest=1,
            width=12,
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
            empty="Every feature of the reference can be tested, or there is no reference.",
            unit="short",
            lowest=0,
            width=12,
        ),
    ]


def distributions() -> list[Json]:
    """Return the reference and what comes in, side by side."""
    one = f'{RECORDED},feature="$feature"'
    bins = "job_model_version_feature_bin:model_feature_value:increase"
    categories = "job_model_version_feature_category:model_feature_category:increase"
    current = f'{one},version=~"$version"'

    def shares(recorded: str, label: str) -> str:
        whole = f"sum({recorded}{{{current}}}) > 0"
        return f"sum by ({label}) ({recorded}{{{current}}}) / on () group_left () ({whole})"

    return [
        bars(
            "$feature, numbers: reference and now",
            "Share of the values in bins between quantiles of the reference, named by their lower "
            "end, over all instances. Bars of the reference are all about as high; where the "
            "others are higher, more values have gone to.",
            {
                "Reference": "max by (previous_edge) "
                f"(job_model_feature_bin:model_feature_reference_share:ratio{{{one}}})",
                "Last hour": shares(f"{bins}1h", "previous_edge"),
                "Last day": shares(f"{bins}1d", "previous_edge"),
                "Order": "max by (previous_edge) "
                f'(model_feature_reference_cdf_ratio{{{MODEL},feature="$feature"}})',
            },
            label="previous_edge",
            order="Order",
            hidden=["Order"],
            empty="Choose a feature that is a number. Appears with `drift.reference` and the rules "
            "of fleet_drift.yml.",
        ),
        bars(
            "$feature, categories: reference and now",
            "Share of each category over all instances, the rarest of the reference first. "
            "Categories that the reference does not have count as other.",
            {
                "Reference": "max by (category) "
                f'(model_feature_reference_category_ratio{{{MODEL},feature="$feature"}})',
                "Last hour": shares(f"{categories}1h", "category"),
                "Last day": shares(f"{categories}1d", "category"),
            },
            label="category",
            order="Reference",
            empty="Choose a feature with categories. Appears with `drift.reference` and the rules "
            "of fleet_drift.yml.",
        ),
        lines(
            "All instances together: KS distance",
            "Largest difference of the shares up to an edge, over the last hour (0 to 1), from "
            "counters added up over the instances.",
            [
                query(
                    "job_model_version_feature:drift_ks:increase1h"
                    f'{{{RECORDED},version=~"$version"}}',
                    "{{feature}} {{version}}",
                )
            ],
            empty="Appears with `drift.reference` and the rules of fleet_drift.yml.",
            unit="short",
            lowest=0,
            highest=1,
            width=12,
        ),
        lines(
            "All instances together: PSI",
            "Population stability index over the last hour, less what chance makes of it, from "
            "counters added up over the instances.",
            [
                query(
                    "job_model_version_feature:drift_psi_excess:increase1h"
                    f'{{{RECORDED},version=~"$version"}}',
                    "{{feature}} {{version}}",
                )
            ],
            empty="Appears with `drift.reference` and the rules of fleet_drift.yml.",
            unit="short",
            lowest=0,
            width=12,
            levels=steps("transparent", (0.1, "orange"), (0.25, "red")),
        ),
    ]
