"""The same records, written in every format, are the same to every command."""

from __future__ import annotations

import csv
import io
import json

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read

RECORDS = [
    {
        "timestamp": f"2026-01-31T09:30:{number % 60:02}Z",
        "model_version": "7",
        "prediction": ("refund", "in voice")[number % 3 == 0],
        "true_label": "refund",
        "confidence": 0.5 + number / 1000,
        "latency_ms": number * 1.5,
        "error_type": "Timeout" if number % 50 == 7 else None,
        "age": number % 80,
        "plan": ("pro", "free", None)[number % 3],
    }
    for number in range(200)
]
FEATURES = ("age", "plan")
FLAT = [
    {
        f"features.{key}" if key in FEATURES else key: value
        for key, value in record.items()
        if value is not None
    }
    for record in RECORDS
]


def json_lines() -> str:
    """Write the records as JSON, features in an object of their own."""
    return "".join(
        json.dumps(
            {key: value for key, value in record.items() if key not in FEATURES}
            | {"features": {key: record[key] for key in FEATURES}}
        )
        + "\n"
        for record in RECORDS
    )


def logfmt() -> str:
    """Write the records as key=value pairs, quoted where they hold a blank."""
    return "".join(
        " ".join(
            f'{key}="{value}"' if " " in str(value) else f"{key}={value}"
            for key, value in record.items()
        )
        + "\n"
        for record in FLAT
    )


def commas(delimiter: str = ",") -> str:
    """Write the records below a header."""
    out = io.StringIO()
    names = list(dict.fromkeys(key for record in FLAT for key in record))
    writer = csv.DictWriter(out, names, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(FLAT)
    return out.getvalue()


def free_text() -> str:
    """Write the records as lines of a layout of their own."""
    return "".join(
        "{timestamp} v{model_version} <{prediction}> {true_label} {confidence} took {latency_ms} "
        "error={error_type} age={age} plan={plan}\n".format(**record)
        for record in RECORDS
    )


PATTERN = (
    r"^(?P<timestamp>\S+) v(?P<model_version>\S+) <(?P<prediction>[^>]*)> (?P<true_label>\S+) "
    r"(?P<confidence>\S+) took (?P<latency_ms>\S+) error=(?P<error_type>\S+) age=(?P<age>\S+) "
    r"plan=(?P<plan>\S+)$"
)
CONTAINER = "2026-01-31T09:30:00.123456789Z stdout F "
FORMATS = {
    "logfmt": (logfmt, {"format": "logfmt"}),
    "csv": (commas, {"format": "csv"}),
    "semicolons": (lambda: commas(";"), {"format": "csv", "csv": {"delimiter": ";"}}),
    "regex": (free_text, {"format": "regex", "pattern": PATTERN, "fields": {"features": ""}}),
    "container": (
        lambda: "".join(CONTAINER + line for line in json_lines().splitlines(keepends=True)),
        {"leading_fields": 3},
    ),
}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return a function that writes a log, runs a command on it, and returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(text, options, *arguments, code=0):
        (tmp_path / "log").write_text(text)
        models = [{"name": "bot", "paths": ["log"], **options}]
        (tmp_path / "c.yml").write_text(json.dumps({"models": models}))
        streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
        assert execute([*arguments, "--config.file", "c.yml"], streams) == code, (
            streams.out.getvalue() + streams.err.getvalue()
        )
        return streams.out.getvalue()

    return run


def metrics(out):
    """Return the lines about the model."""
    return [line for line in out.splitlines() if line.startswith("model_")]


def build(command, tmp_path, text, options):
    """Build a reference and return its columns."""
    command(text, options, "reference", "build", "--model", "bot", "-o", "bot.ref", "log")
    return read(tmp_path / "bot.ref").columns


@pytest.mark.parametrize("name", FORMATS)
def test_scan(command, tmp_path, name):
    """Prints the same, drift of the features included."""
    write, options = FORMATS[name]
    build(command, tmp_path, json_lines(), {})
    drift = {"drift": {"reference": "bot.ref", "min_samples": 2}}
    expected = metrics(command(json_lines(), drift, "scan"))
    assert any("model_drift_pvalue{" in line for line in expected)
    assert metrics(command(write(), options | drift, "scan")) == expected


@pytest.mark.parametrize("name", FORMATS)
def test_reference(command, tmp_path, name):
    """The same columns of the same kinds with the same content."""
    write, options = FORMATS[name]
    expected = build(command, tmp_path, json_lines(), {})
    assert {column.name for column in expected} == {"age", "plan", "prediction", "confidence"}
    for ours, theirs in zip(build(command, tmp_path, write(), options), expected, strict=True):
        assert (ours.name, ours.kind, ours.n) == (theirs.name, theirs.kind, theirs.n)
        assert ours.missing == theirs.missing
        assert ours.counts.tolist() == theirs.counts.tolist()


@pytest.mark.parametrize("name", FORMATS)
def test_check(command, name):
    """Finds nothing to complain about."""
    write, options = FORMATS[name]
    out = command(write(), options, "check")
    lines = 200 + (options.get("format") == "csv")
    assert f"bot: 200 of {lines} lines parse\n" in out
    assert "  confidence: in 100% of the records (model_confidence)\n" in out


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("logfmt", "looks like logfmt: format: logfmt"),
        ("csv", "looks like CSV: format: csv"),
        ("semicolons", 'looks like CSV: format: csv, csv: {delimiter: ";"}'),
        ("container", "looks like JSON behind 3 columns: leading_fields: 3"),
    ],
)
def test_check_says_what_a_log_looks_like(command, name, hint):
    """Whose format was not configured: all of its lines would be lost."""
    out = command(FORMATS[name][0](), {}, "check", code=1)
    assert f"  problem: expected one JSON object a line; this {hint}\n" in out


def test_check_says_what_a_log_is_not(command):
    """The other way round: JSON, where another format is configured."""
    hint = "looks like JSON: format: json"
    for options, expected in (
        ({"format": "csv"}, "CSV below a header"),
        ({"format": "regex", "pattern": PATTERN}, "lines that the pattern matches"),
    ):
        out = command(json_lines(), options, "check", code=1)
        assert f"  problem: expected {expected}; this {hint}\n" in out


def test_check_names_the_keys_of_a_log(command):
    """Where its lines parse, and hold nothing that is known by its name."""
    out = command("level=info msg=x\n", {"format": "logfmt"}, "check", code=1)
    assert "it has the keys level, msg\n" in out
    out = command("a,b\n1,2\n", {"format": "csv"}, "check", code=1)
    assert "names no column that is measured: 'a,b'" in out
