"""Logs are written by others: whatever they say is text, costs what it costs, and stops nothing.

How the status page shows it is in `tests/browser/`, how notifications do in `tests/stack/`.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.commands.exporter_process import COMMAND, REPOSITORY
from tests.commands.terminal import Terminal

HOSTILE = 'a"} 1\nmodel_owned_total 7\n# HELP x\\"\x1b]0;owned\x07\x9b2J\r\u202e\x00<b>{{ .X }}'
CONTROL = [chr(code) for code in (*range(32), 127, *range(128, 160)) if chr(code) != "\n"]


def configured(folder: Path, log: bytes, name: str = "app.log", **settings: object) -> Path:
    """Write a log and the configuration of the model that it is of; return the latter."""
    (folder / name).write_bytes(log)
    model = {"name": "bot", "paths": [str(folder / name)], **settings}
    config = folder / "modeltail.yml"
    config.write_text(json.dumps({"models": [model]}))
    return config


def run(*arguments: object, out: io.StringIO | None = None) -> tuple[int, str, str]:
    """Run a command; return exit code, output and messages."""
    out, err = out or io.StringIO(), io.StringIO()
    code = execute([str(one) for one in arguments], Streams(out, err, io.BytesIO()))
    return code, out.getvalue(), err.getvalue()


def scanned(config: Path) -> dict[tuple[str, ...], float]:
    """Return what a scan exposes, by name and label values."""
    code, out, _ = run("scan", "--config.file", config)
    assert code == 0
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(out)
        for sample in family.samples
    }


def record(**fields: object) -> bytes:
    """Return a line."""
    return json.dumps({"prediction": "a", **fields}).encode() + b"\n"


@pytest.fixture
def hostile(tmp_path):
    """Return the configuration of a log whose every part is hostile."""
    log = b"".join(
        [
            record(
                prediction=HOSTILE,
                true_label="b",
                model_version=HOSTILE,
                features={HOSTILE: HOSTILE},
                slice={"region": HOSTILE},
            ),
            record(prediction=None, error="x", error_type=HOSTILE, model_version=HOSTILE),
            HOSTILE.encode().replace(b"\n", b" ") + b"\n",
        ]
    )
    return configured(tmp_path, log, slices=["region"])


def test_labels_hold_whatever_it_is(hostile):
    """And nothing else comes of it."""
    seen = scanned(hostile)
    assert seen["model_predictions_total", HOSTILE, "bot", HOSTILE] == 1
    assert seen["model_errors_total", HOSTILE, "bot", HOSTILE] == 1
    assert not [name for name, *_ in seen if "owned" in name]


def test_promtool_has_nothing_to_remark(hostile):
    """What is exposed is well-formed for others too."""
    _, out, _ = run("scan", "--config.file", hostile)
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=out.encode(), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["scan"], ["scan", "--format=json"], ["scan", "--format=openmetrics"]],
    ids=" ".join,
)
def test_a_terminal_is_told_nothing_but_text(hostile, arguments):
    """No escape sequence, no return to the beginning of a line, no other direction."""
    _, out, err = run(*arguments, "--config.file", hostile, out=Terminal())
    for text in (out, err):
        assert [one for one in (*CONTROL, "\u202e") if one in text] == []


def test_the_exporters_log_is_one_line_for_one_event(hostile, tmp_path):
    """A rejected line is quoted, not copied."""
    process = subprocess.run(
        [*COMMAND, "scan", f"--config.file={hostile}"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0
    text = process.stderr.decode()
    assert "not_json" in text
    assert [one for one in CONTROL if one in text] == []


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        (b"[" * 100_000 + b"\n", "rejected"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n", "rejected"),
        (b'{"prediction": "a", "features": {"x": ' + b"[" * 900 + b"]" * 900 + b"}}\n", "either"),
        (b'{"prediction": "a", "latency_ms": ' + b"9" * 5000 + b"}\n", "either"),
        (b'{"prediction": "a", "prediction": "b"}\n', "parsed"),
        (b'{"prediction": "a\\u0000b\\u202ec"}\n', "parsed"),
        (b'{"prediction": "a\x00b"}\n', "rejected"),
        (b'{"prediction": "\\ud800"}\n', "either"),
        (b'{"prediction": "a", "timestamp": 1e300}\n', "parsed"),
        (b'{"prediction": "a", "confidence": -1e999}\n', "either"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value[:24]),
)
def test_a_line_costs_itself_alone(tmp_path, line, counted):
    """Depth, huge numbers, keys that come twice, NUL, other directions, half characters."""
    good = record() * 3
    seen = scanned(configured(tmp_path, good + line + good))
    parsed = seen["modeltail_records_parsed_total", "bot"]
    assert seen["modeltail_lines_total", "bot"] == 7
    assert parsed in {"parsed": [7], "rejected": [6], "either": [6, 7]}[counted]
    rejected = sum(v for (n, *_), v in seen.items() if n == "modeltail_records_rejected_total")
    assert parsed + rejected == 7
    assert seen["model_predictions_total", "a", "bot", ""] >= 6


def test_a_flood_of_names_makes_no_flood_of_series(tmp_path):
    """Classes, versions, error types, currencies and slices are bounded each, and all together."""
    log = b"".join(
        record(
            prediction=f"class {number}",
            model_version=f"{number}",
            slice={"region": f"r{number}"},
            cost=1,
            currency=f"C{number}",
            features={f"f{number}": 1},
        )
        + record(prediction=None, error="x", error_type=f"type {number}")
        for number in range(3000)
    )
    config = configured(tmp_path, log, slices=["region"])
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "limits": {"series": 3000}}))
    seen = scanned(config)
    assert len([name for name, *_ in seen if name.startswith("model_")]) <= 3000
    assert sum(v for (n, *_), v in seen.items() if n == "model_predictions_total") == 6000


def measured(config: Path) -> tuple[float, dict[str, float]]:
    """Return the most memory that a scan takes, MB, and what it exposes, by name."""
    program = (
        "import resource, sys; from exporter.cli import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, "scan", f"--config.file={config}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    unit = 1024 if sys.platform == "linux" else 1024**2
    most = float(process.stderr.split()[-1]) / unit
    families = text_string_to_metric_families(process.stdout)
    return most, {sample.name: sample.value for family in families for sample in family.samples}


def test_a_zip_bomb_is_read_in_pieces(tmp_path):
    """A gibibyte of zeros in a megabyte: one line that is too long, in little memory."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    packed = b"".join(packer.compress(block) for _ in range(1024)) + packer.flush()
    assert len(packed) < 2 << 20
    config = configured(tmp_path, packed, name="app.log.gz")
    plain, _ = measured(configured(tmp_path, record(), name="plain.log"))
    most, seen = measured(config)
    assert most < plain + 60
    assert seen["modeltail_lines_total"] == 1
    # Nested: what is inside of one is not unpacked again.
    twice = configured(tmp_path, gzip.compress(packed), name="twice.log.gz")
    assert measured(twice)[0] < plain + 60


def test_a_link_to_a_secret_shows_nothing_of_it(tmp_path):
    """Somebody who may write where logs are may link to what the exporter may read."""
    secret = tmp_path / "secret"
    secret.write_text("root:$6$s4lt$hash:19000\n")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "symbolic.log").symlink_to(secret)
    os.link(secret, logs / "hard.log")
    config = configured(tmp_path, record(), paths=[str(logs / "*.log")])
    code, out, _ = run("scan", "--config.file", config)
    assert code == 0
    assert "s4lt" not in out
    assert 'modeltail_records_rejected_total{reason="not_json",source="bot"} 1.0' in out


def test_a_fifo_among_the_files_holds_nothing_up(tmp_path):
    """Opening one would wait for a writer that never comes."""
    (tmp_path / "logs").mkdir()
    os.mkfifo(tmp_path / "logs" / "a.log")
    (tmp_path / "logs" / "b.log").write_bytes(record())
    config = configured(tmp_path, record(), paths=[str(tmp_path / "logs" / "*.log")])
    assert scanned(config)["modeltail_lines_total", "bot"] == 1


def test_a_pattern_holds_nothing_up(tmp_path):
    """A line that somebody makes for it costs a moment, and itself."""
    log = b"class=aa!\n" + b"class=" + b"a" * 5000 + b".\n" + b"class=a!\n"
    pattern = r"class=(?P<prediction>(?:a|aa)*)!"
    seen = scanned(configured(tmp_path, log, format="regex", pattern=pattern))
    assert seen["modeltail_records_rejected_total", "pattern_timeout", "bot"] == 1
    assert seen["modeltail_records_parsed_total", "bot"] == 2
