"""A whole log in memory, of which lines can be taken out, repeated and added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.parsing.syslog_lines import syslog_parser
from exporter.parsing.syslog_text import without_fields
from exporter.records import Categorical, SyslogBatch
from exporter.tailing.inputs import read_blocks

Integers = NDArray[np.int64]
Rows = NDArray[np.intp]

NONE = -1
"""Where a chain has no further line."""


@dataclass(frozen=True, slots=True)
class Log:
    """Lines of one host or of several, in the order of their file.

    Attributes
    ----------
    host, tag, message
        As of :class:`exporter.records.SyslogBatch`: the message has lost its digits.
    process
        int64[n], the process id; -1 where the line carries none.
    time
        float64[n], Unix seconds.
    raw
        object[n], bytes: the lines as they were read, without columns of a collector.
    """

    host: Categorical
    tag: Categorical
    message: Categorical
    process: Integers
    time: NDArray[np.float64]
    raw: NDArray[np.object_]

    @classmethod
    def of_lines(cls, lines: Sequence[bytes], received: float, timezone: str = "UTC") -> Log:
        """Return the syslog lines among some; the others are left out.

        Parameters
        ----------
        received
            Unix seconds, no earlier than the lines, which may not say their year.
        """
        batch = syslog_parser("evaluate", "auto", timezone).parse(lines, received).batch
        raw = np.empty(len(lines), dtype=object)
        raw[:] = list(lines)
        return cls(
            batch.host, batch.tag, batch.message, batch.process, batch.timestamp, raw[batch.rows]
        )

    @classmethod
    def read(
        cls,
        patterns: Sequence[str],
        received: float,
        timezone: str = "UTC",
        leading_fields: int = 0,
    ) -> Log:
        """Read files one after the other.

        Raises
        ------
        UsageError
            If a file can't be read.
        """
        lines = [line for block in read_blocks(patterns) for line in block.lines]
        if leading_fields:
            lines = [without_fields(line, leading_fields) for line in lines]
        return cls.of_lines(lines, received, timezone)

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: Rows | slice) -> Log:
        """Return some lines, in any order, also more than once."""
        index = np.arange(len(self))[rows]
        return Log(
            self.host.take(index),
            self.tag.take(index),
            self.message.take(index),
            self.process[index],
            self.time[index],
            self.raw[index],
        )

    def joined(self, other: Log) -> Log:
        """Return the lines of both, one after the other."""
        return Log(
            _joined(self.host, other.host),
            _joined(self.tag, other.tag),
            _joined(self.message, other.message),
            np.append(self.process, other.process),
            np.append(self.time, other.time),
            np.append(self.raw, other.raw),
        )

    def batch(self) -> SyslogBatch:
        """Return the lines as monitors and models take them."""
        return SyslogBatch(
            source="evaluate",
            received=float(self.time.max(initial=0.0)),
            timestamp=self.time,
            host=self.host,
            tag=self.tag,
            message=self.message,
            process=self.process,
            lines=self.raw.tolist(),
            rows=np.arange(len(self)),
        )

    def header(self, row: int) -> bytes:
        """Return the part of a line up to its program; nothing if no host is in front of that."""
        host = self.host.codes[row]
        name = self.host.values[host].encode() if host >= 0 else b""
        before, found, _ = bytes(self.raw[row]).partition(b" " + name + b" ")
        return before + found if name and found else b""

    def chains(self) -> tuple[Integers, Integers]:
        """Return the rows before and after each line on its host, int64[n] each; -1 at the ends."""
        return neighbours(self.host.codes.astype(np.int64))

    def processes(self) -> tuple[Integers, Integers]:
        """Do as :meth:`chains` within a process; lines without a process id have none."""
        programs = (self.host.codes.astype(np.int64) + 1) * (len(self.tag.values) + 1)
        key = np.stack([programs + self.tag.codes + 1, self.process])
        _, group = np.unique(key, axis=1, return_inverse=True)
        before, after = neighbours(group.reshape(-1).astype(np.int64))
        unknown = self.process < 0
        return np.where(unknown, NONE, before), np.where(unknown, NONE, after)


def neighbours(group: Integers) -> tuple[Integers, Integers]:
    """Return int64[n] twice, the rows before and after each row in its group; -1 for none."""
    order = np.argsort(group, kind="stable")
    same = group[order[1:]] == group[order[:-1]]
    before = np.full(len(group), NONE, dtype=np.int64)
    after = np.full(len(group), NONE, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    after[order[:-1][same]] = order[1:][same]
    return before, after


def _joined(first: Categorical, second: Categorical) -> Categorical:
    index = {value: code for code, value in enumerate(first.values)}
    table = [index.setdefault(value, len(index)) for value in second.values]
    # The last place answers for records without a value, whose code is -1.
    codes = np.array([*table, -1], dtype=np.int32)[second.codes]
    return Categorical(np.append(first.codes, codes), tuple(index))
