"""How often the fleet's Kolmogorov-Smirnov p-value is small where nothing drifts.

As the recording rules compute it: at the reference's edges, folded to 50 bins, by one term of
Kolmogorov's series. Beside it the p-value that takes the reference for exact, as one does who
leaves its size out. The distribution of the values does not matter, so they are uniform.

Run: ``python benchmarks/drift_fleet.py [--references N]``
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.fleet import FleetColumn

REFERENCE = 10_000
LOOKS = 10
LEVELS = (0.05, 0.01, 0.001)


def distances(n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return float64[LOOKS], the distances of some windows of n values from a new reference."""
    values = np.sort(random.random(REFERENCE))
    edges = quantile_edges(values)
    counts = count(values, edges)
    column = NumericColumn(
        "x", REFERENCE, 0, edges, counts, Moments(None, None, None, None), values
    )
    fleet = FleetColumn.of(column)
    inner = np.array([float(edge) for edge in fleet.edges[:-1]])
    shares = np.diff(inner, prepend=0.0, append=1.0)
    expected = fleet.folded(counts).cumsum() / REFERENCE
    found = random.multinomial(n, shares, size=LOOKS).cumsum(axis=1) / n
    most: NDArray[np.float64] = np.abs(found - expected).max(axis=1)
    return most


def main() -> None:
    """Print the share of small p-values, of windows of some sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=4_000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    print("n        " + "".join(f"p <= {level:<8}" for level in LEVELS) + "p <= 0.05 without m")
    for n in (500, 5_000, 100_000):
        found = np.concatenate([distances(n, random) for _ in range(options.references)])
        pvalues = np.minimum(1, 2 * np.exp(-2 * found**2 / (1 / n + 1 / REFERENCE)))
        exact = 2 * np.exp(-2 * found**2 * n)
        rates = "".join(f"{np.mean(pvalues <= level):<13.5f}" for level in LEVELS)
        print(f"{n:<9,}{rates}{np.mean(exact <= LEVELS[0]):.3f}")


if __name__ == "__main__":
    main()
