"""Errors that a user caused and can mend."""

from __future__ import annotations


class UsageError(Exception):
    """Bad usage, configuration or input file: the message says where, what and what to do.

    The command line prints it without a traceback and exits with 2.
    """


class RecordRejectedError(Exception):
    """A line that can't be decoded.

    Attributes
    ----------
    reason
        The value of the label `reason`: one of a closed set, never text of the log.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class TableError(Exception):
    """A file is no table that can be read; whoever knows its name says so."""
