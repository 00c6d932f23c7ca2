"""Tables in Parquet: needs pyarrow, ``pip install modeltail[parquet]``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from exporter.errors import TableError

_ROWS = 1 << 14
_INDEX = "__index_level_"
_TEXTS = frozenset({"string", "large_string", "string_view"})


class ParquetTable:
    """A file that is read in batches.

    Columns within a column (a struct) are called by both names with a dot between them. An index
    without a name, which pandas writes, is no column.

    Parameters
    ----------
    path
        The file.
    whole
        Columns that are left as they are.

    Raises
    ------
    TableError
        If pyarrow is not installed, or the file is no Parquet.
    """

    def __init__(self, path: str, whole: Collection[str] = ()) -> None:
        if find_spec("pyarrow") is None:
            raise TableError("Parquet needs pyarrow: pip install 'modeltail[parquet]'")
        # Imported here: it takes a tenth of a second, and few have Parquet.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        self._pa = pa
        self._whole = frozenset(whole)
        try:
            self._file = parquet.ParquetFile(path)
            schema = self._flat(self._file.schema_arrow.empty_table()).schema
        except (OSError, ValueError, pa.ArrowException) as error:
            raise TableError(f"this is no Parquet: {_first_line(error)}") from error
        self.names = [name for name in schema.names if not name.startswith(_INDEX)]
        """Names of the columns."""
        self.no_scalars = frozenset(
            field.name for field in schema if not self._is_scalar(field.type)
        )
        """Columns whose values are neither numbers nor texts nor booleans."""

    def read(self, names: Sequence[str]) -> Iterator[tuple[dict[str, list[Any]], int]]:
        """Yield some columns, batch by batch: their values as JSON would have them, and how many.

        Raises
        ------
        TableError
            If the file is damaged.
        """
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS):
                table = self._flat(self._pa.Table.from_batches([batch]))
                values = {name: self._values(table.column(name)) for name in names}
                yield values, table.num_rows
        except (OSError, ValueError, self._pa.ArrowException) as error:
            raise TableError(f"can't read the Parquet: {_first_line(error)}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _flat(self, table: Any) -> Any:
        """Return the table with the columns within its columns in their place."""
        names, columns = [], []
        for position, field in enumerate(table.schema):
            one = table.select([position])
            if self._pa.types.is_struct(field.type) and field.name not in self._whole:
                one = self._flat(one.flatten())
            names += one.schema.names
            columns += one.columns
        return self._pa.table(columns, names)

    def _is_scalar(self, kind: Any) -> bool:
        types = self._pa.types
        if types.is_dictionary(kind):
            kind = kind.value_type
        return bool(
            types.is_integer(kind)
            or types.is_floating(kind)
            or types.is_decimal(kind)
            or types.is_boolean(kind)
            or str(kind) in _TEXTS
            or types.is_null(kind)
        )

    def _values(self, column: Any) -> list[Any]:
        types, kind = self._pa.types, column.type
        if types.is_decimal(kind):
            column = column.cast(self._pa.float64())
        elif types.is_date(kind):
            column = column.cast(self._pa.timestamp("us"))
        if types.is_timestamp(column.type):
            # Microseconds as numbers would be taken for milliseconds.
            whole = column.cast(self._pa.timestamp("us", column.type.tz), safe=False)
            return [
                None if value is None else value / 1e6
                for value in whole.cast(self._pa.int64()).to_pylist()
            ]
        values: list[Any] = column.to_pylist()
        return values


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
