"""The drift tests by name; a new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.drift.tests.chi2 import ChiSquare
from exporter.drift.tests.ks import KolmogorovSmirnov
from exporter.drift.tests.protocol import DriftTest, Outcome

__all__ = ["TESTS", "DriftTest", "Outcome"]

_ALL: tuple[DriftTest, ...] = (
    KolmogorovSmirnov(),
    ChiSquare(),
)

TESTS: Mapping[str, DriftTest] = {test.name: test for test in _ALL}
