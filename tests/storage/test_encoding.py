from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from exporter.storage.encoding import decode, encode
from exporter.storage.rows import Rows

arrays = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
        hnp.datetime64_dtypes(),
        hnp.byte_string_dtypes(),
        hnp.unicode_string_dtypes(),
    ),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
states = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(0, 99), inner)
    ),
    max_leaves=12,
)


@given(states)
def test_plain_values_come_back_as_they_were(state):
    """Maps, lists, strings, numbers, bytes."""
    assert decode(encode(state)) == state


@given(arrays)
def test_arrays_come_back_as_they_were(array):
    """Type, shape and every bit; what is restored can be written to."""
    restored = decode(encode({"array": array}))["array"]
    assert (restored.dtype, restored.shape) == (array.dtype, array.shape)
    assert restored.tobytes() == array.tobytes()
    assert restored.flags.writeable


def test_views_are_stored_by_their_elements():
    """Whatever their strides."""
    array = np.arange(24).reshape(4, 6)
    for view in (array[::2, 1::3], array.T, array[:0]):
        assert np.array_equal(decode(encode(view)), view)


@pytest.mark.parametrize(
    ("scalar", "plain"),
    [(np.float64(0.5), 0.5), (np.int32(-3), -3), (np.bool_(True), True), (np.str_("a"), "a")],
)
def test_numpy_scalars_become_plain_ones(scalar, plain):
    """Monitors need not convert them."""
    assert decode(encode([scalar])) == [plain]


@pytest.mark.parametrize(
    "value",
    [
        object(),
        1j,
        np.array([{}], dtype=object),
        np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        np.array([object()]),
    ],
)
def test_what_would_not_come_back_is_refused(value):
    """When it is stored, not when it is missed."""
    with pytest.raises(TypeError):
        encode({"state": value})


def extension(code: int, data: bytes) -> bytes:
    """Return an encoded extension type."""
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(code, data))


def array_bytes(dtype: object, shape: object, data: bytes) -> bytes:
    """Return an array as it is stored."""
    header = msgspec.msgpack.encode([dtype, shape])
    return extension(1, len(header).to_bytes(4, "little") + header + data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        encode({"a": np.arange(9)})[:-3],
        extension(2, b"abc"),
        extension(1, b""),
        array_bytes("|O", [1], b"\0" * 8),
        array_bytes("|V8", [1], b"\0" * 8),
        array_bytes("<f8", [2], b"\0" * 8),
        array_bytes("<f8", [1], b"\0" * 7),
        array_bytes("no type", [1], b"\0" * 8),
    ],
)
def test_other_bytes_are_refused(data):
    """Arrays of objects above all: reading them would follow stray pointers."""
    with pytest.raises((msgspec.DecodeError, ValueError, TypeError)):
        decode(data)


class Squares(Rows):
    """Rows whose values follow from their keys."""

    def versions(self):
        """Two rows."""
        return {"2": 0, "3": 0}

    def value(self, key):
        """Return the square of the key."""
        return int(key) ** 2


def test_rows_are_encoded_as_the_map_they_stand_for():
    """Whoever loads them can't tell the difference."""
    assert decode(encode({"a": Squares()})) == {"a": {"2": 4, "3": 9}}
