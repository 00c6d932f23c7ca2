"""The exporter on the demo's logs: its configuration, what is prepared offline, its start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demo.programs import Program, run_to_end

TRAINING_LOG = Path(__file__).parent / "data" / "syslog.train.log"

_PROJECT = Path(__file__).parents[1]
_MODELTAIL = str(Path(sys.executable).with_name("modeltail"))


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything lies in the run directory."""

    directory: Path

    @property
    def configuration(self) -> Path:
        """Return the exporter's configuration file."""
        return self.directory / "modeltail.yml"

    @property
    def predictions(self) -> Path:
        """Return the log of the model service."""
        return self.directory / "logs" / "predictions.jsonl"

    @property
    def syslog(self) -> Path:
        """Return the file that the recorded syslog is replayed to."""
        return self.directory / "logs" / "syslog"

    @property
    def reference_predictions(self) -> Path:
        """Return the log of the model on clean inputs."""
        return self.directory / "reference.jsonl"

    @property
    def reference(self) -> Path:
        """Return the drift reference made of it."""
        return self.directory / "digits.ref"

    @property
    def markov(self) -> Path:
        """Return the Markov model of the syslog of normal days."""
        return self.directory / "edge.markov"


def configuration(files: Files) -> dict[str, Any]:
    """Return the exporter's configuration; windows are short, since the demo is."""
    return {
        "windows": ["30s", "2m"],
        "models": [
            {
                "name": "digits",
                "paths": [str(files.predictions)],
                "thresholds": {
                    "min_accuracy": 0.85,
                    "min_confidence": 0.75,
                    "max_latency_p95_seconds": 0.5,
                    "max_error_ratio": 0.05,
                },
                "drift": {"reference": str(files.reference)},
                "slo": {
                    "availability": {"objective": 0.98},
                    "latency": {"objective": 0.99, "below_seconds": 0.5},
                    "quality": {"objective": 0.95},
                },
            }
        ],
        "syslog": [
            {
                "name": "edge",
                "paths": [str(files.syslog)],
                "model": str(files.markov),
                # A minute of the rules is two seconds of the demo.
                "incident": "2s",
            },
        ],
    }


def prepare(files: Files, tell: Callable[[str], None]) -> None:
    """Write the configuration, build the reference, train the Markov model, check it all.

    Parameters
    ----------
    tell
        Called with every command before it runs, and with what it prints.

    Raises
    ------
    ProgramError
        One of the commands fails.
    """
    files.configuration.write_text(
        yaml.safe_dump(configuration(files), sort_keys=False), encoding="utf-8"
    )
    config = ("--config.file", str(files.configuration))
    build = ("--model", "digits", "-o", str(files.reference), str(files.reference_predictions))
    for arguments in (
        ("syslog", "train", "-o", str(files.markov), str(TRAINING_LOG)),
        ("reference", "build", *config, *build),
        ("check", *config),
    ):
        tell(_short(f"$ modeltail {' '.join(arguments)}", files))
        tell(_short(run_to_end([_MODELTAIL, *arguments]).rstrip(), files))


def _short(text: str, files: Files) -> str:
    """Return the text with paths as short as a reader needs them."""
    return text.replace(f"{files.directory}/", "").replace(f"{_PROJECT}/", "")


def start_exporter(files: Files, address: str) -> Program:
    """Start the exporter and wait until it is ready.

    Raises
    ------
    ProgramError
        It does not come up.
    """
    program = Program(
        "exporter",
        files.directory,
        [
            *(_MODELTAIL, "run", "--config.file", str(files.configuration)),
            *("--web.listen-address", address),
            *("--storage.path", str(files.directory / "storage")),
        ],
    )
    try:
        program.wait_for_url(f"http://{address}/-/ready")
    except BaseException:
        program.stop()
        raise
    return program


def start_model_service(files: Files, rate: float, calm: float) -> Program:
    """Start the model service; the reference predictions are there when this returns.

    Parameters
    ----------
    rate
        Predictions a second.
    calm
        Seconds before noise creeps into its inputs.

    Raises
    ------
    ProgramError
        It does not come up.
    """
    program = Program(
        "model-service",
        files.directory,
        [
            *(sys.executable, "-m", "demo.model_service"),
            *("--reference", str(files.reference_predictions), "--log", str(files.predictions)),
            *("--rate", str(rate), "--calm", str(calm)),
        ],
        working_directory=_PROJECT,
        # One image at a time needs no second thread of the linear algebra.
        environment={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        program.wait_for_file(files.reference_predictions)
    except BaseException:
        program.stop()
        raise
    return program
