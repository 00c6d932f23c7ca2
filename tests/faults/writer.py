"""Writes numbered prediction lines and rotates its log by renaming, until standard input ends."""

from __future__ import annotations

import json
import random
import select
import sys
from pathlib import Path

LINES_PER_FILE = 1500


def main(folder: Path, seed: int) -> None:
    """Write some two thousand lines a second, some of them in two parts."""
    chance = random.Random(seed)
    number = generation = 0
    log = folder / "app.log"
    file = log.open("ab", buffering=0)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        for _ in range(chance.randrange(40)):
            record = {
                "prediction": f"class {number % 7}",
                "model_version": str(number % 2),
                "confidence": number % 100 / 100,
                "n": number,
            }
            line = json.dumps(record).encode() + b"\n"
            number += 1
            cut = chance.randrange(len(line))
            file.write(line[:cut])
            file.write(line[cut:])
        if number // LINES_PER_FILE > generation:
            generation += 1
            log.rename(folder / f"app.log.{generation}")
            if chance.random() < 0.5:
                # This writer goes on in the renamed file for a while, as many daemons do.
                for _ in range(3):
                    file.write(b'{"prediction": "late", "model_version": "0"}\n')
            file.close()
            file = log.open("ab", buffering=0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
