"""The drift tests by name; a new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.drift.tests.anderson_darling import AndersonDarling
from exporter.drift.tests.anova import Anova, WelchAnova
from exporter.drift.tests.chi2 import ChiSquare
from exporter.drift.tests.cramer_von_mises import CramerVonMises
from exporter.drift.tests.fisher import FisherExact
from exporter.drift.tests.g import GTest
from exporter.drift.tests.ks import KolmogorovSmirnov
from exporter.drift.tests.mann_whitney import MannWhitney
from exporter.drift.tests.protocol import CountTest, Outcome, Outcomes, SampleTest
from exporter.drift.tests.sample import Sample
from exporter.drift.tests.welch import WelchT

__all__ = [
    "SAMPLE_TESTS",
    "TESTS",
    "CountTest",
    "Outcome",
    "Outcomes",
    "Sample",
    "SampleTest",
]

_ALL: tuple[CountTest, ...] = (
    KolmogorovSmirnov(),
    AndersonDarling(),
    CramerVonMises(),
    MannWhitney(),
    GTest(),
    FisherExact(),
    ChiSquare(),
)

_ALL_ON_SAMPLES: tuple[SampleTest, ...] = (
    KolmogorovSmirnov(),
    AndersonDarling(),
    CramerVonMises(),
    MannWhitney(),
    WelchT(),
    Anova(),
    WelchAnova(),
)

TESTS: Mapping[str, CountTest] = {test.name: test for test in _ALL}
"""On counts at the reference's cells."""

SAMPLE_TESTS: Mapping[str, SampleTest] = {test.name: test for test in _ALL_ON_SAMPLES}
"""On the raw values of a buffer."""
