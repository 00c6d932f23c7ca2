"""Tables, such as a training set: a row is a prediction, a column a field or a feature.

Values are what they would be in a prediction log of JSON, so that a reference made of a table and
the log that is compared with it agree: ``1.0`` and ``1`` are the same class, ``007`` is a text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from exporter.errors import TableError
from exporter.parsing.columns import Columns
from exporter.parsing.csv_lines import Fields, Rows, header_of
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.fields import EMBEDDING, RECORD_FIELDS, embedding_key, keys_read
from exporter.parsing.text_columns import Texts, Violations, values_of
from exporter.parsing.text_lines import Refusal, shown
from exporter.parsing.withheld import NOTHING, Withheld
from exporter.records import RecordBatch

_ALWAYS = ("timestamp", "model_version", "prediction", "true_label", "confidence")
_BY_NAME = frozenset({*_ALWAYS, "probabilities", "request_id"})
_DELIMITERS = ",;\t|"
_PYTHON_BOOLEANS = {"True": True, "False": False}


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a table are.

    Attributes
    ----------
    fields
        Column by field of the record schema.
    features
        Column by name of the feature.
    left_out
        Columns that are neither.
    """

    fields: Mapping[str, str]
    features: Mapping[str, str]
    left_out: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """Columns that are something."""
        return (*self.fields.values(), *self.features.values())


def layout(
    names: Sequence[str],
    fields: Mapping[str, str],
    without: Collection[str] = (),
    no_features: Collection[str] = (),
) -> Layout:
    """Return what the columns of a table are.

    Where names begin with that of `features` and a dot, it is a log in the form of a table: these
    are the features. Else all columns are, but for the fields: those of a model that logs its
    features beside them (`features` mapped to ""), and those that somebody mapped or that no
    feature is called by; ``cost`` and ``model`` may well be features of a car.

    Parameters
    ----------
    names
        Of the columns.
    fields
        Column by field, where it differs.
    without
        Columns to pass over.
    no_features
        Columns whose values can only be those of a field.

    Raises
    ------
    TableError
        If two columns have the same name.
    """
    repeated = [name for name, times in Counter(names).items() if times > 1 and name]
    if repeated:
        raise TableError(f"two columns are called {repeated[0]!r}")
    # pandas writes the index without a name to CSV.
    usable = [name for name in names if name and name not in without]
    keys = keys_read(fields)
    parent = keys.pop("features")
    prefix = f"{parent}."
    inside = {
        name.removeprefix(prefix): name
        for name in usable
        if parent and name.startswith(prefix) and name != prefix
    }
    if parent and not inside:
        keys = {field: key for field, key in keys.items() if field in _BY_NAME or field in fields}
        reserved = set(keys.values())
    else:
        reserved = {fields.get(field, field) for field in RECORD_FIELDS}
    features = inside or {name: name for name in usable if name not in reserved}
    features = {name: column for name, column in features.items() if column not in no_features}
    found = {field: key for field, key in keys.items() if key in usable}
    embedding = embedding_key(fields)
    # Only what is no number and no text can be a list of numbers.
    if embedding in usable and embedding in no_features:
        found[EMBEDDING] = embedding
    used = {*found.values(), *features.values(), *without}
    return Layout(found, features, tuple(name for name in names if name not in used))


class TableRows:
    """Builds batches of the rows of a table.

    Parameters
    ----------
    task
        As of :class:`exporter.parsing.columns.Columns`.
    columns
        What the columns are.
    other_models
        Names of the other configured models: rows that name one of them are left to them.
    python_booleans
        Whether the texts ``True`` and ``False`` are booleans, as pandas writes them.
    embeddings
        Reads embeddings.
    withheld
        Takes out what nobody is to know.
    """

    def __init__(
        self,
        task: str,
        columns: Layout,
        other_models: Collection[str] = (),
        *,
        python_booleans: bool = True,
        embeddings: Embeddings | None = None,
        withheld: Withheld = NOTHING,
    ) -> None:
        self._layout = columns
        self._fields = tuple(dict.fromkeys((*_ALWAYS, *columns.fields)))
        self._columns = Columns(
            task, self._fields, every=True, embeddings=embeddings, withheld=withheld
        )
        self._other_models = frozenset(other_models)
        self._booleans = _PYTHON_BOOLEANS if python_booleans else {}

    def of_values(
        self, values: Mapping[str, Sequence[Any]], number: int
    ) -> tuple[RecordBatch, int]:
        """Build a batch of decoded values.

        Parameters
        ----------
        values
            By column, each with `number` of them.

        Returns
        -------
        batch, other_model
            The usable rows, and how many belong to another model.
        """
        return self._batch(values, number, Counter())

    def batch(
        self,
        texts: Mapping[str, Texts],
        number: int,
        received: float,  # noqa: ARG002
        violations: Violations,
    ) -> tuple[RecordBatch, int]:
        """Build a batch of texts, as :class:`exporter.parsing.text_lines.Meaning` says."""
        values = {name: self._typed(texts[name]) for name in self._layout.used}
        return self._batch(values, number, violations)

    def _typed(self, texts: Texts) -> list[Any]:
        values = values_of(texts)
        if self._booleans.keys() & set(texts):
            return [
                self._booleans.get(text or "", value)
                for text, value in zip(texts, values, strict=True)
            ]
        return values

    def _batch(
        self, values: Mapping[str, Sequence[Any]], number: int, violations: Violations
    ) -> tuple[RecordBatch, int]:
        model = self._layout.fields.get("model")
        ours: list[bool] | None = None
        if model is not None and self._other_models:
            ours = [name not in self._other_models for name in values[model]]
        total = number if ours is None else sum(ours)

        def column(name: str | None) -> list[Any]:
            if name is None:
                return [None] * total
            return list(values[name] if ours is None else compress(values[name], ours))

        batch = self._columns.batch(
            [column(self._layout.fields.get(field)) for field in self._fields],
            {feature: column(name) for feature, name in self._layout.features.items()},
            # Nothing in a table depends on when it was read.
            0.0,
            violations,
        )
        return batch, number - total


def csv_names(header: bytes | None, delimiter: str | None) -> tuple[Rows, list[str]]:
    """Return what cuts the lines of a CSV below its header, and the names of the columns.

    Parameters
    ----------
    header
        The first line, without its end.
    delimiter
        Absent: the one of comma, semicolon, tab and bar that the header holds most of.

    Raises
    ------
    TableError
        If the line is no header.
    """
    if header is None:
        raise TableError("the first line, which names the columns, is too long")
    if delimiter is None:
        text = header.decode(errors="replace")
        delimiter = max(_DELIMITERS, key=text.count)
    fields = Fields(delimiter)
    text, names = header_of(header, fields)
    if isinstance(names, Refusal):
        raise TableError(f"the first line is no header: {names.problem}")
    if not any(names):
        raise TableError(f"the first line names no column: {shown(text)}")
    return Rows(text, names, fields), names
