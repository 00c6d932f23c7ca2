"""Kolmogorov-Smirnov tests of 20 features, 10,000 values against 10,000, beside others' tools.

Ours has prepared the reference once, as the exporter does; scipy gets the same raw values.
Evidently and alibi-detect run in virtual environments of their own, which the script makes in a
directory of the caller's choice (they want other versions of libraries). Then tests on kept
counters of 1,000 features. Exits with 1 if ours is not 50 times as fast as Evidently's preset, 30
times as its single tests and 5 times as scipy, or if 1,000 features take 20 ms or more.

Run: ``python benchmarks/drift.py [--peers DIRECTORY]``
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import ks_2samp

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import Moments, NumericColumn
from exporter.drift.comparison import Comparison
from exporter.drift.family import TestFamily
from exporter.drift.tests import TESTS, Sample
from exporter.drift.tests.ks import KolmogorovSmirnov

COLUMNS, VALUES, MANY = 20, 10_000, 1_000
REPEATS = 9
_EVIDENTLY = """
import json, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from evidently import Report
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset
random = np.random.default_rng(1)
names = [f"c{i}" for i in range(%d)]
before, after = (pd.DataFrame(random.normal(size=(%d, %d)), columns=names) for _ in range(2))
def took(metrics):
    seconds = []
    for _ in range(4):
        begun = time.perf_counter()
        Report(metrics()).run(after, before)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)
print(json.dumps({
    "Evidently, preset": took(lambda: [DataDriftPreset(method="ks")]),
    "Evidently, single tests": took(lambda: [ValueDrift(column=n, method="ks") for n in names]),
}))
"""
_ALIBI = """
import json, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
from alibi_detect.cd import KSDrift
random = np.random.default_rng(1)
before, after = (random.normal(size=(%d, %d)) for _ in range(2))
detector = KSDrift(before, p_val=0.05)
seconds = []
for _ in range(9):
    begun = time.perf_counter()
    detector.predict(after)
    seconds.append(time.perf_counter() - begun)
print(json.dumps({"alibi-detect": min(seconds)}))
"""
_PEERS = {
    "evidently": (("evidently", "pandas<3"), _EVIDENTLY % (COLUMNS, VALUES, COLUMNS)),
    "alibi-detect": (("alibi-detect",), _ALIBI % (VALUES, COLUMNS)),
}
_LEAST = {"Evidently, preset": 50, "Evidently, single tests": 30, "scipy, asymp": 5}


def best(job: Callable[[], object]) -> float:
    """Return the seconds of the fastest of some runs."""
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def peer(folder: Path, name: str) -> dict[str, float]:
    """Return the seconds of a peer, installed if it is not there yet."""
    packages, script = _PEERS[name]
    python = folder / name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(install, check=True)
    command = [str(python), "-c", script]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(printed.splitlines()[-1])
    return found


def thousand(test: str) -> float:
    """Return the seconds that one evaluation of 1,000 features from counters takes."""
    random = np.random.default_rng(2)
    comparisons, counts = [], []
    values = np.sort(random.normal(size=VALUES))
    edges = quantile_edges(values)
    for at in range(MANY):
        some = count(random.normal(size=2_000), edges)
        column = NumericColumn(
            f"c{at}",
            VALUES,
            0,
            edges,
            count(values, edges),
            Moments(None, None, None, None),
            values,
        )
        comparisons.append(Comparison(column, TESTS[test]))
        counts.append(some)
    family = TestFamily(comparisons, "holm", 500)
    window = np.concatenate(counts)[None, :].astype(np.float64)
    return best(lambda: family.test(window))


def main() -> int:
    """Print times and ratios; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="directory for their virtual environments")
    options = parser.parse_args()
    random = np.random.default_rng(1)
    before, after = (random.normal(size=(COLUMNS, VALUES)) for _ in range(2))
    samples, test = [Sample(np.sort(column)) for column in before], KolmogorovSmirnov()
    test.exact_all(samples, list(after))
    ours = best(lambda: test.exact_all(samples, list(after)))
    pairs = list(zip(before, after, strict=True))
    others = {"scipy, asymp": best(lambda: [ks_2samp(*pair, method="asymp") for pair in pairs])}
    if options.peers is not None:
        for name in _PEERS:
            others |= peer(options.peers, name)
    print(f"{COLUMNS} features, {VALUES:,} values against {VALUES:,}, KS with p")
    print(f"{'modeltail':<26}{ours * 1e3:10.1f} ms")
    good = True
    for name, seconds in others.items():
        print(f"{name:<26}{seconds * 1e3:10.1f} ms {seconds / ours:8.1f} x")
        good &= seconds / ours >= _LEAST.get(name, 0)
    print(f"{MANY:,} features from kept counters, 100 bins, Holm")
    for name in ("ks", "cvm", "mwu", "ad", "chi2"):
        seconds = thousand(name)
        print(f"{name:<26}{seconds * 1e3:10.1f} ms")
        good &= seconds < 0.02
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
