"""Text in an encoding that has line ends of two bytes: no line of it can be cut out."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE

_LOOKED_AT = 64
_LEAST = 8


def is_utf16(beginning: bytes) -> bool:
    """Return whether a file that begins so is UTF-16 (or UTF-32), by its mark or its NULs.

    Without a mark every other byte must be NUL and the others not, as in text of Latin letters.
    """
    if beginning.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return True
    sample = beginning[: min(len(beginning) & ~1, _LOOKED_AT)]
    if len(sample) < _LEAST:
        return False
    even, odd = sample[::2], sample[1::2]
    return (not any(even) and all(odd)) or (all(even) and not any(odd))
