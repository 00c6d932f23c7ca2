"""Model files that subcommands write and read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.errors import UsageError

if TYPE_CHECKING:
    from exporter.markov.online import OnlineModel


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the file to write."""
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="MODEL", help="file to write"
    )


def refuse_missing_directory(output: Path) -> None:
    """Say so before the work is done.

    Raises
    ------
    UsageError
        If there is no directory to write to.
    """
    if not output.parent.is_dir():
        raise UsageError(f"{output}: there is no directory {output.parent}")


def online_model(path: Path) -> OnlineModel:
    """Return what a model file holds for scoring.

    Raises
    ------
    UsageError
        If it can't be read, or is of an older version.
    """
    from exporter.markov import model_file  # noqa: PLC0415
    from exporter.markov.online import OnlineModel  # noqa: PLC0415

    state = model_file.load(path).online
    if state is None:
        raise UsageError(f"{path}: written by an older modeltail; train it anew")
    model = OnlineModel()
    model.load(state)
    return model
