"""A nightly batch job that scores a CSV file, and logs each row as a prediction.

Needs nothing but ``pip install modeltail``.

    python examples/batch_job.py houses.csv prices.csv predictions.jsonl

Rows have the time of the job. A row that can't be scored is an error event and does not stop the
job. Processes that score parts of a file side by side may share the log.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from exporter.logging import PredictionLogger

PER_SQUARE_METRE = 4_200.0
ERROR = 0.15


def price(row: dict[str, str]) -> float:
    """Return a price; stands for your model."""
    area = float(row["area"])
    if area <= 0:
        raise ValueError(f"an area of {area:g} is none")
    return area * PER_SQUARE_METRE


def score(rows: csv.DictReader[str], out: Path, log: PredictionLogger) -> int:
    """Score all rows, write the prices, and return how many had none."""
    failed = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "price"])
        for row in rows:
            try:
                with log.timed(request_id=row["id"]) as attempt:
                    value = price(row)
                    attempt.predicted(
                        value,
                        prediction_lower=value * (1 - ERROR),
                        prediction_upper=value * (1 + ERROR),
                        features={"area": float(row["area"]), "district": row["district"]},
                    )
            except ValueError as error:
                failed += 1
                print(f"{row['id']}: {error}", file=sys.stderr)
            else:
                writer.writerow([row["id"], f"{value:.2f}"])
    return failed


def main() -> int:
    """Score a file; exit with 1 if some rows have no price."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="CSV with the columns id, area, district")
    parser.add_argument("prices", type=Path, help="CSV that is written")
    parser.add_argument("log", type=Path, help="prediction log that is appended to")
    arguments = parser.parse_args()
    log = PredictionLogger.to_file(arguments.log, model="house_prices", model_version="2")
    log.environment([])
    with arguments.rows.open(newline="", encoding="utf-8") as file:
        failed = score(csv.DictReader(file), arguments.prices, log)
    log.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
