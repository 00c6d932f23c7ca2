"""Runs one fuzzer: ``python -m fuzz json_records --seconds 600``.

It begins with what is in `fuzz/corpus/` and keeps what leads to new paths in ``--keep``. An input
that fails, takes a second, or two gigabytes, is written to a file in the current folder, and the
exit code is not 0.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

import atheris

from fuzz import targets

CORPUS = Path(__file__).with_name("corpus")
TARGETS = sorted(module.name for module in pkgutil.iter_modules(targets.__path__))


def main() -> None:
    """Run it for so long."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="(default: 60)")
    parser.add_argument("--keep", type=Path, help="where new inputs are kept (default: nowhere)")
    options = parser.parse_args()
    with atheris.instrument_imports(include=["exporter"]):
        target = importlib.import_module(f"fuzz.targets.{options.target}")
    with tempfile.TemporaryDirectory(prefix="modeltail-corpus-") as nowhere:
        found = options.keep or Path(nowhere)
        found.mkdir(parents=True, exist_ok=True)
        seeds = CORPUS / options.target
        flags = [f"-max_total_time={options.seconds}", "-timeout=1", "-rss_limit_mb=2048"]
        flags += ["-max_len=4096", "-print_final_stats=1", "-artifact_prefix=fuzz-"]
        atheris.Setup([sys.argv[0], *flags, str(found), str(seeds)], target.fuzz)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
