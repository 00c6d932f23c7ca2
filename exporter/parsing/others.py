"""Lines that are no records, in logs that others write to as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from exporter.parsing.leading_fields import RecordParser
from exporter.records import Parsed, RecordBatch


class SkippingOthers:
    """Skips what another parser rejects: nobody is told of it, but it is counted.

    Parameters
    ----------
    parser
        Decodes the lines.
    """

    reasons = ()

    def __init__(self, parser: RecordParser) -> None:
        self._parser = parser

    def parse(self, lines: Sequence[bytes], received: float) -> Parsed[RecordBatch]:
        """Decode complete lines, read at Unix time `received`."""
        parsed = self._parser.parse(lines, received)
        skipped = parsed.skipped + parsed.rejected
        return replace(parsed, skipped=skipped, rejected=Counter(), examples={})
