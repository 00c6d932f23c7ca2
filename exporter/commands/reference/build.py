"""`modeltail reference build`: make a reference of prediction logs."""

from __future__ import annotations

import argparse
from pathlib import Path

from exporter import config
from exporter.commands.reference.printing import describe
from exporter.commands.reference.profiling import configured, profiled
from exporter.commands.streams import Streams
from exporter.drift.reference import Reference
from exporter.drift.reference_file import write
from exporter.errors import UsageError
from exporter.quality.inference import as_yaml


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Build the reference."""
    configuration = config.load(arguments.config_file)
    source = configured(configuration, arguments.model, arguments.config_file)
    reference = profiled(configuration, source, arguments.files, arguments, streams)
    write(reference, arguments.output)
    describe(reference, streams)
    streams.out.write(f"wrote {arguments.output}\n")
    _write_rules(reference, arguments.output, streams)
    return 0


def _write_rules(reference: Reference, output: Path, streams: Streams) -> None:
    path = output.with_name(output.name.removesuffix(".ref") + ".rules.yml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(as_yaml(reference))
    except FileExistsError:
        streams.err.write(
            f"note: {path} is kept, since somebody may have edited it; "
            f"`modeltail reference rules {output}` prints the rules of this reference\n"
        )
    except OSError as error:
        raise UsageError(f"{path}: can't write the rules: {error.strerror}") from error
    else:
        streams.out.write(f"wrote {path}\n")
