"""How often drift is reported without any by one look, and how often a shift of 0.2 sd is found.

First each test alone: rejections without drift of a normal column (ks) and of 60 categories with
Zipf-like shares (chi2). Then twenty columns (sixteen normal, four of five categories), Holm, alpha
.01, windows that share no record. Reference 10,000 and window n throughout, many fresh references.
Exits with 1 if the rate of any adjusted p-value exceeds alpha by more than three standard errors.
`drift_null.py` has windows that slide.

Run: ``python benchmarks/drift_error_rates.py [--looks N] [--references N]``
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from numpy.typing import NDArray

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.comparison import Comparison
from exporter.drift.family import Results, TestFamily
from exporter.drift.tests import TESTS

NUMERIC, CATEGORICAL, REFERENCE_ROWS = 16, 4, 10_000
SHARES = np.array([0.5, 0.3, 0.15, 0.045, 0.005])
ALPHA = 0.01
MIN_EFFECT = 0.05


def numeric(random: np.random.Generator, name: str) -> Comparison:
    """Draw a reference of normal numbers."""
    values = np.sort(random.normal(size=REFERENCE_ROWS))
    edges = quantile_edges(values)
    nothing = Moments(None, None, None, None)
    counts = count(values, edges)
    column = NumericColumn(name, REFERENCE_ROWS, 0, edges, counts, nothing, values)
    return Comparison(column, TESTS["ks"])


def categorical(random: np.random.Generator, name: str, shares: NDArray[np.float64]) -> Comparison:
    """Draw a reference of categories; the last one is what the reference does not name."""
    names = tuple(f"c{position}" for position in range(len(shares) - 1))
    drawn = random.multinomial(REFERENCE_ROWS, shares)
    return Comparison(CategoricalColumn(name, REFERENCE_ROWS, 0, names, drawn), TESTS["chi2"])


def reference(random: np.random.Generator) -> list[Comparison]:
    """Draw a reference of all columns."""
    return [
        *(numeric(random, f"n{position}") for position in range(NUMERIC)),
        *(categorical(random, f"c{position}", SHARES) for position in range(CATEGORICAL)),
    ]


def window(
    random: np.random.Generator, comparisons: list[Comparison], n: int, shift: float
) -> list[NDArray[np.int64]]:
    """Draw a window; `shift` moves the first numeric column, in standard deviations."""
    counts = []
    for position, comparison in enumerate(comparisons):
        column = comparison.column
        if isinstance(column, NumericColumn):
            mean = shift if position == 0 else 0.0
            counts.append(count(random.normal(mean, 1, n), column.edges))
        else:
            counts.append(random.multinomial(n, SHARES).astype(np.int64))
    return counts


def differs(results: Results) -> NDArray[np.bool_]:
    """Return bool[windows, columns], significant and large enough, by the default limits."""
    found: NDArray[np.bool_] = (results.adjusted <= ALPHA) & (results.effect >= MIN_EFFECT)
    return found


def print_single_tests(random: np.random.Generator, references: int, looks: int) -> None:
    """Print how often each test rejects without drift at three levels."""
    zipf = 1 / np.arange(1, 61) ** 1.5
    zipf /= zipf.sum()
    print(f"one column, {references} references, {looks} looks each")
    print("test      n  p <= .05  p <= .01  p <= .0005")
    for n in (500, 5_000):
        pvalues: dict[str, list[float]] = {"ks": [], "chi2": []}
        for _ in range(references):
            ks, chi2 = numeric(random, "x"), categorical(random, "x", zipf)
            for _ in range(looks):
                (counts,) = window(random, [ks], n, 0.0)
                pvalues["ks"].append(ks.test.evaluate(ks.column, counts).pvalue)
                drawn = random.multinomial(n, zipf)
                pvalues["chi2"].append(chi2.test.evaluate(chi2.column, drawn).pvalue)
        for test, found in pvalues.items():
            rates = [float((np.array(found) <= level).mean()) for level in (0.05, 0.01, 0.0005)]
            print("{:4}  {:5}  {:8.4f}  {:8.4f}  {:10.5f}".format(test, n, *rates))


def main() -> int:
    """Print the rates; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=2_000)
    parser.add_argument("--references", type=int, default=40)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    print_single_tests(random, references=800, looks=25)
    per_reference = options.looks // options.references
    looks = per_reference * options.references
    limit = ALPHA + 3 * (ALPHA * (1 - ALPHA) / looks) ** 0.5
    print(f"{looks} looks, {NUMERIC + CATEGORICAL} columns, alpha {ALPHA}, limit {limit:.4f}")
    print("    n  any adjusted p <= alpha  any detected  0.2 sd detected  0.05 sd detected")
    exceeded = False
    for n in (500, 1_000, 5_000):
        flagged = detected = found = trifling = 0
        for _ in range(options.references):
            comparisons = reference(random)
            family = TestFamily(comparisons, "holm", 500)

            def look(
                shift: float,
                comparisons: list[Comparison] = comparisons,
                family: TestFamily = family,
                n: int = n,
            ) -> Results:
                windows = [
                    np.concatenate(window(random, comparisons, n, shift))
                    for _ in range(per_reference)
                ]
                return family.test(np.array(windows, dtype=np.float64))

            null, moved, small = look(0.0), look(0.2), look(0.05)
            flagged += int((null.adjusted <= ALPHA).any(axis=1).sum())
            detected += int(differs(null).any(axis=1).sum())
            found += int(differs(moved)[:, 0].sum())
            trifling += int(differs(small)[:, 0].sum())
        rates = [rate / looks for rate in (flagged, detected, found, trifling)]
        exceeded |= rates[0] > limit
        print("{:5}  {:23.4f}  {:12.4f}  {:15.3f}  {:16.3f}".format(n, *rates))
    return int(exceeded)


if __name__ == "__main__":
    sys.exit(main())
