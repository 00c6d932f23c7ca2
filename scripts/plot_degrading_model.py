"""Draws docs/img/degrading_model.svg: what the exporter exposes while the demo's model degrades.

The demo's model service answers 10 requests a second for 24 minutes of simulated time, with noise
in its inputs from the 8th to the 18th minute. Every 10 s the exporter's pipeline reads what was
logged since, and the figures that it exposes become points of the plot.

    python -m scripts.plot_degrading_model
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry

from demo.digits import DigitModel, Scanner
from demo.model_service import answer
from demo.noise import NoiseSchedule
from exporter import cli, config
from exporter.assembly import assemble
from exporter.commands.streams import Streams
from exporter.exposition.collector import PublishedCollector
from exporter.logging import PredictionLogger
from exporter.pipeline import Pipeline

PICTURE = Path(__file__).parents[1] / "docs" / "img" / "degrading_model.svg"
WINDOW = "2m"
START = 1_767_225_600.0
MINUTES = 24
STEP_SECONDS = 10
RATE = 10
SCHEDULE = NoiseSchedule(calm=480, rise=300, plateau=300, highest=8.0)
MIN_ACCURACY = 0.85
_SEED = 20260131


@dataclass(frozen=True, slots=True)
class Point:
    """What is exposed `minute` minutes after the start; ``None`` where a series is absent."""

    minute: float
    accuracy: float | None
    lower: float | None
    upper: float | None
    confidence: float | None
    drifted: float | None


def observe(directory: Path, minutes: float = MINUTES, rate: float = RATE) -> Iterator[Point]:
    """Let the model serve, and yield what the exporter shows."""
    model = DigitModel(_SEED)
    paths = {"log": directory / "predictions.jsonl", "good": directory / "good.jsonl"}
    configured = {
        "windows": [WINDOW],
        "models": [
            {
                "name": "digits",
                "paths": [str(paths["log"])],
                "thresholds": {"min_accuracy": MIN_ACCURACY},
                "drift": {"reference": str(directory / "digits.ref"), "min_samples": 300},
            }
        ],
    }
    file = directory / "modeltail.yml"
    file.write_text(yaml.safe_dump(configured), encoding="utf-8")
    now = START
    good = PredictionLogger.to_file(paths["good"], clock=lambda: now, model_version="1.0")
    scanner = Scanner(model, _SEED + 1)
    for _ in range(3000):
        answer(model, scanner, good, noise=0.0)
    good.close()
    build = ("--model", "digits", "-o", str(directory / "digits.ref"), str(paths["good"]))
    cli.execute(("reference", "build", "--config.file", str(file), *build), Streams.standard())

    parts = assemble(config.load(file), replay=True)
    collector = PublishedCollector(parts.isolation, lambda: now, None, START)
    pipeline = Pipeline(
        parts.sources,
        parts.groups,
        parts.isolation,
        parts.budget,
        None,
        collector.publish,
        lambda: now,
        parts.windows_end,
    )
    registry = CollectorRegistry()
    registry.register(collector)
    events = PredictionLogger.to_file(paths["log"], clock=lambda: now, model_version="1.0")
    scanner = Scanner(model, _SEED + 2, broken_share=0.01)
    for second in range(0, int(minutes * 60), STEP_SECONDS):
        for request in range(int(STEP_SECONDS * rate)):
            elapsed = second + request / rate
            now = START + elapsed
            answer(model, scanner, events, SCHEDULE.at(elapsed))
        pipeline.drain()
        pipeline.checkpoint_and_publish()
        yield _point(registry, (now - START) / 60)
    events.close()
    pipeline.close()


def _point(registry: CollectorRegistry, minute: float) -> Point:
    labels = {"model": "digits", "version": "1.0", "window": WINDOW}

    def value(name: str) -> float | None:
        return registry.get_sample_value(name, labels)

    return Point(
        minute,
        value("model_accuracy_ratio"),
        value("model_accuracy_lower_ratio"),
        value("model_accuracy_upper_ratio"),
        value("model_confidence_mean"),
        value("model_drift_features_ratio"),
    )


_LEFT, _RIGHT, _TOP, _WIDTH, _HEIGHT = 52, 196, 40, 860, 330
_BASE = _HEIGHT - 42
_STYLE = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#333}"
    ".small{font-size:12px;fill:#666}.title{font-size:15px;font-weight:600}"
    "path,line{fill:none;stroke-width:2;stroke-linejoin:round}.grid{stroke:#e3e3e3;stroke-width:1}"
)
_HEADER = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"
aria-labelledby="t d"><title id="t">A model degrades and recovers</title>
<desc id="d">Accuracy and confidence fall and the share of drifted columns rises while noise is in
the model's inputs; all recover when it is gone.</desc>
<style>{_STYLE}</style>
<rect width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="#fff" stroke="#ddd"/>
<text class="title" x="{_LEFT}" y="25">The demo's model while noise is in its inputs,
window="{WINDOW}"</text>"""
_COLOURS = {"accuracy": "#0b6bcb", "confidence": "#b35a00", "drifted": "#6b2fa0"}


def draw(points: Sequence[Point]) -> str:
    """Return the plot as SVG."""
    last = points[-1].minute
    parts = [_HEADER]
    noisy = (SCHEDULE.calm / 60, (SCHEDULE.calm + SCHEDULE.rise + SCHEDULE.plateau) / 60)
    left, right = (_x(min(minute, last), last) for minute in noisy)
    parts.append(
        f'<rect x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{_BASE - _TOP}" '
        f'fill="#f3f1ea"/><text class="small" x="{right - 6:.1f}" y="{_BASE - 8}" '
        'text-anchor="end">noise</text>'
    )
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="small" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{tenth / 10:.1f}</text>"
        )
    parts += [
        f'<text class="small" x="{_x(minute, last):.1f}" y="{_BASE + 18}" text-anchor="middle">'
        f"{minute}</text>"
        for minute in range(0, int(last) + 2, 4)
        if minute <= last + 0.1
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text class="small" x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">minutes</text>'
    )
    limit = _y(MIN_ACCURACY)
    parts.append(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{limit:.1f}" y2="{limit:.1f}" '
        f'stroke="#c0182b" style="stroke-dasharray:5 4;stroke-width:1.5"/>'
    )
    parts.append(f'<path d="{_band(points, last)}" style="fill:#0b6bcb;fill-opacity:.16"/>')
    for name, colour in _COLOURS.items():
        parts.append(f'<path d="{_line(points, name, last)}" stroke="{colour}"/>')
    parts += _legend(
        (
            ("model_accuracy_ratio", _COLOURS["accuracy"]),
            ("with its 95 % interval", "#666"),
            (f"model_threshold, {MIN_ACCURACY}", "#c0182b"),
            ("model_confidence_mean", _COLOURS["confidence"]),
            ("model_drift_features_ratio", _COLOURS["drifted"]),
        )
    )
    return "\n".join((*parts, "</svg>\n"))


def _legend(entries: Sequence[tuple[str, str]]) -> Iterator[str]:
    for row, (text, colour) in enumerate(entries):
        y = _TOP + 16 + 22 * row
        yield (
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{y}" style="font-size:12px;fill:{colour}">'
            f"{text}</text>"
        )


def _x(minute: float, last: float) -> float:
    return _LEFT + (_WIDTH - _RIGHT - _LEFT) * minute / last


def _y(share: float) -> float:
    return _BASE - (_BASE - _TOP) * share


def _line(points: Sequence[Point], name: str, last: float) -> str:
    known = [(point.minute, getattr(point, name)) for point in points]
    return _joined([(_x(minute, last), _y(v)) for minute, v in known if v is not None])


def _band(points: Sequence[Point], last: float) -> str:
    """Return the outline of the interval: along its lower end, and back along its upper one."""
    lower = [(p.minute, p.lower) for p in points if p.lower is not None]
    upper = [(p.minute, p.upper) for p in points if p.upper is not None]
    return _joined([(_x(m, last), _y(v)) for m, v in (*lower, *reversed(upper))]) + "Z"


def _joined(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)


def main() -> None:
    """Draw the picture anew."""
    with tempfile.TemporaryDirectory() as directory:
        points = list(observe(Path(directory)))
    PICTURE.write_text(draw(points), encoding="utf-8")


if __name__ == "__main__":
    main()
