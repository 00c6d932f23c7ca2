from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config import load, parse
from exporter.config.reference import Trailing
from exporter.errors import UsageError
from exporter.windows import Window

TESTDATA = Path(__file__).parent / "testdata"
MESSAGES = {
    "anchor-to-itself": [": not valid YAML: nested too deeply"],
    "comment": [":1: the configuration is empty"],
    "control": [":1: not valid YAML: it contains '\\x01'"],
    "csv-delimiter-long": [
        ":6: models.0.csv.delimiter: ', ' is no delimiter; expected a character, and no quote"
    ],
    "csv-delimiter": [
        ":6: models.0.csv.delimiter: '\"' is no delimiter; expected a character, and no quote"
    ],
    "csv-elsewhere": [":4: models.0.csv: is only for format: csv"],
    "csv-leading-fields": [
        ":5: models.0.leading_fields: format: csv takes none: its columns have names"
    ],
    "csv-others": [
        ":5: models.0.others: format: csv has none: a line of other columns is a mistake"
    ],
    "drift-alpha": [":4: models.0.drift.alpha: expected less than 1, got 1"],
    "drift-delay": [":4: models.0.drift.reference: delay must not be longer than trailing"],
    "drift-delay-alone": [":4: models.0.drift.reference: delay is only for trailing"],
    "drift-own-first": [
        ":4: models.0.drift.reference.first: expected greater than or equal to 100, got 50"
    ],
    "drift-own-key": [":4: models.0.drift.reference.firts: unknown key; did you mean first?"],
    "drift-trailing": [
        ":1: the file: drift of bot: trailing must be at least twice the longest window"
    ],
    "drift-reference": [":4: models.0.drift.reference: the key is missing"],
    "drift-reference-list": [":4: models.0.drift.reference: expected a path, got ['a']"],
    "drift-samples": [":4: models.0.drift.min_samples: expected greater than or equal to 2, got 1"],
    "drift-test": [
        ":4: models.0.drift.columns.age.test: "  # noqa: ISC004
        "expected 'ks', 'ad', 'cvm', 'mwu', 't', 'anova', 'welch_anova', 'chi2', 'g' or 'fisher', "
        "got 'psi'"
    ],
    "duplicate-key": [":5: models.0.name: the key is already set on line 3"],
    "empty": [":1: the configuration is empty"],
    "field-empty": [
        ":5: models.0.fields: confidence: '' is no key; expected for example score.top"
    ],
    "field-key": [
        ":4: models.0.fields: confidence: 'score..top' is no key; expected for example score.top"
    ],
    "field-overlap-default": [
        (
            ":4: models.0.fields: prediction is read from 'prediction', which overlaps with "
            "'prediction.score' of confidence; map prediction to another key, for example to "
            "prediction.NAME"
        ),
    ],
    "field-overlap": [
        (
            ":4: models.0.fields: prediction is read from 'score', which overlaps with "
            "'score.top' of confidence; map prediction to another key, for example to score.NAME"
        ),
    ],
    "field-twice": [
        (
            ":4: models.0.fields: latency_ms is read from 'took', which overlaps with 'took' "
            "of latency_s; map latency_ms to another key"
        ),
    ],
    "field-twice-flat": [
        (
            ":5: models.0.fields: latency_ms is read from 'took', which overlaps with 'took' "
            "of latency_s; map latency_ms to another key"
        ),
    ],
    "field": [
        (
            ":4: models.0.fields: 'confidense' is no field of the record schema; known: "
            "timestamp, request_id, model, model_version, prediction, true_label, confidence,"
            " probabilities, latency_ms, latency_s, latency_us, error, error_type, "
            "input_length, oov_ratio, escalated, cost, threshold, features, embedding, "
            "attributions, uncertainty, slice, shadow, arm, prediction_lower, prediction_upper, "
            "currency, tokens_in, tokens_out, time_to_first_token_ms, finish_reason, "
            "package_versions"
        ),
    ],
    "format-syslog": [":1: syslog.0.format: expected 'auto', 'rfc3164' or 'rfc5424', got 'json'"],
    "format": [":1: models.0.format: expected 'json', 'logfmt', 'csv' or 'regex', got 'tsv'"],
    "latency": [":4: models.0.thresholds.max_latency_p95_seconds: expected greater than 0, got 0"],
    "leading-fields": [":1: syslog.0.leading_fields: expected a whole number, got 1.5"],
    "list": [":1: the file: expected a map, got ['models']"],
    "memory-zero": [":2: limits.memory: 0 must be larger than 0"],
    "memory": [":2: limits.memory: '1 gigabyte' is no size; expected for example 512MiB, 1GiB"],
    "missing-name": [":2: models.0.name: the key is missing"],
    "missing-paths": [":2: syslog.0.paths: the key is missing"],
    "model-text": [":1: models.0: expected a map, got 'bot'"],
    "models-map": [":1: models: expected a list, got {'name': 'bot', 'paths': ['a.jsonl']}"],
    "name-number": [":2: models.0.name: expected a text, got 7"],
    "name": [
        (
            ":2: models.0.name: 'support bot' is no usable name; expected 1 to 128 of "
            "letters, digits and _ . : / @ -"
        ),
    ],
    "no-paths": [":3: models.0.paths: expected at least 1 valid entries"],
    "nothing-to-do": [
        ":1: the file: nothing to do: expected at least one entry in models or syslog"
    ],
    "null-models": [":1: models: expected a list, got None"],
    "number-key": [":2: 7: expected a text as the key"],
    "pattern-absent": [":4: models.1.pattern: format: regex needs a pattern"],
    "pattern-elsewhere": [":5: models.0.pattern: is only for format: regex"],
    "pattern-field": [
        ":6: models.0.pattern: has no group (?P<score_top>...), which confidence is read from"
    ],
    "pattern-groups": [
        (
            ":5: models.0.pattern: has no named group that is measured; expected for example "
            "(?P<prediction>...) or (?P<latency_ms>...), found: class, timestamp"
        ),
    ],
    "pattern": [
        (
            ":5: models.0.pattern: is no regular expression of Python: missing ), unterminated "
            "subpattern at position 0"
        ),
    ],
    "path-number": [":3: models.0.paths.0: expected a text, got 5"],
    "paths-text": [":3: models.0.paths: expected a list, got 'a.jsonl'"],
    "publish-interval": [":1: publish_interval: too short; the shortest interval is 100ms"],
    "ratio-nan": [":4: models.0.thresholds.min_accuracy: expected a finite number, got nan"],
    "ratio-text": [":4: models.0.thresholds.min_accuracy: expected a number, got 'high'"],
    "ratio": [":4: models.0.thresholds.min_accuracy: expected less than or equal to 1, got 80"],
    "repeated-name": [
        ":1: the file: names must be unique over models and syslog; repeated: ['bot']"
    ],
    "stdin-twice": [
        ":1: the file: standard input (-) can be a path of one source, not of ['bot', 'hosts']"
    ],
    "watch": [":1: watch: expected 'auto' or 'poll', got 'often'"],
    "scorer": [":1: syslog.0.scorer: expected 'message' or 'message+tag', got 'tag'"],
    "series-few": [":2: limits.series: expected greater than or equal to 100, got 99"],
    "series": [":2: limits.series: expected a whole number, got 'many'"],
    "several": [
        ":1: windows.0: '5x' is no duration; expected for example 30s, 5m, 1h30m, 7d",
        ":5: models.0.strat: unknown key; did you mean start?",
        ":6: models.1.paths: the key is missing",
        ":7: models.1.thresholds.min_accuracy: expected less than or equal to 1, got 2",
    ],
    "slo-objective": [":4: models.0.slo.latency.objective: expected less than 1, got 99"],
    "slo-limit": [":4: models.0.slo.latency.below_seconds: the key is missing"],
    "slo-loose": [
        (
            ":5: models.0.slo.availability: objective: 0.93 is too loose to be paged for: 14.4 "
            "times its error budget would be more bad events than there are; expected more than "
            "0.9305"
        ),
        (
            ":6: models.0.slo.quality: objective: 0.9 is too loose to be paged for: 14.4 times its "
            "error budget would be more bad events than there are; expected more than 0.9305, or "
            "the share of minutes in which the accuracy is good, for example "
            "{accuracy: 0.9, objective: 0.99}"
        ),
    ],
    "slo-task": [
        ":5: models.0.slo: quality is the share of right classes, and task: regression has none"
    ],
    "slo-window": [
        ":5: models.0.slo.availability.window: expected whole days, from 6d to 90d",
        ":6: models.0.slo.quality.window: expected whole days, from 6d to 90d",
    ],
    "slo": [":4: models.0.slo.speed: unknown key; known: availability, latency, quality"],
    "start": [":4: models.0.start: expected 'beginning' or 'end', got 'middle'"],
    "storage-text": [":1: storage: expected a map, got '/var/lib/modeltail'"],
    "tab": [
        (
            ":2:1: not valid YAML: while scanning for the next token, found character '\\t' "
            "that cannot start any token"
        ),
    ],
    "registry-interval": [":2: registry.check_every: too long; the longest interval is 10m"],
    "task": [
        (
            ":2: models.0.task: expected 'auto', 'classification', 'regression', 'ranking' or"
            " 'multilabel', got 'forecast'"
        ),
    ],
    "timezone": [
        (
            ":4: syslog.0.timezone: 'Europe/Zuerich' is no time zone; expected local, UTC, or"
            " for example Europe/Zurich"
        ),
    ],
    "unknown-key-far": [
        (
            ":4: models.0.storage_of_all_things: unknown key; known: name, paths, start, "
            "format, leading_fields, others, task, fields, csv, pattern, positive_class, "
            "slices, thresholds, labels, drift, slo, server, rules"
        ),
    ],
    "unknown-key": [":5: models.0.thresholds.min_acuracy: unknown key; did you mean min_accuracy?"],
    "unknown-top-key": [":1: model: unknown key; did you mean models?"],
    "window-number": [":1: windows.0: a duration needs a unit, for example 300s"],
    "window-short": [":1: windows.0: '500ms' is too short; the shortest window is 1s"],
    "window-twice": [":1: the file: windows must differ, got ['60m', '1h']"],
    "window-unit": [
        ":3: windows.1: '1 hour' is no duration; expected for example 30s, 5m, 1h30m, 7d"
    ],
    "window-zero": [":1: windows.0: '0s' must be longer than 0"],
    "windows-many": [":1: windows: expected at most 8 valid entries"],
    "windows-none": [":1: windows: expected at least 1 valid entries"],
    "yaml": [
        ":4:10: not valid YAML: while parsing a flow sequence, expected ',' or ']', but got ':'"
    ],
}
"""What each file with a mistake must be answered with, behind the file's name."""


def test_every_invalid_file_is_tested():
    """One message, or several, for each."""
    assert {path.stem for path in TESTDATA.glob("invalid-*.yml")} == {
        f"invalid-{name}" for name in MESSAGES
    }


@pytest.mark.parametrize("name", MESSAGES)
def test_a_mistake_is_told_with_file_line_and_key(name):
    """All mistakes of a file at once, in the order of its lines."""
    path = TESTDATA / f"invalid-{name}.yml"
    with pytest.raises(UsageError) as raised:
        load(path)
    assert str(raised.value).splitlines() == [f"{path}{message}" for message in MESSAGES[name]]


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("valid-*.yml")), ids=lambda path: path.stem)
def test_valid_files_are_accepted(path):
    """Without a word."""
    assert load(path)


def test_the_complete_example():
    """Every key ends up where it belongs, in base units."""
    found = load(TESTDATA / "valid-design.yml")
    assert found.storage.path == Path("/var/lib/modeltail")
    assert found.windows == (Window("5m", 300.0), Window("1h", 3600.0), Window("24h", 86400.0))
    assert found.limits.model_dump() == {"series": 50_000, "memory": 1 << 30, "deleted": 10 << 30}
    (model,) = found.models
    assert model.name == "support_bot"
    assert model.paths == ("/var/log/support_bot/*.jsonl", "/var/log/support_bot/labels/*.jsonl")
    assert (model.start, model.task) == ("beginning", "auto")
    assert model.fields == {"latency_ms": "duration_ms"}
    assert model.thresholds.model_dump() == {
        "min_accuracy": 0.8,
        "min_confidence": 0.7,
        "max_latency_p95_seconds": 0.5,
        "max_error_ratio": 0.05,
        "max_calibration_error": None,
        "min_attribution_rank_agreement": None,
        "max_shadow_disagreement": None,
    }
    assert model.drift.reference == Path("/etc/modeltail/support_bot.ref")
    assert {name: column.test for name, column in model.drift.columns.items()} == {
        "age": "ks",
        "plan": "chi2",
        "*": None,
    }
    assert (model.drift.correction, model.drift.alpha) == ("holm", 0.05)
    assert (model.drift.min_effect, model.drift.min_samples) == (0.05, 500)
    assert model.slo.latency.model_dump() == {
        "objective": 0.99,
        "below_seconds": 0.5,
        "window": 30 * 86_400.0,
    }
    (cluster,) = found.syslog
    assert cluster.paths == ("/var/log/messages", "/var/log/remote/*.log")
    assert cluster.model == Path("/etc/modeltail/cluster.markov")
    assert (cluster.scorer, cluster.leading_fields, cluster.timezone) == ("message", 0, "local")


def test_every_key():
    """With merge keys and anchors of YAML."""
    found = load(TESTDATA / "valid-everything.yml")
    assert found.windows == (Window("90s", 90.0), Window("1h30m", 5400.0))
    assert (found.publish_interval, found.rotate_wait) == (0.1, 0.5)
    assert found.watch == "poll"
    first, second = found.models
    assert (first.name, second.name) == ("bot", "second")
    assert second.model_copy(update={"name": "bot"}) == first
    assert first.fields == {
        "confidence": "score.top",
        "prediction": "score.class",
        "features": "input",
    }
    assert first.thresholds.max_error_ratio == 0
    assert first.drift.correction == "none"
    assert {name: slo.window for name, slo in first.slo.objectives()} == {
        "availability": 30 * 86_400.0,
        "latency": 7 * 86_400.0,
    }
    (hosts,) = found.syslog
    assert hosts.name == "eu/hosts@1:2.a-b"
    assert (hosts.scorer, hosts.leading_fields) == ("message+tag", 5)
    assert hosts.timezone == "Europe/Zurich"
    assert found.limits.model_dump() == {"series": 100, "memory": 1_048_576, "deleted": 2 << 30}


def test_formats():
    """Each with its own options; keys of flat lines do not lie in one another."""
    found = load(TESTDATA / "valid-formats.yml")
    logfmt, tabs, commas, regex = found.models
    assert logfmt.fields == {"prediction": "score", "confidence": "score.top", "features": ""}
    assert (tabs.format, tabs.csv.delimiter) == ("csv", "\t")
    assert (commas.format, commas.csv) == ("csv", None)
    assert (regex.format, regex.leading_fields) == ("regex", 3)
    assert [source.format for source in found.syslog] == ["rfc3164", "rfc5424"]


def test_defaults():
    """A name and a path are enough."""
    found = load(TESTDATA / "valid-smallest.yml")
    assert [window.name for window in found.windows] == ["5m", "1h", "24h"]
    assert found.storage.path is None
    assert (found.publish_interval, found.rotate_wait) == (1.0, 5.0)
    assert found.watch == "auto"
    assert found.syslog == ()
    assert (found.limits.series, found.limits.memory) == (50_000, None)
    (model,) = found.models
    assert (model.start, model.task, model.fields) == ("beginning", "auto", {})
    assert model.drift is None
    assert list(model.slo.objectives()) == []
    assert (model.format, model.leading_fields, model.csv, model.pattern) == ("json", 0, None, None)
    assert set(model.thresholds.model_dump().values()) == {None}


def test_relative_paths_are_relative_to_the_file():
    """Wherever the exporter is started; absolute ones and standard input stay."""
    found = load(TESTDATA / "valid-relative.yml")
    assert found.storage.path == TESTDATA / "state"
    assert found.models[0].paths == (f"{TESTDATA}/logs/*.jsonl", "/var/log/bot.jsonl")
    assert found.models[0].drift.reference == TESTDATA / "bot.ref"
    assert found.syslog[0].paths == (f"{TESTDATA}/messages", "-")
    assert found.syslog[0].model == TESTDATA / "hosts.markov"


def test_a_reference_of_its_own_is_in_the_storage():
    """Under the name of the model, none of which leads out of it."""
    own = "drift: {reference: {trailing: 7d}}"
    text = f"storage: {{path: /s}}\nmodels: [{{name: '../b:1', paths: [x], {own}}}]"
    found = parse(text, "<text>")
    assert found.reference_path(found.models[0]) == Path("/s/..%2Fb:1.ref")
    assert found.models[0].drift.own.period == Trailing(604_800.0, 86_400.0)
    nowhere = parse(f"models: [{{name: a, paths: [x], {own}}}, {{name: b, paths: [x]}}]", "<text>")
    assert [nowhere.reference_path(model) for model in nowhere.models] == [None, None]


def test_text_needs_no_file():
    """Its paths stay as they are."""
    found = parse("models: [{name: bot, paths: [bot.jsonl]}]", "<text>")
    assert found.models[0].paths == ("bot.jsonl",)
    with pytest.raises(UsageError, match=r"^<text>:1: models: expected a list, got 5$"):
        parse("models: 5", "<text>")


def test_files_that_can_not_be_read(tmp_path):
    """Missing, a folder, and no UTF-8."""
    missing = tmp_path / "missing.yml"
    with pytest.raises(UsageError) as raised:
        load(missing)
    assert str(raised.value) == (
        f"{missing}: can't read the configuration: No such file or directory"
    )
    with pytest.raises(UsageError) as raised:
        load(tmp_path)
    assert str(raised.value) == f"{tmp_path}: can't read the configuration: Is a directory"
    latin = tmp_path / "latin.yml"
    latin.write_bytes("models: [{name: é, paths: [a]}]".encode("latin-1"))
    with pytest.raises(UsageError) as raised:
        load(latin)
    assert str(raised.value).startswith(
        f"{latin}: can't read the configuration: 'utf-8' codec can't decode byte 0xe9"
    )


@pytest.mark.parametrize(("written", "name"), [("1", "1"), ("1.0", "1"), ("spam", "spam")])
def test_a_class_may_be_written_as_a_number(tmp_path, written, name):
    """It is the one that a log with numbers has."""
    path = tmp_path / "modeltail.yml"
    path.write_text(f"models: [{{name: a, paths: [a], positive_class: {written}}}]")
    assert load(path).models[0].positive_class == name


def test_a_class_is_no_boolean(tmp_path):
    """YAML makes one of `yes` and of `true`: which of them the log has is not known."""
    path = tmp_path / "modeltail.yml"
    path.write_text("models: [{name: a, paths: [a], positive_class: yes}]")
    with pytest.raises(UsageError, match="positive_class"):
        load(path)


@pytest.mark.parametrize("key", [r'"a\nb"', r'"\u2028y\x85"'])
def test_a_key_of_several_lines_is_one_line_of_the_error(key):
    """Each mistake is a line, whatever the key is."""
    with pytest.raises(UsageError) as refused:
        parse(f"{key}: 1\nmodels: []\n", "c.yml")
    assert all(line.startswith("c.yml:") for line in str(refused.value).splitlines())
    assert "unknown key" in str(refused.value)
