"""One text, and one digest of it, for everything that holds the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(document: Any) -> str:
    """Return plain values as JSON with sorted keys, no white space and ASCII alone.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(text: str) -> str:
    """Return the hex SHA-256 of an ASCII text."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()
