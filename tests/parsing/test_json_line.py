from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import RecordRejectedError
from exporter.parsing.json_line import REFUSALS, Leaf, LineDecoder
from exporter.tailing.lines import Lines

LEAVES = (
    Leaf("model", ("model",), "text"),
    Leaf("confidence", ("score", "top"), "number"),
    Leaf("prediction", ("score", "best", "class"), "scalar"),
    Leaf("features", ("features",), "map"),
    Leaf("error", ("error",), "any"),
)
NOTHING = (None, None, None, None, None)


def decode(line, leaves=LEAVES):
    """Return values and violations of a line."""
    decoder = LineDecoder(leaves)
    record, violations = decoder.one(line if isinstance(line, bytes) else line.encode())
    return row(decoder.columns([record])), violations


def row(columns):
    """Return the values of the only record."""
    return tuple(value for (value,) in columns)


def test_values_are_found_below_their_keys():
    """In the order of the leaves; other keys are passed over, keys in between are optional."""
    line = json.dumps(
        {
            "error": [1],
            "score": {"best": {"class": 7, "x": 1}, "top": 0.5},
            "more": {"deep": []},
            "features": {"a": None, "b": "c"},
            "model": "bot",
        }
    )
    expected = ("bot", 0.5, 7, {"a": None, "b": "c"}, [1])
    assert decode(line) == (expected, [])
    decoder = LineDecoder(LEAVES)
    columns = decoder.columns(decoder.fast(Lines.of([line.encode()] * 2)))
    assert list(zip(*columns, strict=True)) == [expected] * 2
    assert decode("{}") == (NOTHING, [])
    assert decode('{"score": {}, "model": null}') == (NOTHING, [])


def test_keys_may_be_any_text():
    """Also such as no attribute could have."""
    leaves = [Leaf("a", ("class", "a b", ""), "any"), Leaf("b", ("__class__",), "any")]
    assert decode('{"class": {"a b": {"": 1}}, "__class__": 2}', leaves) == ((1, 2), [])


def test_a_single_leaf_is_a_column_too():
    """One value, in the shape of many."""
    assert decode('{"a": 5}', [Leaf("a", ("a",), "any")]) == ((5,), [])


def test_a_field_of_the_wrong_type_costs_only_itself():
    """The others of the line are read, and each dropped one is told."""
    line = (
        '{"model": 5, "score": {"top": "0.5", "best": {"class": [1]}}, "features": 3, "error": 1}'
    )
    values, violations = decode(line)
    assert values == (None, None, None, None, 1)
    assert violations == [
        ("model", "type"),
        ("confidence", "type"),
        ("prediction", "type"),
        ("features", "type"),
    ]


def test_a_value_where_a_map_is_expected_holds_no_fields():
    """A scalar on the way to a key is as good as an absent key."""
    assert decode('{"score": 0.5, "model": "bot"}') == (("bot", None, None, None, None), [])


def test_true_is_no_number():
    """Though Python counts it as one."""
    assert decode('{"score": {"top": true}}') == (NOTHING, [("confidence", "type")])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e999", float("inf")), ("-Infinity", float("-inf")), ("1" + "0" * 400, 10**400)],
)
def test_numbers_that_no_float_holds_are_read(text, value):
    """What they are worth is decided where rules are."""
    assert decode(f'{{"score": {{"top": {text}}}}}') == ((None, value, None, None, None), [])


def test_nan_is_read():
    """Python's own encoder writes it, though it is no JSON."""
    ((_, number, *_), violations) = decode('{"score": {"top": NaN}}')
    assert number != number  # noqa: PLR0124
    assert violations == []


def test_the_last_of_two_equal_keys_counts():
    """As nearly every decoder has it, on the fast way and on the slow one."""
    assert decode('{"model": "a", "model": "b"}')[0][0] == "b"
    assert decode('{"model": "a", "model": "b", "error": NaN}')[0][0] == "b"


def test_a_byte_order_mark_is_passed_over():
    """Some programs begin a file with it."""
    assert decode(b'\xef\xbb\xbf{"model": "bot"}')[0][0] == "bot"


def test_invalid_utf8_is_replaced_and_told():
    """The rest of the record is good."""
    assert decode(b'{"model": "b\xff\xfet"}') == (
        ("b\ufffd\ufffdt", None, None, None, None),
        [("line", "utf8")],
    )


@pytest.mark.parametrize("escape", [r"\ud800", r"\uDC00", r"\ud800\ud800"])
def test_half_a_surrogate_pair_is_replaced(escape):
    """It could be written to no exposition and to no storage."""
    (model, *_), violations = decode(f'{{"model": "a{escape}b", "features": {{"{escape}": 1}}}}')
    assert model.replace("?", "") == "ab"
    assert model.encode()
    assert violations == []


def test_a_whole_surrogate_pair_is_a_character():
    """As is the text of one that is escaped itself."""
    assert decode(r'{"model": "\ud83d\ude00", "error": NaN}')[0][0] == "\U0001f600"
    assert decode(r'{"model": "\\ud800", "error": NaN}')[0][0] == r"\ud800"


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (b'{"model": "bo', "not_json", "Unterminated string"),
        (b"model=bot", "not_json", "Expecting value"),
        (b"\x00\x01\xff", "not_json", "Expecting value"),
        (b'{"a": 1} {"a": 2}', "not_json", "Extra data"),
        (b'{"error": ' + b"1" * 5_000 + b"}", "not_json", "Exceeds the limit"),
        (b"[1, 2]", "not_object", "expected a JSON object, got list"),
        (b"null", "not_object", "expected a JSON object, got NoneType"),
        (b'"text"', "not_object", "expected a JSON object, got str"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep", "nested too deeply"),
        (b'{"error": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", "too_deep", "nested"),
    ],
)
def test_what_is_no_json_object_is_rejected(line, reason, detail):
    """With a reason of a closed set, and a detail for the log."""
    with pytest.raises(RecordRejectedError, match=detail) as raised:
        decode(line)
    assert raised.value.reason == reason


def test_the_fast_way_refuses_a_block_with_a_bad_line():
    """It is all or nothing; the caller goes line by line then."""
    decoder = LineDecoder(LEAVES)
    for bad in (b"", b"{", b'{"model": 5}', b'{"model": "\xff"}', b"[" * 10_000):
        with pytest.raises(REFUSALS):
            decoder.fast(Lines.of([b"{}", bad]))


OBJECTS = st.sampled_from(
    [
        *(b"{}", b'{"model": "a"}', b"", b" ", b"{", b"}", b'{"model":', b'"a"}', b"1"),
        # A line end within a string, a map or a list, between the right braces.
        *(b'{"x": "}', b'{"}', b'{"x": [{}', b"{}]}", b'{"x": {}'),
    ]
)


@given(
    st.lists(
        OBJECTS.flatmap(lambda text: st.sampled_from([text, text + b"{}", text + b"{"])), max_size=6
    )
)
def test_the_fast_way_takes_only_lines_that_each_hold_one_object(lines):
    """A value over two lines, two on one line and an empty line do not make up for one another."""
    decoder = LineDecoder(LEAVES)
    try:
        expected = [decoder._decoder.decode(line) for line in lines]
    except REFUSALS:
        with pytest.raises(REFUSALS):
            decoder.fast(Lines.of(lines))
    else:
        # Space around an object is in order, and left to the slow way.
        stripped = Lines.of([line.strip() for line in lines])
        assert decoder.columns(decoder.fast(stripped)) == decoder.columns(expected)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "score", "top", "best", "class"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["model", "score", "features", "error", "z"]), JSON))
def test_both_ways_read_the_same(record):
    """What the fast way takes, it takes as the slow way does."""
    line = json.dumps(record).encode()
    decoder = LineDecoder(LEAVES)
    try:
        fast = decoder.fast(Lines.of([line]))
    except REFUSALS:
        return
    slow, violations = decoder._slow(line)
    assert decoder.columns(fast) == decoder.columns([slow])
    assert violations == []
