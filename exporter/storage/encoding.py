"""State to bytes and back: plain values and numpy arrays, nothing that runs code when read."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from exporter.storage.rows import Archive, Rows

_ARRAY = 1
_ELSEWHERE = 2
_REFUSED = "OV"
"""Kinds of numpy types that bytes alone do not bring back: objects and records."""


class Elsewhere:
    """Stands for a map whose values are stored in rows of their own."""


ELSEWHERE: Final = Elsewhere()


def _encode_extra(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind in _REFUSED:
            raise TypeError(f"can't store an array of {value.dtype}")
        header = msgspec.msgpack.encode([value.dtype.str, list(value.shape)])
        payload = len(header).to_bytes(4, "little") + header + np.ascontiguousarray(value).tobytes()
        return msgspec.msgpack.Ext(_ARRAY, payload)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Rows | Archive):
        return value.plain()
    if isinstance(value, Elsewhere):
        return msgspec.msgpack.Ext(_ELSEWHERE, b"")
    raise TypeError(f"can't store a {type(value).__name__}")


def _decode_extra(code: int, data: memoryview) -> Any:
    if code == _ELSEWHERE and not data:
        return ELSEWHERE
    if code != _ARRAY:
        raise ValueError(f"unknown extension type {code}")
    size = int.from_bytes(data[:4], "little")
    dtype, shape = msgspec.msgpack.decode(data[4 : 4 + size])
    kind = np.dtype(dtype)
    if kind.kind in _REFUSED:
        raise ValueError(f"arrays of {kind} are not stored")
    return np.frombuffer(data[4 + size :], dtype=kind).reshape(shape).copy()


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_extra)
_decoder = msgspec.msgpack.Decoder(ext_hook=_decode_extra)


def encode(state: Any) -> bytes:
    """Encode maps, lists, strings, numbers, bytes and numpy arrays.

    :class:`Rows` and an :class:`Archive` are maps.

    Raises
    ------
    TypeError
        For anything else.
    """
    return _encoder.encode(state)


def decode(data: bytes) -> Any:
    """Decode what :func:`encode` returned.

    Raises
    ------
    msgspec.DecodeError, ValueError
        If the bytes are something else.
    """
    return _decoder.decode(data)
