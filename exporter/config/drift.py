"""How a model is compared with its reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from exporter.config.density import DensitySettings
from exporter.config.quantities import Ratio
from exporter.config.reference import OwnReference
from exporter.config.section import Section

Distance = Literal[
    "psi",
    "jensen-shannon",
    "kullback-leibler",
    "hellinger",
    "total-variation",
    "l-infinity",
    "wasserstein",
]
Test = Literal[
    "ks",
    "ad",
    "cvm",
    "mwu",
    "t",
    "anova",
    "welch_anova",
    "chi2",
    "g",
    "fisher",
]


def _kind_of_reference(value: object) -> str:
    return "[own]" if isinstance(value, dict | OwnReference) else "[file]"


FileOrOwn = Annotated[
    Annotated[Path, Field(strict=False), Tag("[file]")] | Annotated[OwnReference, Tag("[own]")],
    Discriminator(_kind_of_reference),
]
"""A path, or a section; errors name no alternatives, since it is clear which one is meant."""


class ColumnSettings(Section):
    """How one column is tested for drift."""

    test: Test | None = Field(
        default=None,
        description="Of numbers: ks (Kolmogorov-Smirnov), ad (Anderson-Darling), cvm (Cramér-von "
        "Mises), mwu (Mann-Whitney); t (Welch), anova and welch_anova test the last 10,000 values "
        'instead of windows (`window="last_10000"`). Of categories: chi2, g (likelihood), fisher '
        "(the most frequent one against all others). chi2 takes both. Absent: ks for numbers, chi2 "
        "for categories.",
    )
    exact: bool = Field(
        default=False,
        description="Whether ks, ad, cvm or mwu also test the last 10,000 values as they are "
        '(`window="last_10000"`), besides the counts of windows.',
    )


class DriftSettings(Section):
    """The comparison with a reference."""

    reference: FileOrOwn = Field(
        description="File that `modeltail reference build` wrote, or what the exporter is to make "
        "one of.",
    )
    columns: dict[str, ColumnSettings] = Field(
        default_factory=lambda: {"*": ColumnSettings()},
        description='Columns to test: names of features, "prediction", "confidence" or '
        '"input_length"; "*" stands for all others of the reference.',
    )
    correction: Literal["holm", "bonferroni", "benjamini-hochberg", "none"] = Field(
        default="holm",
        description="How p-values are corrected for testing many columns of a version and window. "
        "holm and bonferroni bound the probability of any false alarm, benjamini-hochberg the "
        "share of false ones among the alarms.",
    )
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05,
        description="Drift is an adjusted p-value up to this, with at least `min_effect`. Without "
        "`hold` prefer 0.01.",
    )
    min_effect: Ratio = Field(
        default=0.05,
        description="Smallest difference that matters: the KS distance, or for chi2 the "
        "total variation distance.",
    )
    min_samples: Annotated[int, Field(ge=2)] = Field(
        default=500,
        description="Independent values that a window must hold before a column is tested: its "
        "values over the column's autocorrelation time in the reference.",
    )
    hold: bool = Field(
        default=True,
        description="Whether drift must have been there in every window of the last window's "
        "length. Without, what comes and goes within a window counts as well.",
    )
    distances: Annotated[tuple[Distance, ...], Field(strict=False)] = Field(
        default=("psi",),
        description="Distances from the reference that are exposed beside the tests. wasserstein "
        "is in the reference's standard deviations.",
    )
    fleet: bool = Field(
        default=True,
        description="Whether the values of each column are exposed as counters, for Prometheus to "
        "compare those of many exporters with the reference: some 100 series for each column, in "
        "all a tenth of `limits.series` at most (less if there are more than 5 models); columns "
        "beyond that are left out.",
    )
    attributions: bool = Field(
        default=True,
        description="Whether logged attributions are compared with the reference's, if it has any: "
        "how large those of each feature are, and how much features agree in their order.",
    )
    embedding: bool = Field(
        default=True,
        description="Whether logged embeddings are compared with the reference's, if it has any.",
    )
    density: DensitySettings | None = Field(
        default=None,
        description="Counts predictions that are improbable under the reference, if it knows how "
        "dense it is. Absent: not done, since it costs some 2 microseconds a prediction.",
    )
    evidence_alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.01,
        description="Probability, at most, that the evidence for drift of any column of a version "
        "ever reaches `model_drift_evidence_limit_log10` without drift.",
    )

    @property
    def own(self) -> OwnReference | None:
        """What the exporter makes the reference of; ``None`` if it is a file of others."""
        return self.reference if isinstance(self.reference, OwnReference) else None

    @property
    def limits(self) -> dict[str, float]:
        """Return what alerts compare p-values and effects with, by their names as thresholds."""
        return {"drift_alpha": self.alpha, "drift_min_effect": self.min_effect}
