"""Records of files, whatever they are: prediction logs as configured, or tables."""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from difflib import get_close_matches
from pathlib import PurePath
from typing import Literal

import numpy as np

from exporter.commands.reference.printing import plain
from exporter.commands.streams import Progress, Streams
from exporter.config import Configuration, ModelSource
from exporter.errors import TableError, UsageError
from exporter.parsing.embeddings import Embeddings
from exporter.parsing.fields import OPTIONAL_MAPS
from exporter.parsing.leading_fields import RecordParser
from exporter.parsing.of_model import prediction_parser, read_withheld
from exporter.parsing.parquet_tables import ParquetTable
from exporter.parsing.tables import Layout, TableRows, csv_names, layout
from exporter.parsing.text_lines import TextLines
from exporter.records import RecordBatch
from exporter.source import parser_below
from exporter.tailing.inputs import Block, expand, read_blocks

_PARQUET = frozenset({".parquet", ".pq"})
_CSV = frozenset({".csv", ".tsv"})
_MOST_NAMES = 10


class Reading:
    """Reads files to their end, and keeps in mind what was left out of them.

    Parameters
    ----------
    configuration, source
        The configuration, and the model.
    options
        As :mod:`exporter.commands.reference.arguments` has them.
    streams
        Standard input, and where notes go.
    progress
        Told of every line.
    """

    def __init__(
        self,
        configuration: Configuration,
        source: ModelSource,
        options: argparse.Namespace,
        streams: Streams,
        progress: Progress,
    ) -> None:
        self._source = source
        # One for all files, so that their embeddings are all of one length.
        self._embeddings = Embeddings()
        self._parser = prediction_parser(source, configuration, None, self._embeddings)
        self._others = {other.name for other in configuration.models} - {source.name}
        self._withheld = read_withheld(configuration.privacy)
        self._all_tables: bool = options.table
        self._named: dict[str, str] = dict(options.field)
        self._without: tuple[str, ...] = tuple(options.without)
        self._streams = streams
        self._progress = progress
        self._problems: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._missing = dict.fromkeys((*self._named.values(), *self._without), "")
        self._latest = -math.inf
        self.tables = 0
        """Tables of predictions among the files read so far."""
        self.in_order = True
        """Whether no row of these was earlier than the one before it."""

    def of(self, patterns: Sequence[str], *, labels: bool = False) -> Iterator[RecordBatch]:
        """Yield the records of all files.

        Parameters
        ----------
        labels
            Whether ground truth alone is wanted of them, in whatever order it is.

        Raises
        ------
        UsageError
            If a file can't be read, or is no table where it has to be one.
        """
        for name in expand(patterns):
            kind = self._kind(name)
            if kind == "log":
                for block in self._blocks(name):
                    yield self._noted(parser_below(self._parser, block.header), block)
                continue
            self.tables += not labels
            try:
                for batch in self._parquet(name) if kind == "parquet" else self._csv(name):
                    if not labels:
                        self._note_order(batch)
                    yield batch
            except TableError as error:
                raise UsageError(f"{name}: {error}") from error

    def check_columns(self) -> None:
        """Refuse columns that were named but are in none of the tables read.

        Raises
        ------
        UsageError
            If there are any.
        """
        if self._missing:
            column, near = next(iter(self._missing.items()))
            where = f"in any table; there is {near}" if near else "since no FILE is a table"
            raise UsageError(f"there is no column {column!r} {where}")

    def problems(self) -> Iterator[str]:
        """Yield what was left out, and why, with the first example of each."""
        for problem, number in sorted(self._problems.items()):
            example = f", first {self._examples[problem]}" if problem in self._examples else ""
            yield f"{number} lines left out: {problem}{example}"

    def _kind(self, name: str) -> Literal["log", "csv", "parquet"]:
        ending = PurePath(name.lower().removesuffix(".gz")).suffix
        if ending in _PARQUET:
            return "parquet"
        is_csv = ending in _CSV and self._source.format != "csv"
        return "csv" if is_csv or self._all_tables else "log"

    def _blocks(self, name: str) -> Iterator[Block]:
        return self._progress.track(read_blocks([name], stdin=self._streams.stdin))

    def _csv(self, name: str) -> Iterator[RecordBatch]:
        parser: TextLines | None = None
        for block in self._blocks(name):
            if parser is None:
                own = self._source.csv
                cutter, names = csv_names(block.header, None if own is None else own.delimiter)
                parser = TextLines(cutter, self._rows(self._layout(name, names)))
            yield self._noted(parser, block)

    def _parquet(self, name: str) -> Iterator[RecordBatch]:
        maps = {self._fields.get(field, field) for field in ("probabilities", *OPTIONAL_MAPS)}
        with closing(ParquetTable(name, whole=maps)) as table:
            columns = self._layout(name, table.names, table.no_scalars)
            rows = self._rows(columns)
            for values, number in table.read(columns.used):
                batch, others = rows.of_values(values, number)
                self._problems.update({"other_model": others} if others else {})
                self._problems.update({f"invalid {why}": n for why, n in batch.invalid.items()})
                self._progress.advance(number)
                yield batch

    @property
    def _fields(self) -> dict[str, str]:
        return {**self._source.fields, **self._named}

    def _layout(self, name: str, names: Sequence[str], no_scalars: Collection[str] = ()) -> Layout:
        for column in list(self._missing):
            if column in names:
                del self._missing[column]
            else:
                near = get_close_matches(column, names) or names
                self._missing[column] = ", ".join(map(plain, near[:_MOST_NAMES]))
        columns = layout(names, self._fields, self._without, no_scalars)
        if columns.left_out:
            out = ", ".join(plain(one) or "one without a name" for one in columns.left_out)
            self._streams.err.write(f"note: {name}: columns left out: {plain(out, 500)}\n")
        return columns

    def _rows(self, columns: Layout) -> TableRows:
        # A log that is text throughout has whatever text was written for a boolean.
        typed = self._source.format == "json"
        return TableRows(
            self._source.task,
            columns,
            self._others,
            python_booleans=typed,
            embeddings=self._embeddings,
            withheld=self._withheld,
        )

    def _note_order(self, batch: RecordBatch) -> None:
        times = batch.timestamp[~np.isnan(batch.timestamp)]
        if times.size:
            self.in_order &= bool(times[0] >= self._latest and (np.diff(times) >= 0).all())
            self._latest = float(times[-1])

    def _noted(self, parser: RecordParser, block: Block) -> RecordBatch:
        # Nothing in a reference depends on when its records were read.
        parsed = parser.parse(block.lines, received=0.0)
        problems = self._problems
        problems.update(parsed.rejected)
        # A header is left out for good.
        problems.update({why: number for why, number in parsed.skipped.items() if why != "header"})
        problems.update({f"invalid {reason}": n for reason, n in parsed.batch.invalid.items()})
        if block.too_long:
            problems["too_long"] += block.too_long
        for reason, (index, example) in parsed.examples.items():
            where = f"{block.name}:{block.first_line + index}"
            self._examples.setdefault(reason, f"{where}: {plain(example, 200)}")
        return parsed.batch
