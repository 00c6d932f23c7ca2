"""The parser of a model's prediction log, as its configuration asks for."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from exporter.bounded_search import BoundedPattern
from exporter.config import Configuration, ModelSource, Privacy
from exporter.config.loading import read_text
from exporter.errors import UsageError
from exporter.parsing.csv_lines import CsvLines
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.leading_fields import RecordParser, WithoutLeadingFields
from exporter.parsing.logfmt import Logfmt
from exporter.parsing.others import SkippingOthers
from exporter.parsing.regex_lines import Expression
from exporter.parsing.text_columns import TextColumns
from exporter.parsing.text_lines import TextLines
from exporter.parsing.withheld import LONGEST_KEY, Withheld


def prediction_parser(
    model: ModelSource,
    configuration: Configuration,
    features: Collection[str] | None,
    embeddings: Embeddings | None = None,
) -> RecordParser:
    """Return the parser of a model's prediction log; embeddings are read of JSON only.

    Raises
    ------
    UsageError
        If the key of the hashes can't be read.
    """
    parser = _parser_of_format(model, configuration, features, embeddings)
    fields = model.leading_fields
    parser = WithoutLeadingFields(parser, fields) if fields else parser
    return SkippingOthers(parser) if model.others == "skip" else parser


def _parser_of_format(
    model: ModelSource,
    configuration: Configuration,
    features: Collection[str] | None,
    embeddings: Embeddings | None,
) -> RecordParser:
    others = {other.name for other in configuration.models} - {model.name}
    withheld = read_withheld(configuration.privacy)
    if model.format == "json":
        return JsonLines(model.task, model.fields, features, others, embeddings, withheld)
    text_columns = partial(
        TextColumns, model.task, model.fields, features, others, withheld=withheld
    )
    if model.pattern is not None:
        expression = BoundedPattern(model.pattern)
        groups = set(expression.groups)
        columns = text_columns(dot="_")
        measured = columns.measured & groups
        if measured and measured <= columns.failures:
            # Nothing else tells that there was an attempt, and not all of them can have failed.
            columns = text_columns(dot="_", every=True)
        return TextLines(Expression(expression), columns)
    if model.format == "csv":
        return CsvLines(text_columns(), "," if model.csv is None else model.csv.delimiter)
    return TextLines(Logfmt(), text_columns())


def read_withheld(privacy: Privacy) -> Withheld:
    """Return what takes out of batches what nobody is to know.

    Raises
    ------
    UsageError
        If the key of the hashes can't be read, or is too long.
    """
    key = b""
    if privacy.hash_key_file is not None:
        key = read_text(privacy.hash_key_file, "key of the hashes").strip().encode()
        if not 0 < len(key) <= LONGEST_KEY:
            expected = f"expected a key of 1 to {LONGEST_KEY} bytes"
            raise UsageError(f"{privacy.hash_key_file}: {expected}, got {len(key)}")
    return Withheld(privacy.drop, privacy.hash, key)
