from __future__ import annotations

import io
import json
import os

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.tailing.lines import MAX_LINE_BYTES

GOOD = {
    "timestamp": "2024-05-06T07:08:09.123Z",
    "model_version": "1",
    "prediction": "a",
    "true_label": "a",
    "confidence": 0.5,
    "latency_ms": 3,
}


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Return a function that writes files, runs the check, and returns its code and output."""
    monkeypatch.chdir(tmp_path)

    def run(configuration, *options, **files):
        (tmp_path / "c.yml").write_text(configuration)
        for name, lines in files.items():
            content = (
                lines
                if isinstance(lines, bytes)
                else b"".join(
                    (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
                    for line in lines
                )
            )
            (tmp_path / name).write_bytes(content)
        out, err = io.StringIO(), io.StringIO()
        arguments = ["check", "--config.file", "c.yml", *options]
        code = execute(arguments, Streams(out, err, io.BytesIO()))
        return code, out.getvalue(), err.getvalue()

    return run


def model(**keys):
    """Return a configuration of one model that reads the file `log`."""
    return json.dumps({"models": [{"name": "bot", "paths": ["log"], **keys}]})


def problems(output):
    """Return what was found."""
    return [
        line.removeprefix("  problem: ")
        for line in output.splitlines()
        if line.startswith("  problem: ")
    ]


def test_a_log_without_a_fault(check):
    """Every field is there: nothing is missing, exit code 0."""
    code, out, err = check(model(), log=[GOOD, GOOD | {"error": "x"}])
    assert (code, err) == (0, "")
    assert out == (
        "c.yml: the configuration is valid\n"
        "\n"
        "bot: 2 of 2 lines parse\n"
        "  timestamp: in 100% of the records (windows by event time)\n"
        "  model_version: in 100% of the records (the label version)\n"
        "  prediction: in 100% of the records (model_predictions_total)\n"
        "  true_label: in 100% of the records (model_accuracy_ratio)\n"
        "  confidence: in 100% of the records (model_confidence)\n"
        "  latency: in 100% of the records (model_latency_seconds)\n"
        "  error: in 50% of the records (model_errors_total)\n"
        "\n"
        "no problem found\n"
    )


def test_what_is_missing_is_said_and_no_problem(check):
    """A log without ground truth is a good log."""
    code, out, _ = check(model(), log=[{"prediction": "a"}, {"prediction": 1.5}])
    assert code == 0
    assert "  prediction: in 100% of the records (model_predictions_total)\n" in out
    assert "  true_label: in 0% of the records (model_accuracy_ratio)\n" in out


def test_every_kind_of_bad_record_is_a_problem(check):
    """With file and line where there is one; exit code 1."""
    code, out, err = check(
        model(),
        log=[GOOD, b'{"prediction": "a', b"{", b"[]", b"", {}, GOOD | {"confidence": 1.7}, b"\xff"],
    )
    assert (code, err) == (1, "")
    assert "bot: 3 of 8 lines parse\n  1 are skipped: empty\n" in out
    assert problems(out) == [
        (
            "log:2: not_json: Unterminated string starting at: line 1 column 16 (char 15): "
            'b\'{"prediction": "a\''
        ),
        "log:4: not_object: expected a JSON object, got list: b'[]'",
        "1 records are invalid: nothing_to_measure, first log:6: b'{}'",
        (
            "1 records break a rule: confidence: range, first log:7: "
            f"{json.dumps(GOOD | {'confidence': 1.7}).encode()[:120]!r}"
        ),
    ]
    assert out.endswith("\n4 problems found\n")


def test_a_log_of_something_else(check):
    """Decodes, and holds nothing to measure."""
    code, out, _ = check(model(), log=[{"level": "info", "msg": "hello"}] * 3)
    assert code == 1
    assert problems(out) == [
        (
            "no record holds anything to measure; map the log's keys with `fields`; "
            "it has the keys level, msg"
        ),
        (
            "3 records are invalid: nothing_to_measure, first log:1: "
            'b\'{"level": "info", "msg": "hello"}\''
        ),
    ]


def test_a_mapping_that_finds_nothing(check):
    """A typing error in the key, most often."""
    code, out, _ = check(model(fields={"confidence": "score.tpo"}), log=[GOOD])
    assert code == 1
    assert problems(out) == ["fields: confidence is read from 'score.tpo', which no record has"]


def test_labels_in_events_of_their_own(check):
    """Without an id they are not joined: a limit for the accuracy is compared with nothing."""
    code, out, _ = check(
        model(thresholds={"min_accuracy": 0.8}),
        log=[{"prediction": "a", "request_id": "1"}, {"true_label": "a"}],
    )
    assert code == 1
    assert [problem.partition(":")[0] for problem in problems(out)] == [
        "1 ground truths come in events of their own",
        "thresholds",
    ]


def test_labels_that_come_later_with_an_id(check):
    """They are joined, whichever of the two is in the sample."""
    code, out, _ = check(
        model(thresholds={"min_accuracy": 0.8}),
        log=[{"prediction": "a", "request_id": "1"}, {"true_label": "a", "request_id": "1"}],
    )
    assert code == 0, problems(out)


def test_only_the_head_is_read(check):
    """1000 lines of each file, or as many as --sample says."""
    lines = [GOOD] * 1500
    assert "bot: 1000 of 1000 lines parse" in check(model(), log=lines)[1]
    assert "bot: 7 of 7 lines parse" in check(model(), "--sample", "7", log=lines)[1]


@pytest.mark.parametrize("value", ["0", "-1", "ten", "1.5", ""])
def test_a_sample_is_a_number_of_lines(check, value, capsys):
    """Anything else is bad usage."""
    with pytest.raises(SystemExit) as raised:
        check(model(), "--sample", value, log=[GOOD])
    assert raised.value.code == 2
    assert f"argument --sample: {value!r} is no number of lines" in capsys.readouterr().err


def test_files_that_are_not_there(check, tmp_path):
    """Each path that names nothing, even where others do; and what is no file."""
    (tmp_path / "folder").mkdir()
    configuration = model(paths=["log", "lgo", "old/*.jsonl", "folder"])
    code, out, _ = check(configuration, log=[GOOD])
    assert code == 1
    assert problems(out) == [
        (
            "folder: can't be followed: is a directory; "
            "name its files, for example with /*.jsonl (EISDIR)"
        ),
        "no file matches lgo",
        "no file matches old/*.jsonl",
    ]
    assert "bot: 1 of 1 lines parse" in out


def test_an_empty_file_and_a_binary_file(check):
    """The one has no lines, the other none that parse."""
    code, out, _ = check(model(), log=b"")
    assert (code, problems(out)) == (0, [])
    assert "bot: 0 of 0 lines parse" in out
    code, out, _ = check(model(), log=bytes(range(256)) * 4)
    assert code == 1
    assert "bot: 0 of " in out
    assert problems(out)[0].startswith("log:1: not_json: ")
    assert out.replace("\n", "").isprintable()


def test_a_line_that_is_too_long(check):
    """Dropped, and told."""
    code, out, _ = check(model(), log=[GOOD, b"x" * (MAX_LINE_BYTES + 1), GOOD])
    assert code == 1
    assert problems(out) == ["log: 1 lines are longer than 1 MiB"]
    assert "bot: 2 of 3 lines parse" in out


def test_two_models_share_a_file(check):
    """What is the other's is skipped."""
    configuration = json.dumps(
        {"models": [{"name": name, "paths": ["log"]} for name in ("bot", "bat")]}
    )
    code, out, _ = check(
        configuration, log=[{**GOOD, "model": name} for name in ("bot", "bat", "bat")]
    )
    assert code == 0
    assert "\nbot: 1 of 3 lines parse\n  2 are skipped: other_model\n" in out
    assert "\nbat: 2 of 3 lines parse\n  1 are skipped: other_model\n" in out


def test_syslog(check):
    """Hosts and programs, and that without a model nothing is looked for."""
    configuration = "syslog: [{name: hosts, paths: [messages], timezone: UTC}]"
    code, out, _ = check(
        configuration,
        messages=[
            b"Jan 12 13:46:39 web1 sshd[7]: hello",
            b"Jan 12 13:46:40 web2 cron: bye",
            b"Jan 12 13:46:41 web1 cron: bye",
        ],
    )
    assert code == 0
    assert out.endswith(
        "\nhosts: 3 of 3 lines parse\n"
        "  2 hosts, 2 programs\n"
        "  no model: messages are counted, anomalies are not looked for\n"
        "\n"
        "no problem found\n"
    )


def test_how_many_leading_fields_would_fit(check):
    """A collector put columns before the header, and the configuration does not say so."""
    line = b"17 - bn179 Jan 12 13:46:39 web1 sshd[7]: hello"
    configuration = "syslog: [{name: hosts, paths: [messages], timezone: UTC}]"
    _, out, _ = check(configuration, messages=[line])
    assert problems(out)[0].endswith("; it would fit with 3 leading fields, not 0")
    _, out, _ = check(configuration, messages=[b"nothing of the kind"])
    assert problems(out)[0].endswith("got b'nothing of the kind'")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ("models: [{name: bot, pths: [log]}]", "c.yml:1: models.0.paths: the key is missing"),
        (model(drift={"reference": "none.ref"}), "none.ref: "),
        ("syslog: [{name: hosts, paths: [log], model: none.markov}]", "none.markov: "),
    ],
)
def test_what_the_configuration_names_must_be_there(check, configuration, message):
    """Exit code 2, one line a mistake, no traceback."""
    code, out, err = check(configuration, log=[GOOD])
    assert code == 2
    assert "problem" not in out
    assert message in err.splitlines()[0]
    assert all(line.startswith("modeltail: ") for line in err.splitlines())


def test_features_that_no_record_has(check, tmp_path):
    """The reference knows them: a mapping is probably missing."""
    records = [GOOD | {"features": {"age": age % 50, "plan": "ab"[age % 2]}} for age in range(200)]
    configuration = model(drift={"reference": "bot.ref"})
    assert check(configuration, log=records)[0] == 2
    build = [
        "reference",
        "build",
        "--config.file",
        "c.yml",
        "--model",
        "bot",
        "-o",
        "bot.ref",
        "log",
    ]
    assert execute(build, Streams(io.StringIO(), io.StringIO(), io.BytesIO())) == 0
    assert check(configuration, log=records)[0] == 0
    code, out, _ = check(configuration, log=[GOOD | {"features": {"age": 7}}])
    assert code == 1
    assert problems(out) == ["the reference knows the feature plan, no record has it"]


def test_a_key_with_half_a_surrogate_pair(check):
    """JSON can spell one; the report must still be printable."""
    code, out, _ = check(model(), log=[{"\ud800": 1}])
    assert code == 1
    out.encode()
    assert problems(out)[0].endswith("it has the keys ?")


def test_streams_are_not_tried(check, tmp_path):
    """What is read of them is gone; that they can't be tried is no problem."""
    os.mkfifo(tmp_path / "fifo")
    paths = {"paths": ["-", "fifo", "log"]}
    code, out, _ = check(model(**paths), log=[GOOD])
    assert "bot: 1 of 1 lines parse" in out
    assert "  - is not tried: what is read of a stream is gone" in out
    assert "  fifo is not tried" in out
    assert (code, problems(out)) == (0, [])


def test_rules_are_tried(check):
    """What breaks one, what no record has, and what no rule is about."""
    rules = {
        "fields": {"features.age": {"type": "number", "max": 130}, "features.gone": {"min": 0}}
    }
    logged = [{**GOOD, "features": {"age": age, "plan": "pro"}} for age in (23, 329, "old", None)]
    code, out, _ = check(model(rules=rules), log=logged)
    assert code == 1
    assert problems(out) == [
        "a rule is about the feature gone, no record has it",
        "1 records break a rule: features.age: max",
        "1 records break a rule: features.age: type",
    ]
    assert "  features that no reference and no rule knows: plan\n" in out


def test_rules_that_all_keep_are_no_problem(check):
    """Unknown features are named, but allowed."""
    rules = {"fields": {"request_id": {"unique": True}, "features.age": {"max": 130}}}
    extra = {f"x{number}": 1 for number in range(22)}
    code, out, _ = check(model(rules=rules), log=[{**GOOD, "features": {"age": 23, **extra}}])
    assert (code, problems(out)) == (0, [])
    assert "no rule knows: x0, x1, " in out
    assert "x19 and 2 more\n" in out


REGISTRY = b"""
models:
  bot:
    versions: {1.0.0: {registered: 2026-11-01T00:00:00Z}}
    history: [{at: 2026-11-01T00:00:01Z, action: promote, version: 1.0.0}]
"""


def registered(name="bot"):
    """Return a configuration of one model with a registry."""
    return json.dumps(
        {"registry": {"file": "versions"}, "models": [{"name": name, "paths": ["log"]}]}
    )


def test_versions_are_looked_up_in_the_registry(check):
    """Those that it does not know are problems; a record without one is none."""
    versions = ["1.0.0", "1.0", "\x1b[2J", None, "1.0"]
    logged = [{**GOOD, "model_version": version} for version in versions]
    code, out, _ = check(registered(), log=logged, versions=REGISTRY)
    assert code == 1
    assert "  registry: 1 versions, in production: 1.0.0\n" in out
    assert problems(out) == [
        "1 records name version \ufffd[2J, which is not registered",
        "2 records name version 1.0, which is not registered",
    ]


def test_a_model_that_the_registry_does_not_have_is_told(check):
    """Most likely it has another name there."""
    code, out, _ = check(registered("cat"), log=[GOOD], versions=REGISTRY)
    assert code == 1
    assert "  registry: 0 versions, in production: none\n" in out


def test_a_registry_that_can_not_be_read_is_one_problem(check):
    """With file and line; the logs are tried all the same."""
    code, out, _ = check(registered(), log=[GOOD], versions=b"models: 1\n")
    assert code == 1
    assert "bot: 1 of 1 lines parse\n" in out
    (problem,) = problems(out)
    assert problem.endswith("versions:1: models: expected a map, got 1")
