"""Runs one fuzzer: ``python -m fuzz json_records --seconds 600``.

It begins with what is in `fuzz/corpus/` and keeps what leads to new paths in ``--keep``. An input
that fails, takes a second, or two gigabytes, is written to a file in the current folder, and the
exit code is not 0. At last all that was kept is read some more times, in as much memory.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import atheris
import psutil

from fuzz import targets

CORPUS = Path(__file__).with_name("corpus")
TARGETS = sorted(module.name for module in pkgutil.iter_modules(targets.__path__))
SLICE_SECONDS = 60
"""What watches the branches that are taken leaks memory itself, hence is begun anew."""
MOST_GROWTH = 16 << 20
"""Bytes that reading the same inputs over again may take."""


def main() -> int:
    """Run it for so long, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="(default: 60)")
    parser.add_argument("--keep", type=Path, help="where new inputs are kept (default: nowhere)")
    parser.add_argument("--slice", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.slice:
        fuzz(options.target, options.seconds, options.keep)
    with tempfile.TemporaryDirectory(prefix="modeltail-corpus-") as nowhere:
        found = options.keep or Path(nowhere)
        found.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + options.seconds
        while (left := end - time.monotonic()) > 0:
            seconds = max(1, min(SLICE_SECONDS, round(left)))
            command = [sys.executable, "-m", "fuzz", options.target, "--slice"]
            command += [f"--seconds={seconds}", f"--keep={found}"]
            code = subprocess.run(command, check=False).returncode
            if code:
                return code
        return grows(options.target, found)


def fuzz(name: str, seconds: int, found: Path) -> None:
    """Run libFuzzer, which ends the process."""
    with atheris.instrument_imports(include=["exporter"]):
        target = importlib.import_module(f"fuzz.targets.{name}")
    flags = [f"-max_total_time={seconds}", "-timeout=1", "-rss_limit_mb=2048", "-max_len=4096"]
    flags += ["-print_final_stats=1", "-artifact_prefix=fuzz-"]
    atheris.Setup([sys.argv[0], *flags, str(found), str(CORPUS / name)], target.fuzz)
    atheris.Fuzz()


def grows(name: str, found: Path) -> int:
    """Return 1 if reading what was found over and over again takes ever more memory."""
    target = importlib.import_module(f"fuzz.targets.{name}")
    inputs = [path.read_bytes() for folder in (CORPUS / name, found) for path in folder.iterdir()]
    sizes = []
    for _ in range(6):
        for data in inputs:
            target.fuzz(data)
        sizes.append(psutil.Process().memory_info().rss)
    growth = sizes[-1] - sizes[1]
    print(f"{len(inputs)} inputs read 6 times: {growth / 2**20:.1f} MB more", file=sys.stderr)
    return int(growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
