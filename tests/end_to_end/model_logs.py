"""Logs of four models that log all there is to log, written while somebody looks on."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

Record = dict[str, Any]

RATE = 25
"""Records a second of each model."""
HISTORY_SECONDS = 60.0
"""For how long the models have been at work when somebody begins to look."""
LATE = 20
"""So many records later than its prediction a label comes that is late."""


def support(random: np.random.Generator, number: int) -> Record:
    """Return a yes or no with everything about it that is read; or a failure."""
    if number % 50 == 49:
        return {"error_type": "TimeoutError", "latency_ms": 900}
    sure = random.uniform(0.5, 1)
    answer = int(random.integers(2))
    right = random.uniform() < sure
    age, plan = random.normal(40, 10), ("free", "plus", "team")[random.integers(3)]
    return {
        "request_id": f"{number}",
        "prediction": answer,
        "true_label": answer if right else 1 - answer,
        "confidence": sure,
        "probabilities": {str(answer): sure, str(1 - answer): 1 - sure},
        "threshold": 0.5,
        "latency_ms": random.exponential(50),
        "input_length": int(random.integers(10, 500)),
        # Every hundredth is out of range: a broken rule.
        "oov_ratio": 7 if number % 100 == 0 else random.uniform(0, 0.2),
        "escalated": bool(random.uniform() < 0.1),
        "cost": 0.01,
        "currency": "EUR",
        "features": {"age": age, "plan": plan},
        "attributions": {"age": random.normal(), "plan": random.normal() / 2},
        "embedding": random.normal(size=4).tolist(),
        "uncertainty": random.uniform(),
        "slice": {"region": ("north", "south")[number % 2]},
        "tokens_in": 30,
        "tokens_out": int(random.integers(5, 50)),
        "time_to_first_token_ms": random.exponential(100),
        "finish_reason": "length" if number % 9 == 0 else "stop",
    }


def prices(random: np.random.Generator, number: int) -> Record:
    """Return a number with an interval around it."""
    area = random.uniform(20, 200)
    price = 1000 * area + random.normal(0, 5000)
    return {
        "prediction": 1000.5 * area,
        "prediction_lower": 1000 * area - 10000,
        "prediction_upper": 1000 * area + 10000,
        "true_label": price,
        "latency_ms": 5,
        "features": {"area": area},
    }


def search(random: np.random.Generator, number: int) -> Record:
    """Return a ranked list."""
    items = [f"item{one}" for one in random.permutation(20)[:10]]
    return {"prediction": items, "true_label": ["item1", "item2"], "latency_ms": 20}


def tags(random: np.random.Generator, number: int) -> Record:
    """Return a set of classes."""
    return {"prediction": ["a", "b"], "true_label": ["a", "bc"[number % 2]], "latency_ms": 1}


MODELS: dict[str, Callable[[np.random.Generator, int], Record]] = {
    "support": support,
    "prices": prices,
    "search": search,
    "tags": tags,
}


class ModelLogs:
    """Appends records of every model to `NAME.jsonl` until it is left.

    Parameters
    ----------
    folder
        Where the logs are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._random = np.random.default_rng(7)
        self._number = 0
        self._late: deque[str] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="model logs", daemon=True)

    def write_references(self) -> None:
        """Write 1,000 predictions of every model to `NAME.reference.jsonl`."""
        for name, record in MODELS.items():
            made = [record(self._random, number) for number in range(1000)]
            text = "".join(f"{json.dumps(one)}\n" for one in made)
            (self._folder / f"{name}.reference.jsonl").write_text(text)

    def _append(self, now: float) -> None:
        """Append one record of every model; of the first model also what goes wrong."""
        for name, record in MODELS.items():
            one = {
                "timestamp": now,
                "model_version": str(1 + self._number % 2),
                **record(self._random, self._number),
            }
            lines = [json.dumps(one)]
            if name == "support":
                lines = [*self._label_later(one), *self._mishaps()]
            with (self._folder / f"{name}.jsonl").open("a") as log:
                log.writelines(f"{line}\n" for line in lines)
        self._number += 1

    def _label_later(self, record: Record) -> list[str]:
        """Return the record without its label, and the label of an earlier one."""
        label = record.pop("true_label", None)
        if label is None or self._number % 4:
            return [json.dumps(record if label is None else {**record, "true_label": label})]
        self._late.append(json.dumps({"request_id": record["request_id"], "true_label": label}))
        due = [self._late.popleft()] if len(self._late) > LATE else []
        return [json.dumps(record), *due]

    def _mishaps(self) -> list[str]:
        """Return what is no record, holds nothing, or is a label of nothing."""
        if self._number % 40:
            return []
        return ["no record", '{"timestamp": 1}', "", '{"request_id": "none", "true_label": 1}']

    def _go_on(self) -> None:
        while not self._stop.wait(1 / RATE):
            self._append(time.time())

    def __enter__(self) -> Self:
        begin = time.time() - HISTORY_SECONDS
        for number in range(int(HISTORY_SECONDS * RATE)):
            self._append(begin + number / RATE)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
