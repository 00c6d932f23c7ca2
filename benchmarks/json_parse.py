"""How fast JSON lines become columns, against a loop over json.loads with the same checks.

    python benchmarks/json_parse.py predictions.jsonl.gz [--features]

Both read the same lines, from memory, in blocks of 1 MiB, in one thread, and must find the same.
They take turns; the best of the rounds counts. Without a file, lines are made up. `decode` is the
part of msgspec alone: no parser that keeps Python objects can be faster.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from exporter.parsing.fields import MEASURED_FIELDS
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch, class_name
from exporter.tailing.inputs import read_blocks

ROUNDS = 5
MADE_UP = 50_000
Blocks = list[list[bytes]]


@dataclass
class Totals:
    """What a contender found, to compare."""

    records: int = 0
    violations: int = 0
    timestamp: float = 0.0
    confidence: float = 0.0
    latency: float = 0.0


def loop(blocks: Blocks, features: list[str]) -> Totals:
    """Decode and check record by record, with what any Python installation has."""
    totals = Totals()
    for lines in blocks:
        rows = []
        for line in lines:
            record = json.loads(line)
            if not isinstance(record, dict):
                continue
            rows.append(_checked(record, features, totals))
        columns = list(zip(*rows, strict=True))
        totals.records += len(rows)
        totals.timestamp += float(np.nansum(columns[0]))
        totals.confidence += float(np.nansum(columns[1]))
        totals.latency += float(np.nansum(columns[2]))
    return totals


def _checked(record: dict[str, Any], features: list[str], totals: Totals) -> tuple[Any, ...]:
    confidence = record.get("confidence")
    if confidence is None:
        confidence = max((record.get("probabilities") or {"": math.nan}).values())
    elif not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        totals.violations += 1
        confidence = math.nan
    latency = math.nan
    for field, unit in (("latency_ms", 1e-3), ("latency_s", 1.0), ("latency_us", 1e-6)):
        value = record.get(field)
        if value is None:
            continue
        if not isinstance(value, int | float) or not 0 <= value < math.inf:
            totals.violations += 1
        elif math.isnan(latency):
            latency = value * unit
    logged = record.get("features") or {}
    return (
        datetime.fromisoformat(record["timestamp"]).timestamp(),
        confidence,
        latency,
        class_name(record.get("prediction")),
        class_name(record.get("true_label")),
        class_name(record.get("model_version")),
        bool(record.get("error") or record.get("error_type")),
        record.get("error_type"),
        *(logged.get(name) for name in features),
    )


def parse(blocks: Blocks, features: list[str]) -> Totals:
    """Decode to columns, as the exporter does."""
    totals = Totals()
    lines_parser = JsonLines(features=features)
    for lines in blocks:
        batch: RecordBatch = lines_parser.parse(lines, time.time()).batch
        totals.records += len(batch)
        totals.violations += batch.violations.total()
        totals.timestamp += float(np.nansum(batch.timestamp))
        totals.confidence += float(np.nansum(batch.confidence))
        totals.latency += float(np.nansum(batch.latency))
    return totals


def decode(blocks: Blocks, features: list[str]) -> Totals:
    """Decode the same fields with msgspec, and do nothing with them."""
    inner = msgspec.defstruct("Features", [(name, Any, None) for name in features])
    fields = [(name, Any, None) for name in MEASURED_FIELDS if name != "features"]
    if features:
        fields.append(("features", inner | None, None))
    decoder = msgspec.json.Decoder(msgspec.defstruct("Line", fields))
    for lines in blocks:
        for line in lines:
            decoder.decode(line)
    return Totals(sum(map(len, blocks)))


def made_up() -> Blocks:
    """Return blocks of typical records."""
    source = random.Random(1)
    lines = [
        json.dumps(
            {
                "timestamp": f"2024-05-06T07:{i // 60 % 60:02}:{i % 60:02}.{i % 1000:03}Z",
                "request_id": f"request-{i}",
                "model_version": "1.0.0",
                "prediction": source.choice(["spam", "ham"]),
                "confidence": round(source.random(), 3),
                "latency_ms": round(source.lognormvariate(3, 1), 2),
                "features": {"age": source.randrange(80), "plan": source.choice("abc")},
            }
        ).encode()
        for i in range(MADE_UP)
    ]
    return [lines[start : start + 4_000] for start in range(0, MADE_UP, 4_000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--features", action="store_true", help="read the logged features too")
    arguments = parser.parse_args()
    blocks = [block.lines for block in read_blocks(arguments.files)] or made_up()
    first = json.loads(blocks[0][0])
    features = list(first.get("features") or {}) if arguments.features else []
    contenders: dict[str, Callable[[Blocks, list[str]], Totals]] = {
        "json.loads": loop,
        "parse": parse,
        "decode": decode,
    }
    best = dict.fromkeys(contenders, math.inf)
    totals = {}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            start = time.process_time()
            totals[name] = contender(blocks, features)
            best[name] = min(best[name], time.process_time() - start)
    number = sum(map(len, blocks))
    print(f"{number:,} lines, {sum(len(line) for block in blocks for line in block):,} bytes")
    for name, seconds in best.items():
        ratio = best["json.loads"] / seconds
        rate, each = number / seconds, seconds / number * 1e6
        print(f"{name:<12}{rate:>12,.0f} lines/s{each:>8.2f} us{ratio:>8.1f} x")
    agree = all(
        math.isclose(mine, theirs, rel_tol=1e-9)
        for mine, theirs in zip(
            vars(totals["parse"]).values(), vars(totals["json.loads"]).values(), strict=True
        )
    )
    print("both found the same" if agree else f"they differ: {totals}")


if __name__ == "__main__":
    main()
