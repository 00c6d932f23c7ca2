"""``modeltail syslog show``: what is in a model file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter.commands.printable import printable
from exporter.commands.streams import Streams
from exporter.commands.syslog.arguments import positive
from exporter.commands.syslog.model_files import online_model

if TYPE_CHECKING:
    # argparse keeps the type of what add_subparsers returns to itself.
    from argparse import _SubParsersAction

    from exporter.markov.online import OnlineModel


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "show",
        help="what is in a model",
        description="Say what a model has learned: how much, what p-values it can tell, and its "
        "most frequent lines.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="what was trained")
    parser.add_argument(
        "--top", type=positive, default=10, metavar="K", help="lines to show (default: 10)"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, streams: Streams) -> int:
    """Print it."""
    found = _summary(online_model(arguments.model), arguments.top)
    if arguments.format == "json":
        streams.out.write(f"{json.dumps(found)}\n")
        return 0
    reference = found["reference"]
    alpha = reference["least_alpha"]
    report = [
        ("lines", f"{found['lines']:,}"),
        ("hosts", f"{found['hosts']:,}"),
        ("tags", f"{found['tags']:,}"),
        ("templates", f"{found['templates']:,}"),
        ("forgotten counts", f"{found['forgotten']:,}"),
        ("reference", f"{reference['lines']:,} lines, compared with {reference['compared']:,}"),
        ("alpha of incidents", "none: too few lines" if alpha is None else f"from {alpha:.2g} on"),
    ]
    streams.out.write("".join(f"{name:<24}{value}\n" for name, value in report))
    streams.out.write("\nmost frequent lines\n")
    for line in found["most_frequent"]:
        streams.out.write(f"{line['count']:>12,}  {printable(line['text'])}\n")
    return 0


def _summary(model: OnlineModel, top: int) -> dict[str, Any]:
    detector = model.detector
    templates, reference = detector.templates, detector.reference
    states, counts = detector.frequency
    # Of as frequent ones the first that came.
    order = sorted(range(len(states)), key=lambda row: (-int(counts[row]), int(states[row])))
    return {
        "lines": detector.lines,
        "hosts": len(detector.hosts),
        "tags": len(detector.tags),
        # The first two stand for the beginning and the end of a process.
        "templates": len(templates) - 2,
        "forgotten": detector.forgotten,
        "reference": {
            "lines": reference.transitions,
            "compared": reference.compared,
            "least_alpha": 1 / (1 + reference.compared) if reference.compared else None,
        },
        "most_frequent": [
            {
                "count": int(counts[row]),
                "tag": templates.tag(int(states[row])),
                "text": templates.text(int(states[row])),
            }
            for row in order[:top]
        ],
    }
