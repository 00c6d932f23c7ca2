from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)

from exporter.cli import execute
from exporter.commands.streams import Streams
from tests.commands.exporter_process import COMMAND, REPOSITORY

PREDICTION = {
    "timestamp": "2026-11-22T10:15:00Z",
    "model_version": "1",
    "prediction": "a",
    "true_label": "a",
    "confidence": 0.9,
    "latency_ms": 12,
}
LINE_COUNTERS = {
    "modeltail_lines_total": "lines",
    "modeltail_records_parsed_total": "parsed",
    "modeltail_records_rejected_total": "rejected",
    "modeltail_lines_skipped_total": "skipped",
}


def scan(folder: Path, *arguments: str, models=(), syslog=()) -> tuple[int, str, str]:
    """Run the command; return exit code, output and messages."""
    config = folder / "modeltail.yml"
    config.write_text(json.dumps({"models": models, "syslog": syslog}))
    out, err = io.StringIO(), io.StringIO()
    code = execute(["scan", f"--config.file={config}", *arguments], Streams(out, err, io.BytesIO()))
    return code, out.getvalue(), err.getvalue()


def series(folder: Path, **sources) -> dict[tuple[str, ...], float]:
    """Return the values by name and label values, in the order of the label names."""
    code, out, _ = scan(folder, "--format=json", **sources)
    assert code == 0
    return {
        (each["name"], *(each["labels"][name] for name in sorted(each["labels"]))): each["value"]
        for each in map(json.loads, out.splitlines())
    }


def model(*paths: Path | str, name: str = "bot") -> dict[str, object]:
    """Return the configuration of a model."""
    return {"name": name, "paths": [str(path) for path in paths]}


def accepted(text: str) -> None:
    """Assert that promtool has no remark."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def of_source(seen: dict[tuple[str, ...], float], name: str = "bot") -> dict[str, float]:
    """Return read, parsed, rejected and skipped lines of a source, reasons that occurred only."""
    found = {}
    for (metric, *labels), value in seen.items():
        known = len(labels) == 1 or value > 0
        if metric in LINE_COUNTERS and labels[-1] == name and known:
            found["/".join((LINE_COUNTERS[metric], *labels[:-1]))] = value
    return found


def test_a_missing_file_is_shown_as_missing(tmp_path):
    """It may come; an alert tells that it has not."""
    seen = series(tmp_path, models=[model(tmp_path / "none.log")])
    assert seen["modeltail_source_up", "bot"] == 0
    assert seen["modeltail_source_files", "bot"] == 0
    assert of_source(seen) == {"lines": 0, "parsed": 0}


def test_an_empty_file_has_no_lines(tmp_path):
    """And is up."""
    (tmp_path / "a.log").touch()
    seen = series(tmp_path, models=[model(tmp_path / "a.log")])
    assert seen["modeltail_source_up", "bot"] == 1
    assert of_source(seen) == {"lines": 0, "parsed": 0}


def test_a_directory_is_counted(tmp_path):
    """By its errno; the other paths are read."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.log").write_text(json.dumps(PREDICTION) + "\n")
    seen = series(tmp_path, models=[model(tmp_path / "folder", tmp_path / "a.log")])
    assert seen["modeltail_open_errors_total", "EISDIR", "bot"] >= 1
    assert seen["modeltail_source_up", "bot"] == 0
    assert of_source(seen) == {"lines": 1, "parsed": 1}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (bytes(range(256)) * 4, {"lines": 5, "parsed": 0, "rejected/not_json": 5}),
        (b'{"prediction": "a"', {"lines": 1, "parsed": 0, "rejected/not_json": 1}),
        (b'{"prediction": "a"}', {"lines": 1, "parsed": 1}),
        (
            b'{"prediction": "' + b"x" * (10 << 20) + b'"}\n{"prediction": "a"}\n',
            {"lines": 2, "parsed": 1, "rejected/too_long": 1},
        ),
        (b'{"prediction": "\xff"}\n', {"lines": 1, "parsed": 1}),
        (b'{"prediction": "a", "confidence": NaN}\n', {"lines": 1, "parsed": 1}),
        (b"\n\r\n  \n", {"lines": 3, "parsed": 0, "skipped/empty": 3}),
        (b"[]\n3\nnull\n", {"lines": 3, "parsed": 0, "rejected/not_object": 3}),
        (b"[" * 100_000 + b"\n", {"lines": 1, "parsed": 0}),
        (b"\0" * 5000 + b'{"prediction": "a"}\r\n', {"lines": 1, "parsed": 1}),
    ],
    ids=["binary", "half", "no end", "10MB", "utf8", "nan", "blank", "no object", "deep", "nul"],
)
def test_bad_input_costs_its_lines_and_a_counter(tmp_path, content, expected):
    """Never a crash; every line is somewhere, and the exposition stays valid."""
    (tmp_path / "a.log").write_bytes(content)
    found = of_source(series(tmp_path, models=[model(tmp_path / "a.log")]))
    assert found.items() >= expected.items()
    read = found.pop("lines")
    assert sum(found.values()) == read
    accepted(scan(tmp_path, models=[model(tmp_path / "a.log")])[1])


def test_a_confidence_that_is_no_number_is_a_violation(tmp_path):
    """The rest of the record counts."""
    (tmp_path / "a.log").write_text('{"prediction": "a", "confidence": NaN}\n')
    seen = series(tmp_path, models=[model(tmp_path / "a.log")])
    assert seen["model_field_violations_total", "confidence", "bot", "finite"] == 1
    assert seen["model_predictions_total", "a", "bot", ""] == 1
    assert ("model_confidence_mean", "bot", "", "5m") not in seen


def test_classes_beyond_the_first_are_other(tmp_path):
    """However many a log invents, each prediction is counted."""
    lines = [json.dumps({"prediction": f"class {number}"}) for number in range(200)]
    (tmp_path / "a.log").write_text("\n".join(lines))
    seen = series(tmp_path, models=[model(tmp_path / "a.log")])
    counts = {key[1]: value for key, value in seen.items() if key[0] == "model_predictions_total"}
    assert sum(counts.values()) == 200
    assert counts["other"] > 100
    assert len(counts) < 60


def generated(folder: Path) -> tuple[list[dict[str, object]], list[str]]:
    """Write logs of both kinds, and return the records and the syslog lines."""
    records = [
        PREDICTION
        | {
            "prediction": "abc"[number % 3],
            "true_label": "abc"[number % 2],
            "model_version": str(number % 2),
        }
        for number in range(500)
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    middle = text.index("\n", len(text) // 2) + 1
    (folder / "new.log").write_text(text[middle:])
    (folder / "old.log.gz").write_bytes(gzip.compress(text[:middle].encode()))
    messages = [
        f"Nov 22 10:15:{number % 60:02} web{number % 3} {'cron' if number % 5 else 'sshd'}"
        f"[{number}]: message {number % 7}"
        for number in range(300)
    ]
    (folder / "messages").write_text("\n".join(messages) + "\n")
    return records, messages


@pytest.fixture
def sources(tmp_path):
    """Return the configuration of several sources, as it is after generating their logs."""
    return {
        "models": [model(tmp_path / "*.log", tmp_path / "*.log.gz")],
        "syslog": [
            {"name": "cluster", "paths": [str(tmp_path / "mess*")], "timezone": "UTC"},
        ],
    }


def test_counts_equal_an_independent_count(tmp_path, sources):
    """Of several sources, plain and compressed."""
    records, messages = generated(tmp_path)
    seen = series(tmp_path, **sources)
    predicted = Counter((r["prediction"], r["model_version"]) for r in records)
    for (predicted_class, version), count in predicted.items():
        assert seen["model_predictions_total", predicted_class, "bot", version] == count
    wrong = Counter(r["model_version"] for r in records if r["prediction"] != r["true_label"])
    for version, count in wrong.items():
        assert seen["model_labels_incorrect_total", "bot", version] == count
    tags = Counter((line.split()[3], line.split()[4].partition("[")[0]) for line in messages)
    for (host, tag), count in tags.items():
        assert seen["syslog_messages_total", host, tag] == count
    wc = subprocess.run(
        f"zcat -f {tmp_path}/*.log* | wc -l", shell=True, capture_output=True, check=True
    )
    assert seen["modeltail_lines_total", "bot"] == int(wc.stdout) == 500
    assert seen["modeltail_lines_total", "cluster"] == 300


def test_all_three_formats_say_the_same(tmp_path, sources):
    """Text is accepted by promtool without a remark, OpenMetrics by its parser."""
    generated(tmp_path)
    code, text, err = scan(tmp_path, **sources)
    assert (code, err) == (0, "")
    accepted(text)
    assert "NaN" not in text
    openmetrics = scan(tmp_path, "--format=openmetrics", **sources)[1]
    assert openmetrics.endswith("# EOF\n")
    names = {sample.name for family in parse_openmetrics(openmetrics) for sample in family.samples}
    assert names == {key[0] for key in series(tmp_path, **sources)}
    assert names == {
        line.partition("{")[0].partition(" ")[0]
        for line in text.splitlines()
        if not line.startswith("#")
    }


def test_windows_end_at_the_last_event(tmp_path):
    """A log of last year has rolling figures too."""
    (tmp_path / "a.log").write_text(json.dumps(PREDICTION) + "\n")
    seen = series(tmp_path, models=[model(tmp_path / "a.log")])
    assert seen["model_window_predictions", "bot", "1", "5m"] == 1


def test_monitors_can_be_left_out(tmp_path):
    """By a flag each."""
    (tmp_path / "a.log").write_text(json.dumps(PREDICTION) + "\n")
    text = scan(tmp_path, "--no-monitor.accuracy", models=[model(tmp_path / "a.log")])[1]
    assert "model_accuracy" not in text
    assert "model_confidence" in text


def test_a_broken_configuration_is_refused(tmp_path):
    """With exit code 2 and a message that names the key."""
    code, out, err = scan(tmp_path, models=[{"name": "bot", "path": ["x"]}])
    assert (code, out) == (2, "")
    assert "modeltail.yml:1: models.0.path: unknown key" in err


def test_a_missing_configuration_is_refused(tmp_path):
    """With exit code 2 and its name."""
    streams = Streams(io.StringIO(), io.StringIO(), io.BytesIO())
    assert execute(["scan", f"--config.file={tmp_path}/none.yml"], streams) == 2
    assert "none.yml" in streams.err.getvalue()


def test_models_that_share_a_file(tmp_path):
    """Each takes its own records; those of the other are skipped, and counted so."""
    lines = [{"model": "one", "prediction": "a"}] * 3 + [{"model": "two", "prediction": "b"}] * 4
    (tmp_path / "a.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    seen = series(
        tmp_path, models=[model(tmp_path / "a.log", name=name) for name in ("one", "two")]
    )
    assert of_source(seen, "one") == {"lines": 7, "parsed": 3, "skipped/other_model": 4}
    assert of_source(seen, "two") == {"lines": 7, "parsed": 4, "skipped/other_model": 3}


def test_an_empty_syslog_file_breaks_no_monitor(tmp_path, caplog):
    """There is no latest event at which its windows could end."""
    (tmp_path / "messages").touch()
    seen = series(tmp_path, syslog=[model(tmp_path / "messages", name="host")])
    assert of_source(seen, "host") == {"lines": 0, "parsed": 0}
    assert not caplog.records


def test_streams_are_read_to_their_end(tmp_path):
    """Standard input and a FIFO, the last line without a line end included."""
    line = json.dumps(PREDICTION)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=[f"{line}\n{line}"])
    writer.start()
    config = tmp_path / "modeltail.yml"
    config.write_text(json.dumps({"models": [model(fifo, name="fifo"), model("-", name="stdin")]}))
    command = [*COMMAND, "scan", f"--config.file={config}", "--format=json"]
    scanned = subprocess.run(
        command, input=f"{line}\n" * 10_000 + line, capture_output=True, text=True, check=True,
        cwd=REPOSITORY,
    )  # fmt: skip
    writer.join()
    seen = {
        (one["name"], one["labels"].get("source")): one["value"]
        for one in map(json.loads, scanned.stdout.splitlines())
    }
    for source, lines in (("fifo", 2), ("stdin", 10_001)):
        assert seen["modeltail_lines_total", source] == lines
        assert seen["modeltail_records_parsed_total", source] == lines
        assert seen["modeltail_source_up", source] == 1
