"""P-values that rest on the ranks among held-out records, and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from exporter.records import Floats, Mask


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores of held-out records of the reference; low ones are improbable.

    The score is any function that did not see these records. The p-value of a record is the share
    of them, and of itself, that score no higher: (1 + #{held-out scores <= s}) / (1 + N). If the
    record comes from where they come from, p <= alpha has at most probability alpha, whatever the
    distribution and however good the score (Vovk, Gammerman and Shafer 2005; Bates, Candes, Lei,
    Romano and Sesia 2023, "Testing for outliers with conformal p-values", Annals of Statistics
    51(1)).

    Attributes
    ----------
    scores
        float64[N], ascending.
    tau
        Autocorrelation time of being improbable, in records.
    effective
        Independent records that the scores are worth.
    """

    scores: Floats
    tau: float
    effective: float

    def p_values(self, scores: Floats) -> Floats:
        """Return float64[n] in 1/(N + 1) .. 1."""
        ranks = np.searchsorted(self.scores, scores, side="right")
        return np.asarray((1.0 + ranks) / (1.0 + len(self.scores)), dtype=np.float64)

    def rank(self, alpha: float) -> int:
        """Return k: p <= alpha is a score below the k-th lowest; 0 if none is so low."""
        # What (N + 1) alpha lacks of a whole number by rounding is not to cost a rank.
        return int((len(self.scores) + 1) * alpha * (1 + 1e-12))

    def improbable(self, scores: Floats, alpha: float) -> Mask:
        """Return bool[n], whether p <= alpha."""
        k = self.rank(alpha)
        found: Mask = scores < self.scores[k - 1] if k else np.zeros(len(scores), dtype=bool)
        return found

    def expected(self, alpha: float) -> float:
        """Return the probability of p <= alpha for a record like the held-out ones."""
        return self.rank(alpha) / (len(self.scores) + 1)

    @cached_property
    def _held_out(self) -> int:
        return max(1, int(min(self.effective, len(self.scores))))

    def excess(self, improbable: float, number: float, alpha: float) -> float:
        """Return the p-value of that many improbable records among a number of them.

        That is :func:`excess` of the numbers of independent records that they are worth. Rounding
        is to the safe side.
        """
        held_out = self._held_out
        rank = -(-self.rank(alpha) * held_out // len(self.scores))
        independent = max(1, int(number / self.tau))
        return excess(int(improbable * independent / number), independent, rank, held_out)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"scores": self.scores.tolist(), "tau": self.tau, "effective": self.effective}


def excess(improbable: int, number: int, rank: int, held_out: int) -> float:
    """Return how probable so many records below the `rank`-th lowest held-out score are.

    The share of records below that score is Beta(k, N + 1 - k), so that their number among n is
    beta-binomial: what N records do not know of the share is part of the p-value, while a binomial
    test of alpha would take the threshold for exact and alarm the more often the larger n. Its
    tail is that of a hypergeometric distribution: at least K of n new records lie below the k-th of
    N held-out ones if and only if at most k - 1 of the lowest K + k - 1 of all n + N are held-out
    ones, and without drift all orders of them are equally probable. Exact for any n and N where
    scores differ; ties make it larger.

    Parameters
    ----------
    improbable, number
        K of n, in 0 .. n.
    rank, held_out
        k of N, in 1 .. N.
    """
    if not improbable:
        return 1.0
    drawn = improbable + rank - 1
    held = np.arange(max(0, drawn - number), rank, dtype=np.float64)
    logs = (
        _log_choose(held_out, held)
        + _log_choose(number, drawn - held)
        - _log_choose(held_out + number, np.array(float(drawn)))
    )
    return min(1.0, float(np.exp(logs).sum()))


def _log_choose(n: int, k: Floats) -> Floats:
    # scipy takes longer to import than the rest of the program.
    from scipy.special import gammaln  # noqa: PLC0415

    found: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return found
