"""Writes numbered prediction lines, and others, and rotates its log as it is told to.

Commands come line by line on standard input; each is answered with how many lines are complete,
by class and version, and how often it rotated. ``pause`` stops before the next line, ``go`` goes
on, ``prune`` removes what was rotated, and the end of the input ends it.
"""

from __future__ import annotations

import gzip
import json
import random
import select
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LINES_PER_FILE = 600
PIECE = 8192
DONE = object()


class Writer:
    """A service that logs to app.log, and the logrotate that looks after it.

    Parameters
    ----------
    folder
        Of the log, and of what it is rotated to: app.log.1, app.log.2.gz and so on.
    ways
        How it is rotated: ``rename`` to a name of the same folder, or ``copytruncate``.
    seed
        Of all that is left to chance.
    """

    def __init__(self, folder: Path, ways: list[str], seed: int) -> None:
        self._log = folder / "app.log"
        self._ways = ways
        self._chance = random.Random(seed)
        self._file: BinaryIO = self._log.open("ab", buffering=0)
        self._left: BinaryIO | None = None
        self._number = 0
        self._lines_in_file = 0
        self._written: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._rotations: Counter[str] = Counter()
        self._generation = 0
        self._plain: list[Path] = []
        self._rotating: Iterator[None] | None = None
        self._compressing: Iterator[None] | None = None

    def answer(self) -> str:
        """Return what was written so far."""
        said = {"written": self._written, "rotations": self._rotations, **self._others}
        return json.dumps(said)

    def work(self) -> None:
        """Write some lines, and go on with what is done to the files."""
        if self._rotating is not None:
            # Nobody writes to a log that is copied: what came before its truncation would be lost.
            self._rotating = self._advanced(self._rotating)
        else:
            for _ in range(self._chance.randrange(40)):
                self._write(self._file)
                self._lines_in_file += 1
        if self._left is not None:
            # This service goes on in the renamed file for a while, as many daemons do.
            self._write(self._left)
            if self._chance.random() < 0.2:
                self._let_go()
        if self._compressing is not None:
            self._compressing = self._advanced(self._compressing)
        elif self._plain and self._chance.random() < 0.05:
            self._compressing = self._compress(self._plain.pop(0))
        if self._rotating is None and self._lines_in_file > LINES_PER_FILE:
            self._rotating = self._rotate()

    def finish(self) -> None:
        """Finish what is done to the files."""
        while self._rotating is not None:
            self._rotating = self._advanced(self._rotating)
        while self._compressing is not None:
            self._compressing = self._advanced(self._compressing)

    def _advanced(self, steps: Iterator[None]) -> Iterator[None] | None:
        return steps if next(steps, DONE) is None else None

    def _write(self, file: BinaryIO) -> None:
        kind = self._chance.random()
        if kind < 0.02:
            self._others["rejected"] += 1
            file.write(f"no record: {self._number}\n".encode())
        elif kind < 0.04:
            self._others["skipped"] += 1
            file.write(b"\n")
        else:
            self._write_record(file)

    def _write_record(self, file: BinaryIO) -> None:
        record = {
            "prediction": f"class {self._number % 7}",
            "model_version": str(self._number % 2),
            "confidence": self._number % 100 / 100,
            "n": self._number,
        }
        line = json.dumps(record).encode() + b"\n"
        cut = self._chance.randrange(len(line))
        file.write(line[:cut])
        file.write(line[cut:])
        self._number += 1
        key = [record["prediction"], record["model_version"], record["confidence"]]
        self._written[json.dumps(key)] += 1

    def _rotate(self) -> Iterator[None]:
        self._let_go()
        self._generation += 1
        self._lines_in_file = 0
        target = self._log.with_name(f"app.log.{self._generation}")
        way = self._chance.choice(self._ways)
        if way == "copytruncate":
            with self._log.open("rb") as source, target.open("wb", buffering=0) as copy:
                while piece := source.read(PIECE):
                    copy.write(piece)
                    yield
            for _ in range(self._chance.randrange(20)):
                yield
            self._file.truncate(0)
        else:
            self._log.rename(target)
            if self._chance.random() < 0.5:
                self._left = self._file
            else:
                self._file.close()
            self._file = self._log.open("ab", buffering=0)
        self._plain.append(target)
        self._rotations[way] += 1

    def _let_go(self) -> None:
        if self._left is not None:
            self._left.close()
            self._left = None

    def _compress(self, plain: Path) -> Iterator[None]:
        """Compress a file as gzip(1) does: beside it, piece by piece, then without it."""
        self._let_go()
        packed = plain.with_name(f"{plain.name}.gz").open("wb", buffering=0)
        with packed, plain.open("rb") as source, gzip.GzipFile("", "wb", fileobj=packed) as target:
            while piece := source.read(PIECE):
                target.write(piece)
                target.flush()
                yield
        plain.unlink()
        self._rotations["compress"] += 1

    def prune(self) -> None:
        """Remove what was rotated."""
        self._let_go()
        self._plain.clear()
        for path in self._log.parent.glob("app.log.*"):
            path.unlink()


def main(folder: Path, ways: list[str], seed: int) -> None:
    """Write some two thousand lines a second until standard input ends."""
    writer = Writer(folder, ways, seed)
    writing = True
    while True:
        if select.select([sys.stdin], [], [], 0.01 if writing else None)[0]:
            command = sys.stdin.readline().strip()
            if command != "go":
                writer.finish()
            if command == "prune":
                writer.prune()
            writing = command == "go"
            sys.stdout.write(f"{writer.answer()}\n")
            sys.stdout.flush()
            if not command:
                return
        if writing:
            writer.work()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]))
