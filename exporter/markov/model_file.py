"""The file that holds a model.

    8 bytes   MTMARKOV
    2 bytes   version, big-endian
    32 bytes  SHA-256 of the rest
    rest      the content: MessagePack, compressed by zlib

States are in it as they appear in the logs, without their digits.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter import whole_file
from exporter.errors import UsageError
from exporter.markov.model import MarkovModel
from exporter.markov.transitions import TransitionMatrix
from exporter.markov.vocabulary import Vocabulary
from exporter.storage import encoding

MAGIC = b"MTMARKOV"
VERSION = 3
_VERSION_OF_ONLINE = 3
_DIGEST_AT = len(MAGIC) + 2
_CONTENT_AT = _DIGEST_AT + hashlib.sha256().digest_size
_LITTLE_ENDIAN = np.dtype("<i8")


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    messages: list[str]
    tags: list[str]
    message_pairs: bytes
    message_counts: bytes
    tag_pairs: bytes
    tag_counts: bytes
    lines: int
    chains: int
    holdout_transitions: int
    holdout_unseen: int
    # Version 1 has none, and that of version 2 has no reference.
    online: bytes = b""


def fingerprint(model: MarkovModel) -> str:
    """Return the SHA-256 of a model's states and matrices, in hexadecimal digits."""
    return hashlib.sha256(_content(replace(model, online=None))).hexdigest()


def save(model: MarkovModel, path: Path) -> None:
    """Write a model; what was at `path` before is replaced at once or not at all.

    Raises
    ------
    UsageError
        If the file can't be written.
    """
    compressed = zlib.compress(_content(model), 9)
    head = MAGIC + VERSION.to_bytes(2, "big") + hashlib.sha256(compressed).digest()
    whole_file.replace(path, head + compressed)


def load(path: Path) -> MarkovModel:
    """Read a model.

    Raises
    ------
    UsageError
        If the file can't be read, is no model, is damaged, or is of a newer version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error
    if not data.startswith(MAGIC):
        raise UsageError(
            f"{path}: no syslog model; expected a file that `modeltail syslog train` wrote"
        )
    version = int.from_bytes(data[len(MAGIC) : _DIGEST_AT], "big")
    if version > VERSION:
        raise UsageError(
            f"{path}: version {version} of the format; this modeltail reads up to {VERSION}"
        )
    try:
        compressed = data[_CONTENT_AT:]
        content = zlib.decompress(compressed)
        # Version 1 has that of what was compressed.
        signed = compressed if version > 1 else content
        if hashlib.sha256(signed).digest() != data[_DIGEST_AT:_CONTENT_AT]:
            raise ValueError("the checksum differs")  # noqa: TRY301
        model = _model(msgspec.msgpack.decode(content, type=_Content))
        return model if version >= _VERSION_OF_ONLINE else replace(model, online=None)
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise UsageError(f"{path}: truncated or damaged ({error}); train it anew") from error


def _content(model: MarkovModel) -> bytes:
    return msgspec.msgpack.encode(
        _Content(
            messages=list(model.messages.values),
            tags=list(model.tags.values),
            message_pairs=_packed(model.message_transitions.pairs),
            message_counts=_packed(model.message_transitions.counts),
            tag_pairs=_packed(model.tag_transitions.pairs),
            tag_counts=_packed(model.tag_transitions.counts),
            lines=model.lines,
            chains=model.chains,
            holdout_transitions=model.holdout_transitions,
            holdout_unseen=model.holdout_unseen,
            online=b"" if model.online is None else encoding.encode(model.online),
        )
    )


def _model(content: _Content) -> MarkovModel:
    messages, tags = Vocabulary(content.messages), Vocabulary(content.tags)
    if len(messages) < len(content.messages) or len(tags) < len(content.tags):
        raise ValueError("a state is repeated")
    return MarkovModel(
        messages=messages,
        tags=tags,
        message_transitions=TransitionMatrix(
            _unpacked(content.message_pairs), _unpacked(content.message_counts), len(messages)
        ),
        tag_transitions=TransitionMatrix(
            _unpacked(content.tag_pairs), _unpacked(content.tag_counts), len(tags)
        ),
        lines=content.lines,
        chains=content.chains,
        holdout_transitions=content.holdout_transitions,
        holdout_unseen=content.holdout_unseen,
        online=encoding.decode(content.online) if content.online else None,
    )


def _packed(numbers: NDArray[np.int64]) -> bytes:
    return numbers.astype(_LITTLE_ENDIAN).tobytes()


def _unpacked(data: bytes) -> NDArray[np.int64]:
    return np.frombuffer(data, dtype=_LITTLE_ENDIAN).astype(np.int64)
