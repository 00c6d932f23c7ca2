"""Write the file of pairs for `modeltail syslog evaluate` on three public logs.

    python benchmarks/syslog_pairs.py FOLDER -o pairs.yml
    modeltail syslog evaluate --pairs pairs.yml --seeds 10

FOLDER holds any of linux_combo.log.gz and thunderbird.log.gz (of loghub; the latter with its five
columns in front of each line) and web_YYYY-MM-DD.log.gz, days of web hosts. Periods are days,
quarters of the combo log, and halves of Thunderbird's 68 minutes; its hosts are those with 700
lines or more, and all the others together.
"""

from __future__ import annotations

import argparse
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

BUSY = 700
LEADING_FIELDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--trainings", type=int, default=2, help="per tested log and class")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    parts = [*web(folder), *combo(folder), *thunderbird(folder)]
    described = {"trainings": arguments.trainings, "parts": parts}
    arguments.output.write_text(yaml.safe_dump(described, sort_keys=False))
    print(f"{len(parts)} parts")


def web(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield one part a day; the host is named by its lines."""
    for path in sorted(folder.glob("web_*.log.gz")):
        with gzip.open(path) as file:
            host = Counter(line.split()[3] for line in file).most_common(1)[0][0].decode()
        name = path.name.removesuffix(".log.gz")
        yield {"name": name, "system": "web", "host": host, "files": [str(path)]}


def combo(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield quarters."""
    for path in folder.glob("linux_combo.log.gz"):
        for quarter in range(4):
            yield {
                "name": f"combo-{quarter + 1}",
                "system": "combo",
                "host": "combo",
                "files": [str(path)],
                "share": [quarter / 4, (quarter + 1) / 4],
            }


def thunderbird(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield halves of the busy hosts and of the others."""
    for path in folder.glob("thunderbird.log.gz"):
        with gzip.open(path) as file:
            lines = Counter(line.split()[LEADING_FIELDS + 3].decode() for line in file)
        busy = [host for host, count in lines.most_common() if count >= BUSY]
        hosts = {host: {"only_hosts": [host]} for host in busy}
        for host, chosen in {**hosts, "others": {"without_hosts": busy}}.items():
            for half in range(2):
                yield {
                    "name": f"{host}-{half + 1}",
                    "system": "thunderbird",
                    "host": host,
                    "files": [str(path)],
                    "leading_fields": LEADING_FIELDS,
                    "by_time": True,
                    "share": [half / 2, (half + 1) / 2],
                    **chosen,
                }


if __name__ == "__main__":
    main()
