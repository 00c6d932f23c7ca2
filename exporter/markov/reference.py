"""What was normal once, and how far lines are from it.

A model that goes on learning takes in whatever comes often enough: a disk that begins to fail, an
attack that grows slowly. Beside it stands a copy that was frozen. It is as good as the lines that
it was compared with after it was made: their surprisals make p-values that are valid for lines that
come like those (split-conformal: Papadopoulos et al. 2002, "Inductive Confidence Machines for
Regression"). What the model learns meanwhile does not enter it; surprisals of another copy, even
of an earlier one, would not do, since a line that was never seen is the more surprising the longer
the log was.

A copy is made whenever the number of lines has doubled, and takes the place of the one before as
soon as a quarter as many lines were compared with it as it has learned. The last one is made at
`longest` lines, and compared with half as many; or it is the last one at the end of the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.backoff import BackoffChain, Lines
from exporter.markov.frozen import FrozenChain
from exporter.storage.rows import Rows

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

FIRST = 1024
"""Lines before the first copy."""
LONGEST = 1 << 15
"""Lines of the last copy, of a log that nobody says the end of."""
_COMPARED, _COMPARED_WITH_LAST = 0.25, 0.5
"""Lines to be compared with a copy for each that it has learned."""
_WIDTH = 0.1
_BINS = 400


@dataclass(frozen=True, slots=True)
class Compared:
    """Lines that were compared with a reference, each array [n].

    Attributes
    ----------
    before, state
        int64, the templates of the line before and of the line.
    surprisal
        float64, of the line after the one before, nats; NaN without a reference.
    pvalue
        float64, the share of lines that the reference had not seen whose surprisal was as high,
        (1 + k) / (1 + n); NaN without a reference.
    """

    before: Integers
    state: Integers
    surprisal: Floats
    pvalue: Floats

    @classmethod
    def joined(cls, parts: list[Compared]) -> Compared:
        """Return several as one."""
        none = np.empty(0, dtype=np.int64)
        parts = parts or [cls(none, none, np.empty(0), np.empty(0))]
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class _Copy:
    """A frozen chain, and the surprisals that it gave to lines that it had not seen."""

    def __init__(self, chain: FrozenChain) -> None:
        self.chain = chain
        self.counts = np.zeros(_BINS, dtype=np.int64)
        self._tail = np.zeros(_BINS, dtype=np.int64)
        # Of the epoch so far, which are not compared with.
        self.epoch = np.zeros(_BINS, dtype=np.int64)

    @property
    def compared(self) -> int:
        return int(self._tail[0])

    def surprisal(self, before: Lines, lines: Lines, *, learn: bool) -> tuple[Floats, Floats]:
        """Return float64[n] each, surprisals and p-values; `learn` takes them in."""
        surprisal = self.chain.surprisal(before, lines)
        bins = np.clip(surprisal / _WIDTH, 0, _BINS - 1).astype(np.intp)
        if learn:
            self.epoch += np.bincount(bins, minlength=_BINS)
        return surprisal, (1 + self._tail[bins]) / (1 + self.compared)

    def take_in(self) -> None:
        self.counts += self.epoch
        self.epoch[:] = 0
        self._tail = np.cumsum(self.counts[::-1])[::-1]

    def dump(self) -> dict[str, Any]:
        return {"counts": self.counts.copy(), "epoch": self.epoch.copy()}

    def load(self, state: Mapping[str, Any]) -> None:
        self.counts[:] = state["counts"]
        self.take_in()
        self.epoch[:] = state["epoch"]


class Reference(Rows):
    """A frozen copy of the order on hosts, and one that may take its place.

    Stored as a row for each copy and one for the surprisals, which goes on changing.

    Parameters
    ----------
    longest
        Lines of the last copy; ``None`` for as long as there are any.
    """

    def __init__(self, longest: int | None = LONGEST) -> None:
        self.longest = longest
        self._fixed = False
        self._copy: _Copy | None = None
        self._next: _Copy | None = None
        self._changes = 0

    @property
    def transitions(self) -> int:
        """How many the copy has learned."""
        return self._copy.chain.transitions if self._copy else 0

    @property
    def compared(self) -> int:
        """Surprisals that p-values come from."""
        return self._copy.compared if self._copy else 0

    def supports(self, alpha: float) -> bool:
        """Tell whether there are enough of them for a p-value of `alpha`."""
        return (1 + self.compared) * alpha >= 1

    def compare(self, before: Lines, lines: Lines) -> Compared:
        """Compare lines of one epoch."""
        self._changes += not self._fixed
        if self._next is not None:
            self._next.surprisal(before, lines, learn=True)
        if self._copy is None:
            nothing = np.full(len(lines.state), np.nan)
            return Compared(before.state, lines.state, nothing, nothing)
        found = self._copy.surprisal(before, lines, learn=not self._fixed)
        return Compared(before.state, lines.state, *found)

    def end_epoch(self, chain: BackoffChain, lines: int) -> None:
        """Take in the epoch; copy the chain if that many lines are twice those of the last one."""
        if self._fixed:
            return
        self._take_in()
        if self.longest is not None and self.transitions >= self.longest:
            self._fixed = self.compared >= _COMPARED_WITH_LAST * self.transitions
        elif lines >= FIRST and lines & (lines - 1) == 0:
            self._next = _Copy(FrozenChain.of(chain))

    def fix(self) -> None:
        """Let it be for good what it is, as at the end of the training."""
        self._take_in()
        self._fixed, self._next = True, None
        self._changes += 1

    def _take_in(self) -> None:
        for copy in (self._copy, self._next):
            if copy is not None:
                copy.take_in()
        new = self._next
        if new is not None and new.compared >= _COMPARED * new.chain.transitions:
            self._copy, self._next = new, None

    def merge(self, other: Reference, states: Integers, tags: Integers, tag_of: Integers) -> None:
        """Add the counts and the surprisals of another one, and fix it.

        No line was compared with both: where a copy of both is the more surprised, p-values are
        too small.

        Parameters
        ----------
        states, tags, tag_of
            As of :meth:`BackoffChain.merge`.
        """
        if other._copy is not None:
            chain = self._copy.chain.thawed() if self._copy else BackoffChain()
            chain.merge(other._copy.chain.thawed(), states, tags, tag_of)
            both = _Copy(FrozenChain.of(chain))
            both.counts += other._copy.counts + other._copy.epoch
            if self._copy is not None:
                both.counts += self._copy.counts
            self._copy = both
        self.fix()

    def versions(self) -> Mapping[str, int]:
        """Return for each row a number that changes with it."""
        # A copy never changes, and none is of as many lines as another.
        copies = {"copy": self._copy, "next": self._next}
        rows = {name: copy.chain.transitions for name, copy in copies.items() if copy is not None}
        return {"surprisals": self._changes, **rows}

    def value(self, key: str) -> dict[str, Any]:
        """Return what is to be stored of a row."""
        copies = {"copy": self._copy, "next": self._next}
        if key in copies:
            copy = copies[key]
            return copy.chain.dump() if copy is not None else {}
        return {
            "fixed": self._fixed,
            "changes": self._changes,
            **{name: copy.dump() for name, copy in copies.items() if copy is not None},
        }

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"rows": self}

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        rows = state["rows"]
        surprisals = rows["surprisals"]
        self._fixed, self._changes = bool(surprisals["fixed"]), int(surprisals["changes"])
        self._copy, self._next = (
            _loaded(rows[name], surprisals[name]) if name in rows else None
            for name in ("copy", "next")
        )


def _loaded(chain: Mapping[str, Any], surprisals: Mapping[str, Any]) -> _Copy:
    copy = _Copy(FrozenChain.load(chain))
    copy.load(surprisals)
    return copy
