"""Rows of the drift dashboard about inputs as a whole, attributions, and changes found."""

from __future__ import annotations

from panels import Json, lines, number, override, query, steps
from queries import BY_VERSION, MODEL, VERSION, WINDOW, increase, limit
from rows.features import NO_TESTS
from tables import table

NO_DENSITY = "Appears with `drift.density` of the model and enough predictions in the window."
NO_EMBEDDINGS = "Appears when predictions and the reference hold `embedding`."
NO_ATTRIBUTIONS = "Appears when predictions and the reference hold `attributions`."
_CALM = steps("green", (1, "orange"))


def glance() -> list[Json]:
    """Return the figures to look at first."""
    return [
        number(
            "Features that drift",
            "Number of features that differ from the reference in the chosen window: the "
            "difference is beyond chance and large enough to matter. The worst instance counts.",
            f"max(sum without (feature) (model_drift_detected{{{WINDOW}}}))",
            empty=NO_TESTS,
            unit="short",
            width=4,
            levels=_CALM,
        ),
        number(
            "Features tested",
            "Number of features with enough rows in the window, of the instance with the fewest. "
            "What is not tested is not well: the last panel of the row since when says why.",
            f"min(sum without (feature, reason) (model_drift_evaluable{{{WINDOW}}}))",
            empty="Appears with `drift.reference` of the model.",
            unit="short",
            width=4,
        ),
        number(
            "Smallest adjusted p",
            "Of all features, corrected for their number. The smaller, the less it is chance.",
            f"min(model_drift_adjusted_pvalue{{{WINDOW}}})",
            empty=NO_TESTS,
            unit="sci",
            width=4,
        ),
        number(
            "Improbable inputs, p",
            "How likely so many improbable inputs would be if nothing had changed. Very low: "
            "ModelDensityLow fires: combinations of features that the reference lacks.",
            f"min(model_density_pvalue{{{WINDOW}}})",
            empty=NO_DENSITY,
            unit="sci",
            width=4,
        ),
        number(
            "Embeddings, p",
            "How likely a difference as large as this would be if embeddings were still like the "
            "reference's. ModelEmbeddingDrift fires where it is very low and the distance large.",
            f"min(model_embedding_drift_pvalue{{{WINDOW}}})",
            empty=NO_EMBEDDINGS,
            unit="sci",
            width=4,
        ),
        number(
            "Attributions ranked as before",
            "1: features matter in the same order as in the reference. Much less: the model "
            "decides by other features now.",
            f"min(model_attribution_rank_agreement_ratio{{{WINDOW}}})",
            empty=NO_ATTRIBUTIONS,
            unit="percentunit",
            width=4,
        ),
    ]


def density() -> list[Json]:
    """Return whether inputs as a whole are like those of the reference."""
    return [
        lines(
            "Improbable inputs",
            "Share of the window's predictions whose features lie where the reference is thin. "
            "All features may look normal one by one while their combination is new.",
            [query(f"model_outlier_ratio{{{WINDOW}}}", "{{method}} {{version}} {{instance}}")],
            empty=NO_DENSITY,
            unit="percentunit",
            lowest=0,
        ),
        lines(
            "Improbable inputs, p-value",
            "How likely so many would be if nothing had changed; with the model's own uncertainty "
            "where it logs one. Logarithmic: low is abnormal.",
            [
                query(f"model_density_pvalue{{{WINDOW}}}", "density {{version}} {{instance}}"),
                query(
                    f"model_density_uncertainty_pvalue{{{WINDOW}}}",
                    "density and uncertainty {{version}} {{instance}}",
                ),
                limit("drift_alpha", 1000),
            ],
            empty=NO_DENSITY,
            unit="sci",
            highest=1,
            logarithmic=True,
        ),
        lines(
            "Embeddings",
            "Largest KS distance of a projection from the reference (0 to 1), its p-value, and how "
            "far their mean has moved, in standard deviations.",
            [
                query(
                    f"model_embedding_drift_statistic{{{WINDOW}}}",
                    "KS distance {{version}} {{instance}}",
                ),
                query(f"model_embedding_drift_pvalue{{{WINDOW}}}", "p {{version}} {{instance}}"),
                query(
                    f"model_embedding_mean_distance{{{WINDOW}}}", "mean {{version}} {{instance}}"
                ),
            ],
            empty=NO_EMBEDDINGS,
            unit="short",
            lowest=0,
        ),
    ]


def attributions() -> list[Json]:
    """Return which features decide."""
    return [
        lines(
            "Share of each feature",
            "Mean absolute attribution over that of all features, in the chosen window. A feature "
            "near 0 for weeks may as well go; one that takes over deserves a question.",
            [
                query(
                    f"model_attribution_share_ratio{{{WINDOW}}}",
                    "{{feature}} {{version}} {{instance}}",
                )
            ],
            empty="Appears with the first prediction that logs `attributions`.",
            unit="percentunit",
            lowest=0,
        ),
        lines(
            "P-value of attributions by feature",
            "How likely a difference as large as this from the reference's attributions would be "
            "by chance, corrected for the number of features. Logarithmic: low is drift.",
            [
                query(
                    f"model_attribution_drift_pvalue{{{WINDOW}}}",
                    "{{feature}} {{version}} {{instance}}",
                ),
                limit("drift_alpha", 1000),
            ],
            empty=NO_ATTRIBUTIONS,
            unit="sci",
            highest=1,
            logarithmic=True,
        ),
        lines(
            "Size of the difference of attributions",
            "KS distance of the absolute attributions from the reference (0 to 1). "
            "ModelAttributionDrift fires above the dashed line where p is below its own.",
            [
                query(
                    f"model_attribution_drift_statistic{{{WINDOW}}}",
                    "{{feature}} {{version}} {{instance}}",
                ),
                limit("drift_min_effect"),
            ],
            empty=NO_ATTRIBUTIONS,
            unit="short",
            lowest=0,
        ),
    ]


def changes() -> list[Json]:
    """Return since when means are what they are."""
    by = "stream, version, instance"
    return [
        table(
            "Changes found in the stream",
            "When the mean of accuracy, confidence or the like last changed, as far as can be told "
            "record by record, and what it has been since then. It needs no reference.",
            {
                "Changes on display": increase("model_changes_total", VERSION, by, "$__range"),
                "Age of the last": f"time() - max by ({by}) "
                f"(model_change_timestamp_seconds{{{VERSION}}})",
                "Mean since then": f"max by ({by}) (model_change_recent_mean{{{VERSION}}})",
                "Values since then": f"max by ({by}) (model_change_recent_values{{{VERSION}}})",
            },
            empty="Appears with the first predictions.",
            width=12,
            sort=[("Age of the last", False)],
            overrides=[override("byName", "Age of the last", unit="s")],
        ),
        lines(
            "The reference",
            "Share of the first predictions, which are to become the reference, that is there; at "
            "100 % comparing begins. Without a line, the reference is a file.",
            [query(f"model_reference_complete_ratio{{{MODEL}}}", "{{instance}}")],
            empty="Appears with `drift.reference: {first: …}`.",
            unit="percentunit",
            lowest=0,
            highest=1,
            width=6,
        ),
        lines(
            "Rows behind the tests",
            "Independent values that those of the window are worth, of the feature with the "
            "fewest. Values that follow each other closely are worth less than their number.",
            [
                query(
                    f"min without (feature) (model_drift_effective_samples{{{WINDOW}}})",
                    BY_VERSION,
                )
            ],
            empty=NO_TESTS,
            unit="short",
            lowest=0,
            width=6,
        ),
    ]
