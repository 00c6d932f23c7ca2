"""A scikit-learn classifier that logs its predictions, why it made them, and later the truth.

Needs ``pip install modeltail scikit-learn``.

    python examples/scikit_learn.py predictions.jsonl --records 500

The file is a prediction log: `paths: [predictions.jsonl]` of a model in modeltail.yml follows it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exporter.logging import PredictionLogger

FEATURES = 8


class Screening:
    """A linear classifier of two classes, with the contribution of each feature."""

    def __init__(self) -> None:
        data = load_breast_cancer()
        self.names = [str(name) for name in data.feature_names[:FEATURES]]
        self.classes = [str(name) for name in data.target_names]
        train, self.unseen, truth, self.truth = train_test_split(
            data.data[:, :FEATURES], data.target, test_size=0.4, random_state=0
        )
        self._model = make_pipeline(StandardScaler(), LogisticRegression())
        self._model.fit(train, truth)

    def predict(self, row: NDArray[np.float64]) -> dict[str, Any]:
        """Return the fields of the event of one prediction."""
        shares = self._model.predict_proba([row])[0]
        scaler, linear = self._model[0], self._model[1]
        # Of a linear model the contributions are exact: coefficient times distance from the mean.
        contributions = linear.coef_[0] * scaler.transform([row])[0]
        return {
            "prediction": self.classes[int(shares.argmax())],
            "probabilities": dict(zip(self.classes, shares, strict=True)),
            "features": dict(zip(self.names, row, strict=True)),
            "attributions": dict(zip(self.names, contributions, strict=True)),
        }


def serve(log: PredictionLogger, model: Screening, records: int) -> Iterator[tuple[str, str]]:
    """Answer requests; yield the id of each, and what turns out to be true of it later."""
    for number in range(records):
        row = number % len(model.unseen)
        request_id = f"request-{number}"
        # The block is the latency; what it raises is an error.
        with log.timed(request_id=request_id) as attempt:
            attempt.predicted(**model.predict(model.unseen[row]))
        yield request_id, model.classes[model.truth[row]]


def main() -> None:
    """Serve, and log the truth when it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--records", type=int, default=500)
    arguments = parser.parse_args()
    log = PredictionLogger.to_file(arguments.log, model="screening", model_version="1")
    log.environment(["scikit-learn", "numpy"])
    for request_id, truth in list(serve(log, Screening(), arguments.records)):
        log.label(request_id, truth)
    log.close()


if __name__ == "__main__":
    main()
