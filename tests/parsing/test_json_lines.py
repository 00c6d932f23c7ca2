from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exporter.monitors.throughput import Throughput
from exporter.parsing.json_lines import JsonLines
from tests.monitors.builders import LABELS, NOW, WINDOWS, batch, exposition, unlimited

GOOD = b'{"prediction": "a", "confidence": 0.5}'


def parse(*lines, **options):
    """Parse lines."""
    return JsonLines(**options).parse(lines, NOW)


def accounted(parsed):
    """Return how many lines have been accounted for."""
    return parsed.parsed + parsed.rejected.total() + parsed.skipped.total()


def test_each_line_ends_in_one_place():
    """Parsed, rejected or skipped, with a reason and an example for the log."""
    parsed = parse(GOOD, b'{"prediction": "a', b"  \t", b"[]", b"", b"\0\0\0", b"{}", b"{", GOOD)
    assert parsed.parsed == 3
    assert parsed.rejected == {"not_json": 2, "not_object": 1}
    assert parsed.skipped == {"empty": 3}
    assert parsed.batch.invalid == {"nothing_to_measure": 1}
    assert parsed.batch.prediction.decode() == ["a", "a"]
    position, detail = parsed.examples["not_json"]
    assert position == 1
    assert detail == (
        'Unterminated string starting at: line 1 column 16 (char 15): b\'{"prediction": "a\''
    )
    assert parsed.examples["not_object"][0] == 3
    assert set(parsed.rejected) <= set(JsonLines.reasons)


def test_an_example_of_a_long_line_is_cut():
    """The log is no second copy of it."""
    ((_, detail),) = parse(b"x" * 100_000).examples.values()
    assert len(detail) < 300


def test_no_lines():
    """An empty block is an empty batch with the wanted features."""
    parsed = parse(features=["x"])
    assert (parsed.parsed, len(parsed.batch)) == (0, 0)
    assert list(parsed.batch.features["x"].raw) == []


def test_a_bad_line_costs_its_neighbours_nothing():
    """The same records are read, with the good lines in order."""
    good = [json.dumps({"prediction": f"c{i}", "latency_ms": i}).encode() for i in range(20)]
    alone = parse(*good).batch
    among = parse(*good[:10], b"{", b'{"prediction": "x", "confidence": "high"}', *good[10:]).batch
    assert among.prediction.decode()[:10] == alone.prediction.decode()[:10]
    assert among.prediction.decode()[11:] == alone.prediction.decode()[10:]
    assert among.violations == {("confidence", "type"): 1}


def test_line_ends_and_padding_are_no_part_of_a_record():
    """A carriage return, and the NULs that a crash leaves in a file."""
    parsed = parse(GOOD + b"\r", b"\0\0\0\0" + GOOD, b" " + GOOD + b"  ")
    assert parsed.parsed == 3
    assert not parsed.rejected


def test_a_byte_order_mark_costs_nothing():
    """On the first line of the file, where it stands."""
    parsed = parse(b"\xef\xbb\xbf" + GOOD, GOOD)
    assert parsed.batch.prediction.decode() == ["a", "a"]
    assert not parsed.rejected


def test_deep_nesting_is_rejected():
    """Even in a field that nobody reads."""
    parsed = parse(GOOD, b'{"prediction": "a", "x": ' + b"[" * 200_000, GOOD)
    assert parsed.parsed == 2
    assert parsed.rejected.total() == 1


def test_mapped_fields():
    """Dots descend; fields that are not mapped stay where they are."""
    fields = {"confidence": "score.top", "prediction": "score.class", "latency_ms": "took"}
    parsed = parse(
        b'{"score": {"top": 0.25, "class": "x"}, "took": 8, "true_label": "y"}',
        b'{"confidence": 0.9, "prediction": "z", "latency_ms": 1, "true_label": "y"}',
        b'{"score": {"top": "high", "class": "x"}}',
        fields=fields,
    )
    assert parsed.batch.prediction.decode() == ["x", None, "x"]
    assert parsed.batch.confidence.tolist()[0] == 0.25
    assert parsed.batch.latency.tolist()[0] == 0.008
    assert parsed.batch.label.decode() == ["y", "y", None]
    assert parsed.batch.violations == {("confidence", "type"): 1}


def test_mapped_features():
    """Their names are below the mapped key."""
    parsed = parse(
        b'{"prediction": "a", "input": {"row": {"age": 7, "a.b": 8}}}',
        fields={"features": "input.row"},
        features=["age", "a.b"],
    )
    assert {name: list(column.raw) for name, column in parsed.batch.features.items()} == {
        "age": [7],
        "a.b": [8],
    }


def test_two_models_share_a_file():
    """Each takes its own records, and those that name no configured model."""
    lines = [
        b'{"model": "a", "prediction": "1"}',
        b'{"model": "b", "prediction": "2"}',
        b'{"prediction": "3"}',
        b'{"model": "c", "prediction": "4"}',
        b'{"model": 5, "prediction": "5"}',
    ]
    first, second = parse(*lines, other_models=["b"]), parse(*lines, other_models=["a"])
    assert first.batch.prediction.decode() == ["1", "3", "4", "5"]
    assert second.batch.prediction.decode() == ["2", "3", "4", "5"]
    for parsed in (first, second):
        assert parsed.skipped == {"other_model": 1}
        assert accounted(parsed) == 5
        assert parsed.batch.violations == {("model", "type"): 1}


def test_the_model_field_can_be_mapped():
    """Sharing a file goes by the mapped key."""
    parsed = parse(
        b'{"meta": {"name": "b"}, "prediction": "1"}',
        b'{"model": "b", "prediction": "2"}',
        fields={"model": "meta.name"},
        other_models=["b"],
    )
    assert parsed.batch.prediction.decode() == ["2"]


FRAGMENTS = st.sampled_from(
    [
        b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\\u", b"\\ud800", b"\xff",
        b"\xef\xbb\xbf", b"\0", b" ", b"\r",
        b"1e999", b"NaN", b"-Infinity", b"null", b"true", b"0.5",
        b'"prediction"', b'"probabilities"', b'"confidence"', b'"features"', b'"timestamp"',
        b'"model"', b'"a"', b'{"a":', b'{"prediction":"a","probabilities":',
    ]
)  # fmt: skip
LINES = st.lists(
    st.binary(max_size=30) | st.lists(FRAGMENTS, max_size=12).map(b"".join) | st.just(GOOD),
    max_size=8,
)


@settings(max_examples=400)
@given(LINES, st.sampled_from([(), ("a",), None]), st.sampled_from([(), ("a",)]))
def test_any_bytes_are_accounted_for(lines, features, other_models):
    """Nothing raises, and read = parsed + rejected + skipped."""
    parsed = parse(*lines, features=features, other_models=other_models)
    assert accounted(parsed) == len(lines)
    assert len(parsed.batch) + parsed.batch.invalid.total() == parsed.parsed
    assert set(parsed.rejected) == set(parsed.examples)


ODD = st.sampled_from(
    [
        GOOD,
        GOOD + b" ",
        GOOD + GOOD,
        GOOD + b" " + GOOD,
        b"",
        b" ",
        b"{",
        b'{"prediction": "}',
        b'{"}',
        b'{"prediction": [{}',
        b"{}]}",
        b"null",
        b'{"prediction": "b", "confidence": "0.5"}',
        b'{"prediction": 2, "confidence": NaN, "latency_ms": 1e999}',
        b'{"prediction": true, "true_label": 1, "timestamp": "2026-01-02T03:04:05.006Z"}',
        b'{"prediction": 0.5, "true_label": 1, "timestamp": 5}',
        b'\xef\xbb\xbf{"model_version": 1.0, "error": {"type": "x"}}',
    ]
)


@pytest.mark.parametrize("empty_line_first", [True, False])
def test_an_empty_line_makes_no_two_objects_of_one_line_good(empty_line_first):
    """As many objects as lines, but not one each."""
    lines = [b"", GOOD + GOOD] if empty_line_first else [GOOD + GOOD, b""]
    parsed = parse(*lines)
    assert parsed.parsed == 0
    assert parsed.rejected == {"not_json": 1}
    assert parsed.skipped["empty"] == 1


@given(st.lists(st.lists(ODD, max_size=4) | st.just([GOOD] * 40), max_size=5))
def test_a_block_is_read_as_its_lines_are(parts):
    """Whatever stands beside it, a line is decoded, or refused, as it is alone."""
    lines = [line for part in parts for line in part]
    together = parse(*lines)
    alone = [parse(line) for line in lines]
    assert together.parsed == sum(one.parsed for one in alone)
    for counts in ("rejected", "skipped"):
        assert getattr(together, counts) == sum((getattr(one, counts) for one in alone), Counter())
    for counts in ("invalid", "violations"):
        apart = sum((getattr(one.batch, counts) for one in alone), Counter())
        assert getattr(together.batch, counts) == apart
    for name in ("version", "prediction", "label", "error_type"):
        apart = [value for one in alone for value in getattr(one.batch, name).decode()]
        assert getattr(together.batch, name).decode() == apart
    for name in ("timestamp", "confidence", "latency", "prediction_value", "label_value"):
        apart = [value for one in alone for value in getattr(one.batch, name).tolist()]
        assert getattr(together.batch, name).tolist() == pytest.approx(apart, nan_ok=True, rel=0)
    for reason, (position, _) in together.examples.items():
        assert position == next(i for i, one in enumerate(alone) if reason in one.examples)


@settings(max_examples=200)
@given(LINES, st.integers(1, 4))
def test_any_split_accounts_for_the_same(lines, size):
    """How a file is cut into blocks changes no count."""
    whole = parse(*lines)
    parts = [parse(*lines[start : start + size]) for start in range(0, len(lines), size)]
    assert sum(part.parsed for part in parts) == whole.parsed
    for name in ("rejected", "skipped"):
        counts = [getattr(part, name) for part in parts]
        assert sum(counts, type(whole.rejected)()) == getattr(whole, name)
    separate = [value for part in parts for value in part.batch.prediction.decode()]
    assert whole.batch.prediction.decode() == separate


@pytest.mark.parametrize(
    "name",
    [
        'say "hi"',
        "two\nlines",
        "back\\slash",
        "ends in \\",
        "\\n",
        "tab\tnul\0bell\a",
        "\r\x85\u2028\x1b[31m",
        "\U0001f600 \u00e9 \u202e",
        'a{b="c"} 5',
        "# HELP x",
        " ",
    ],
)
def test_any_class_survives_the_exposition(name):
    """What a scraper reads is what the log said."""
    monitor = Throughput(LABELS, WINDOWS, unlimited())
    monitor.update(batch({"prediction": name}))
    found = {
        sample.labels["class"]: sample.value
        for family in text_string_to_metric_families(exposition(monitor))
        for sample in family.samples
        if sample.name == "model_predictions_total"
    }
    assert found == {"": 0, name: 1}


@settings(max_examples=100)
@given(st.text(st.characters(), max_size=20))
def test_any_text_can_be_exposed(name):
    """Half surrogate pairs included, which Python writes and UTF-8 has not."""
    monitor = Throughput(LABELS, WINDOWS, unlimited())
    monitor.update(batch({"prediction": name, "confidence": 0.5, "error_type": name or "x"}))
    families = list(text_string_to_metric_families(exposition(monitor)))
    assert {family.name for family in families} >= {"model_predictions", "model_errors"}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("error.type", b'{"error": {"type": "Timeout", "message": "after 2 s"}}'),
        ("error", b'{"error": "Timeout"}'),
    ],
)
def test_an_error_type_that_is_part_of_the_error_tells_of_a_failure(key, line):
    """As services log errors whose type is within, or all there is."""
    batch = JsonLines(fields={"error_type": key}).parse([line, b'{"prediction": "a"}'], 0.0).batch
    assert batch.failed.tolist() == [True, False]
    assert batch.error_type.decode() == ["Timeout", None]
