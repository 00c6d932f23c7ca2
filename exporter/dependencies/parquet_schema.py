"""The columns of Parquet, from its footer: needs pyarrow, ``pip install modeltail[parquet]``."""

from __future__ import annotations

from importlib.util import find_spec


def available() -> bool:
    """Return whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


def columns(path: str) -> list[tuple[str, str]]:
    """Return name and type of each column.

    Raises
    ------
    OSError
        If the file can't be read.
    ValueError
        If it is no Parquet.
    """
    # Imported here: it takes a tenth of a second, and few have Parquet.
    from pyarrow import parquet  # noqa: PLC0415

    return [(field.name, str(field.type)) for field in parquet.read_schema(path)]
