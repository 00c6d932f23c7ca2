"""How long a line takes in each format: the same records, to columns.

    python benchmarks/formats.py [--records N]

Every format reads blocks of 5,000 lines from memory, in one thread. They take turns; the best of
the rounds counts. Ratios are to JSON, and for syslog to RFC 3164.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from exporter.bounded_search import BoundedPattern
from exporter.parsing.csv_lines import CsvLines
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.logfmt import Logfmt
from exporter.parsing.regex_lines import Expression
from exporter.parsing.syslog_lines import EitherSyslogLines, syslog_parser
from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import TextLines
from exporter.tailing.lines import Lines

FEATURES = ("age", "plan", "amount")
PATTERN = BoundedPattern(
    r"^(?P<timestamp>\S+) v(?P<model_version>\S+) <(?P<prediction>[^>]*)> (?P<true_label>\S+) "
    r"(?P<confidence>\S+) (?P<latency_ms>\S+) (?P<age>\d+) (?P<plan>\S+) (?P<amount>\S+)$"
)
BLOCK_LINES = 5000
ROUNDS = 5


def records(number: int) -> list[dict[str, Any]]:
    """Make predictions with three features."""
    chance = random.Random(7)
    return [
        {
            "timestamp": f"2026-01-31T09:{i // 60 % 60:02}:{i % 60:02}.123Z",
            "model_version": "7",
            "prediction": chance.choice(["refund", "invoice"]),
            "true_label": "refund",
            "confidence": round(chance.random(), 3),
            "latency_ms": round(100 * chance.random(), 2),
            "age": chance.randint(18, 90),
            "plan": chance.choice(["pro", "free"]),
            "amount": round(1000 * chance.random(), 2),
        }
        for i in range(number)
    ]


def columns(dot: str = ".") -> TextColumns:
    """Return what the texts mean."""
    return TextColumns("auto", {"features": ""}, FEATURES, (), dot)


def logs(made: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, list[str]]]:
    """Return for each format its parser and the records in it."""
    objects = [
        json.dumps(
            {key: value for key, value in record.items() if key not in FEATURES}
            | {"features": {key: record[key] for key in FEATURES}}
        )
        for record in made
    ]
    pairs = [" ".join(f"{key}={value}" for key, value in record.items()) for record in made]
    mixed = [f'{line} msg="a b"' if i % 2 else line for i, line in enumerate(pairs)]
    rows = [",".join(map(str, record.values())) for record in made]
    quoted = [row.replace("refund,", '"refund",') for row in rows]
    free = [
        "{timestamp} v{model_version} <{prediction}> {true_label} {confidence} {latency_ms} {age} "
        "{plan} {amount}".format(**record)
        for record in made
    ]
    header = ",".join(made[0]).encode()
    said = [
        f"web{i % 9} sshd 7 - {{}}Failed password for u{i % 99} from 10.0.0.{i % 250} port {i}"
        for i in range(len(made))
    ]
    new = "<38>1 2026-01-31T09:30:00.123456+00:00 "
    old = ["Jan 31 09:30:00 " + line.format("").replace(" 7 - ", "[7]: ", 1) for line in said]
    return {
        "json": (JsonLines(features=FEATURES), objects),
        "logfmt": (TextLines(Logfmt(), columns()), pairs),
        "logfmt, two layouts": (TextLines(Logfmt(), columns()), mixed),
        "csv": (CsvLines(columns()).below(header), rows),
        "csv, quoted": (CsvLines(columns()).below(header), quoted),
        "regex": (TextLines(Expression(PATTERN), columns("_")), free),
        "rfc3164": (syslog_parser("s", "rfc3164", "UTC"), old),
        "rfc5424": (syslog_parser("s", "rfc5424"), [new + line.format("- ") for line in said]),
        "rfc5424, data": (
            syslog_parser("s", "rfc5424"),
            [new + line.format('[origin ip="10.0.0.1"] ') for line in said],
        ),
        "syslog, mixed": (
            EitherSyslogLines("s", "UTC"),
            [new + line.format("- ") if i % 2 else old[i] for i, line in enumerate(said)],
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000, metavar="N")
    number = parser.parse_args().records
    contenders = logs(records(number))
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(ROUNDS):
        for name, (reader, lines) in contenders.items():
            blocks = [
                Lines("\n".join(part).encode(), len(part))
                for part in (lines[i : i + BLOCK_LINES] for i in range(0, number, BLOCK_LINES))
            ]
            start = time.process_time()
            parsed = sum(reader.parse(block, time.time()).parsed for block in blocks)
            best[name] = min(best[name], time.process_time() - start)
            if parsed != number:
                raise SystemExit(f"{name}: {parsed:,} of {number:,} lines parsed")
    for name, seconds in best.items():
        peer = "rfc3164" if name.startswith(("rfc", "syslog")) else "json"
        print(
            f"{name:<22}{1e6 * seconds / number:>6.2f} us/line"
            f"{best[peer] / seconds:>7.2f} x the speed of {peer}"
        )


if __name__ == "__main__":
    main()
