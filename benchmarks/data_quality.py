"""What rules cost: microseconds a prediction, beside the usual way of one pydantic model a record.

Parsing is left out on both sides. Both count what each of ten numeric features breaks: type, range
and presence.

Run: ``python benchmarks/data_quality.py [--batch N] [--bad SHARE]``
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

import pydantic

from exporter.config import Privacy, Rules
from exporter.event_time import EventTime
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.data_quality import DataQuality
from exporter.parsing.json_lines import JsonLines
from exporter.records import RecordBatch
from exporter.windows import Window

NAMES = [f"f{number}" for number in range(10)]
WINDOWS = (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
NOW = 1_700_000_000.0
REPEATS = 8
LIMITS = {"type": "number", "required": True, "min": 0, "max": 100}
SETTINGS: dict[str, dict[str, Any]] = {
    "10 numeric features": {"fields": {f"features.{name}": LIMITS for name in NAMES}},
    "unique request_id": {"fields": {"request_id": {"unique": True}}},
    "duplicates": {"duplicates": True},
    "one comparison": {"compare": ["features.f0 <= features.f1"]},
}


def records(chance: random.Random, n: int, bad: float) -> list[dict[str, Any]]:
    """Return predictions of which each feature is a text in a share of the records."""
    return [
        {
            "timestamp": NOW - position / n * 60,
            "request_id": f"req-{chance.random()}",
            "prediction": "a",
            "features": {
                name: "bad" if chance.random() < bad else chance.random() * 101 for name in NAMES
            },
        }
        for position in range(n)
    ]


def batch(made: list[dict[str, Any]]) -> RecordBatch:
    """Return the records as they reach a monitor, nothing of them looked at yet."""
    parsed = JsonLines(features=NAMES).parse([json.dumps(one).encode() for one in made], NOW)
    return EventTime(WINDOWS, replay=False).place(parsed.batch)


def fastest(prepare: Callable[[], Any], measured: Callable[[Any], None]) -> float:
    """Return the seconds of the fastest of some runs, each on fresh input."""
    seconds = []
    for _ in range(REPEATS):
        prepared = prepare()
        start = time.perf_counter()
        measured(prepared)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


class PerRecord:
    """One pydantic model a record, and a counter of its errors."""

    def __init__(self) -> None:
        number = Annotated[float, pydantic.Field(ge=0, le=100, strict=True, allow_inf_nan=False)]
        fields: dict[str, Any] = dict.fromkeys(NAMES, (number, ...))
        self._model = pydantic.create_model("Features", **fields)
        self.found: Counter[tuple[Any, str]] = Counter()

    def update(self, made: list[dict[str, Any]]) -> None:
        """Validate each record."""
        for one in made:
            try:
                self._model.model_validate(one["features"])
            except pydantic.ValidationError as error:
                for detail in error.errors(include_url=False, include_input=False):
                    self.found[detail["loc"][0], detail["type"]] += 1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=4000)
    parser.add_argument("--bad", type=float, default=0.0)
    options = parser.parse_args()
    n = options.batch

    def fresh() -> list[dict[str, Any]]:
        return records(random.Random(0), n, options.bad)

    def monitor(name: str) -> DataQuality:
        rules = Rules.model_validate(SETTINGS[name])
        return DataQuality({}, WINDOWS, rules, Privacy(), SeriesBudget.unlimited())

    ours = {
        name: fastest(lambda: batch(fresh()), monitor(name).update) / n * 1e6 for name in SETTINGS
    }
    beside = fastest(lambda: _looked_at(batch(fresh())), monitor("10 numeric features").update)
    theirs = fastest(fresh, PerRecord().update) / n * 1e6
    for name, cost in ours.items():
        print(f"{name}: {cost:.2f} us a prediction")
    first = ours["10 numeric features"]
    print(f"10 numeric features beside a drift test of them: {beside / n * 1e6:.2f} us")
    print(f"pydantic, 10 numeric features: {theirs:.2f} us, {theirs / first:.1f} times as long")
    _same(fresh(), monitor("10 numeric features"))


def _looked_at(one: RecordBatch) -> RecordBatch:
    for column in one.features.values():
        column.numeric()
    return one


def _same(made: list[dict[str, Any]], ours: DataQuality) -> None:
    """Refuse figures of two that did not find the same."""
    theirs = PerRecord()
    theirs.update(made)
    ours.update(batch(made))
    counted = sum(ours.snapshot().violations.values())
    if counted != theirs.found.total():
        raise SystemExit(f"{counted} violations here, {theirs.found.total()} there")
    print(f"both found {counted} violations in {len(made)} predictions")


if __name__ == "__main__":
    main()
