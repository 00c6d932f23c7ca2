"""A configuration for logs that are there: it works on them, whatever they are."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.config import loading

NGINX = (
    '10.0.0.1 - - [31/Jan/2026:09:30:00 +0000] "POST /predict HTTP/1.1" '
    '{status} 512 "-" "curl" 0.042'
)
# The notebook's formatter: python-json-logger, with the message's fields beside the record's.
NOTEBOOK = {"asctime": "2026-01-31 09:30:00,123", "levelname": "INFO", "message": "predicted"}
SAMPLES = {
    "json.jsonl": (
        [
            json.dumps({"ts": 1760000400 + n, "out": {"class": "a", "score": 0.9}, "took_ms": 12})
            for n in range(20)
        ],
        {"prediction": "out.class", "confidence": "out.score", "latency_ms": "took_ms"},
    ),
    "notebook.log": (
        [json.dumps({**NOTEBOOK, "predicted_class": "a", "proba": 0.5}) for _ in range(20)],
        {"timestamp": "asctime", "prediction": "predicted_class", "confidence": "proba"},
    ),
    "behind.log": (
        [f"2026-01-31 app: {json.dumps({'prediction': 'a', 'actual': 'b'})}" for _ in range(20)],
        {"prediction": "prediction", "true_label": "actual"},
    ),
    "service.log": (
        [f"time=2026-01-31T09:30:{n:02d}Z pred=spam conf=0.5 duration_s=0.01" for n in range(20)],
        {"timestamp": "time", "prediction": "pred", "latency_s": "duration_s"},
    ),
    "batch.csv": (
        ["time;predicted;actual;probability"] + ["2026-01-31T09:30:00Z;a;b;0.5" for _ in range(20)],
        {"prediction": "predicted", "true_label": "actual", "confidence": "probability"},
    ),
    "access.log": (
        [NGINX.format(status=502 if n % 5 == 0 else 200) for n in range(20)],
        {"error_type": "error_type", "latency_s": "latency_s"},
    ),
    "vllm.log": (
        [
            json.dumps(
                {
                    "request_id": f"cmpl-{n}",
                    "model": "other/name",
                    "usage": {"prompt_tokens": 12, "completion_tokens": 40},
                    "finish_reason": "stop",
                    "latency_seconds": 0.5,
                }
            ).replace('"model": "other/name", ', "")
            for n in range(20)
        ],
        {"tokens_in": "usage.prompt_tokens", "latency_s": "latency_seconds"},
    ),
}


# As their documentation shows them, with other lines of the servers between.
SERVERS = {
    "torchserve.log": (
        (
            "2018-10-15 13:56:18,976 [INFO ] BackendWorker-9000 ACCESS_LOG - /127.0.0.1:64003 "
            '"POST /predictions/resnet-18 HTTP/1.1" {status} 118'
        ),
        "2018-10-15 13:56:19,000 [INFO ] W-9000 org.pytorch.serve.wlm.WorkerThread - time: 117",
        0.118,
    ),
    "bentoml.log": (
        (
            "2024-04-13T02:03:49+0000 [INFO] [entry_service:Summarization:1] 44.1.2.104:7181 "
            "(scheme=http,method=POST,path=/summarize,type=application/json,length=20) "
            "(status={status},type=application/json,length=5543) 1.972ms "
            "(trace=7589d361df3e8ad3f0a71acb44d150be,span=07ef3bc1685d067c,sampled=0)"
        ),
        "2024-04-13T02:03:40+0000 [INFO] [cli] Starting production HTTP BentoServer",
        0.001972,
    ),
    "vllm_server.log": (
        (
            "(APIServer pid=90458) INFO:     10.80.23.18:51408 - "
            '"POST /v1/chat/completions HTTP/1.1" {status} Whatever'
        ),
        "(APIServer pid=90458) INFO 02-13 11:33:33 [async_llm.py:382] Added request chatcmpl-a2.",
        0.0,
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_logs_of_model_servers(tmp_path, name):
    """Every request is an attempt, and 5xx a failure; other lines are skipped."""
    request, other, latency = SERVERS[name]
    lines = [
        line
        for status in (200, 200, 422, 500)
        for line in (request.replace("{status}", str(status)), other)
    ]
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    config = tmp_path / "modeltail.yml"
    code, out, _ = init(tmp_path / name, "-o", config)
    assert code == 0, out
    assert "no problem found" in out
    scanned = io.StringIO()
    streams = Streams(scanned, io.StringIO(), io.BytesIO())
    assert execute(["scan", f"--config.file={config}"], streams) == 0
    model = name.split(".")[0]
    values = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in scanned.getvalue().splitlines()
        if not line.startswith("#")
    }
    labels = f'model="{model}",version=""'
    assert values[f'model_predictions_total{{class="",{labels}}}'] == 4
    assert values[f'model_errors_total{{error_type="500",{labels}}}'] == 1
    assert values[f"model_latency_seconds_sum{{{labels}}}"] == pytest.approx(4 * latency)
    assert values[f'modeltail_lines_skipped_total{{reason="no_match",source="{model}"}}'] == 4


def test_records_between_lines_of_a_server(tmp_path):
    """As a service prints them that logs JSON to the same place as its web server."""
    lines = ["INFO:     Application startup complete.", '{"prediction": "a", "took_ms": 3}'] * 5
    (tmp_path / "app.log").write_text("\n".join(lines) + "\n")
    code, out, _ = init(tmp_path / "app.log")
    assert code == 0
    (model,) = yaml.safe_load(out)["models"]
    assert model["others"] == "skip"
    assert model["fields"] == {"latency_ms": "took_ms"}


def init(*arguments: object) -> tuple[int, str, str]:
    """Run the command; return exit code, output and messages."""
    out, err = io.StringIO(), io.StringIO()
    code = execute(["init", *map(str, arguments)], Streams(out, err, io.BytesIO()))
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("name", SAMPLES)
def test_it_works_on_the_log(tmp_path, name):
    """The fields are found, every line parses, and a scan shows the requests."""
    lines, fields = SAMPLES[name]
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    config = tmp_path / "modeltail.yml"
    code, out, _ = init(tmp_path / name, "-o", config)
    assert code == 0, out
    assert "no problem found" in out
    (model,) = yaml.safe_load(config.read_text())["models"]
    assert model["paths"] == [name]
    mapped = model.get("fields", {})
    assert {field: mapped.get(field, field) for field in fields} == fields
    scanned = io.StringIO()
    streams = Streams(scanned, io.StringIO(), io.BytesIO())
    assert execute(["scan", f"--config.file={config}"], streams) == 0
    source = name.split(".")[0]
    assert f'modeltail_records_parsed_total{{source="{source}"}} 20.0' in scanned.getvalue()


def test_syslog_is_a_source_of_its_own(tmp_path):
    """Beside a model; files that are rotated belong together."""
    lines = "".join(f"Jan 31 09:30:{n:02d} h1 cron[{n}]: job began\n" for n in range(20))
    (tmp_path / "syslog").write_text(lines)
    with gzip.open(tmp_path / "syslog.2.gz", "wt") as file:
        file.write(lines)
    (tmp_path / "bot.jsonl").write_text('{"prediction": "a"}\n' * 3)
    config = tmp_path / "modeltail.yml"
    code, _, _ = init(tmp_path / "*", "-o", config)
    assert code == 0
    content = yaml.safe_load(config.read_text())
    assert content["syslog"] == [{"name": "syslog", "paths": ["syslog", "syslog.2.gz"]}]
    assert [model["name"] for model in content["models"]] == ["bot"]


def test_what_is_missing_is_told(tmp_path):
    """With what it costs, as a remark."""
    (tmp_path / "bot.jsonl").write_text('{"prediction": "a"}\n' * 3)
    code, out, _ = init(tmp_path / "bot.jsonl")
    assert code == 0
    assert "# Found under their own names: prediction." in out
    assert "# Not found: latency_ms; no latency." in out


def test_nothing_is_overwritten(tmp_path):
    """Unless it is asked for."""
    (tmp_path / "bot.jsonl").write_text('{"prediction": "a"}\n')
    config = tmp_path / "modeltail.yml"
    config.write_text("mine")
    code, _, err = init(tmp_path / "bot.jsonl", "-o", config)
    assert (code, config.read_text()) == (2, "mine")
    assert "--force" in err
    assert init(tmp_path / "bot.jsonl", "-o", config, "--force")[0] == 0
    assert config.read_text() != "mine"


@pytest.mark.parametrize("content", ["", "\n\n", "nobody knows what this is\n" * 5])
def test_what_nobody_knows(tmp_path, content):
    """The file is named, and where to read on."""
    (tmp_path / "x.log").write_text(content)
    code, _, err = init(tmp_path / "x.log")
    assert code == 2
    assert "x.log: no format is recognised" in err


VALUES = st.one_of(st.text(max_size=6), st.floats(allow_nan=False), st.booleans(), st.none())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8) | st.sampled_from(["pred", "score", "ts", 'a"]\n- b', "latency_ms"]),
        st.recursive(
            VALUES, lambda inner: st.dictionaries(st.text(max_size=4), inner), max_leaves=4
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_log_breaks_out_of_the_configuration(tmp_path, record):
    """Whatever keys and values are, what is written can be read, or the log is told to be unfit."""
    (tmp_path / "bot.jsonl").write_text(f"{json.dumps(record)}\n" * 3)
    code, out, err = init(Path(tmp_path) / "bot.jsonl")
    assert code in (0, 2)
    if code == 0:
        content = yaml.safe_load(out)
        assert content.keys() == {"storage", "windows", "models"}
        assert content["models"][0].keys() <= {"name", "paths", "fields", "leading_fields"}
        loading.parse(out, "modeltail.yml")
    else:
        assert "no format is recognised" in err
