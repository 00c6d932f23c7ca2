"""Logs, references and a configuration of some models, as large as asked for."""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.live.exporters import COMMAND

PREDICTIONS = 600
"""Of each version, in the half hour before `now`."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a fleet is.

    Attributes
    ----------
    models, versions, features, classes, windows
        How many of each; features, numbers all, are of each model, classes as well.
    """

    models: int = 1
    versions: int = 1
    features: int = 0
    classes: int = 2
    windows: int = 1

    @property
    def names(self) -> list[str]:
        """The names of the models."""
        return [f"model{number:02d}" for number in range(self.models)]


def records(size: Size, now: float, count: int, seed: int) -> list[str]:
    """Return lines of a model's log, the versions in turn."""
    chance = random.Random(seed)
    lines = []
    for number in range(count * size.versions):
        label = f"class{chance.randrange(size.classes)}"
        right = chance.random() < 0.9
        prediction = label if right else f"class{chance.randrange(size.classes)}"
        record: dict[str, Any] = {
            "timestamp": now - 1800 + 1700 * number / (count * size.versions),
            "model_version": str(1 + number % size.versions),
            "prediction": prediction,
            "true_label": label,
            "confidence": round(chance.betavariate(8, 2), 3),
            "latency_ms": round(chance.lognormvariate(3, 0.5), 1),
        }
        if size.features:
            record["features"] = {
                f"feature{place:02d}": round(chance.gauss(0, 1), 3)
                for place in range(size.features)
            }
        lines.append(json.dumps(record))
    return lines


def write(directory: Path, size: Size, now: float) -> Path:
    """Write everything, and return the configuration."""
    durations = ["1h", "2h", "6h", "12h", "24h", "3h"]
    models = [
        {
            "name": name,
            "paths": [str(directory / f"{name}.jsonl")],
            "thresholds": {
                "min_accuracy": 0.8,
                "min_confidence": 0.6,
                "max_latency_p95_seconds": 1.0,
                "max_error_ratio": 0.1,
            },
        }
        for name in size.names
    ]
    path = directory / "modeltail.yml"
    configuration: dict[str, Any] = {"windows": durations[: size.windows], "models": models}
    path.write_text(yaml.safe_dump(configuration))
    for number, name in enumerate(size.names):
        lines = records(size, now, PREDICTIONS, number)
        (directory / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    if size.features:
        # One is enough: all models are alike.
        reference = directory / "all.ref"
        command = [*COMMAND, "reference", "build", "--config.file", path, "--model", size.names[0]]
        past = directory / "past.jsonl"
        past.write_text("\n".join(records(size, now - 86_400, 4 * PREDICTIONS, 99)) + "\n")
        subprocess.run([*command, "-o", reference, past], check=True, capture_output=True)
        for model in models:
            model["drift"] = {"reference": str(reference)}
        path.write_text(yaml.safe_dump(configuration))
    return path
