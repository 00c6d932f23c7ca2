"""Samples on their way from the order of time to the order of OpenMetrics.

They come scrape by scrape. OpenMetrics wants all samples of a family together, and in it all of one
series, in increasing time. A table in a temporary SQLite file sorts them as they come: memory holds
its page cache and the labels of each series, however many samples there are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.utils import floatToGoString

from exporter.errors import UsageError

CUMULATIVE = ("counter", "histogram")
_TYPES = {"untyped": "unknown"}


class SampleTable:
    """Takes scrapes in increasing time, and gives them back as OpenMetrics.

    Parameters
    ----------
    path
        Of the temporary file; it is nobody else's.
    labels
        Added to each series, as a scrape would add those of its target.
    """

    def __init__(self, path: Path, labels: Mapping[str, str]) -> None:
        self._labels = dict(labels)
        self._families: dict[str, tuple[int, str, str]] = {}
        self._series: dict[tuple[int, frozenset[tuple[str, str]]], int] = {}
        self._heads: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
        self._scrapes = 0
        self.samples = 0
        """Samples so far."""
        self._database = sqlite3.connect(path, isolation_level=None)
        # Nothing outlives the process, so nothing has to survive it.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE samples (family INTEGER, series INTEGER, scrape INTEGER, text TEXT,"
            " PRIMARY KEY (family, series, scrape)) WITHOUT ROWID"
        )

    def add(self, scraped: Iterable[Metric], at: float, before: float) -> None:
        """Take a scrape.

        Parameters
        ----------
        scraped
            Each family once.
        at
            Unix seconds.
        before
            Unix seconds of the scrape before: a counter or histogram that is new was 0 then, and
            says so, or its first increase would be lost to `increase()`.

        Raises
        ------
        UsageError
            If a series has a label that is to be added.
        """
        self._scrapes += 1
        rows: list[tuple[int, int, int, str]] = []
        for metric in scraped:
            rows += self._rows(metric, at, before)
        self._database.executemany("INSERT INTO samples VALUES (?, ?, ?, ?)", rows)

    def _rows(
        self, metric: Metric, at: float, before: float
    ) -> Iterator[tuple[int, int, int, str]]:
        family = self._family(metric)
        lines: dict[int, list[str]] = {}
        zeros: dict[int, list[str]] = {}
        for sample in metric.samples:
            # The buckets of a histogram are one series to OpenMetrics.
            key = (family, frozenset(pair for pair in sample.labels.items() if pair[0] != "le"))
            if key not in self._series:
                self._series[key] = len(self._series)
                zeros[self._series[key]] = []
            series = self._series[key]
            head = self._head(sample)
            value = floatToGoString(sample.value)  # type: ignore[no-untyped-call]
            lines.setdefault(series, []).append(f"{head} {value} {at:.3f}")
            if series in zeros and metric.type in CUMULATIVE:
                zeros[series].append(f"{head} 0.0 {before:.3f}")
        for series, text in lines.items():
            both = [*zeros.get(series, ()), *text]
            self.samples += len(both)
            yield family, series, self._scrapes, "\n".join(both) + "\n"

    def _family(self, metric: Metric) -> int:
        kind = _TYPES.get(metric.type, metric.type)
        new = (len(self._families), kind, metric.documentation)
        return self._families.setdefault(metric.name, new)[0]

    def _head(self, sample: Any) -> str:
        key = (sample.name, tuple(sample.labels.items()))
        if key not in self._heads:
            for name in self._labels.keys() & sample.labels.keys():
                raise UsageError(f"--label {name}: {sample.name} has a label of this name")
            pairs = ",".join(
                f'{name}="{_escaped(value)}"'
                for name, value in sorted({**sample.labels, **self._labels}.items())
            )
            self._heads[key] = f"{sample.name}{{{pairs}}}" if pairs else sample.name
        return self._heads[key]

    def text(self) -> Iterator[str]:
        """Yield the whole of it, families by name."""
        for name, (family, kind, documentation) in sorted(self._families.items()):
            yield f"# HELP {name} {_escaped(documentation)}\n# TYPE {name} {kind}\n"
            found = self._database.execute(
                "SELECT text FROM samples WHERE family = ? ORDER BY series, scrape", (family,)
            )
            for (text,) in found:
                yield text
        yield "# EOF\n"

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
