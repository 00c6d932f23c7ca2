"""How much speaks for a line too many, given the lines around it.

With `a` before the line `b`, and `c` after it, in nats:

- the insertion log-likelihood ratio ln P(c | a) - ln P(b | a) - ln P(c | b): is the log more
  probable without `b`?
- but not more than the surprisal -ln P(b | a): what comes after `b` can speak for `b`, and not
  against it, or each common line that happens to come before a rare one would be an anomaly;
- nor more than :data:`PROCESS_MARGIN` above -ln P(b | line before of the same process): a line that
  its own process explains is at its place, whatever was logged in between;
- half of ln P(c | a) on top: that a log goes on as if nothing had been is worth more where it can
  be told;
- less twice the mean surprisal of the lines around: where everything is new, as when a host
  starts, one new line among others means little.

Chosen among some dozens of forms by the share of planted lines among the ten highest scores, on
logs of four systems; see docs/syslog-anomalies.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AROUND = 5
"""Lines before and after that tell what is usual here."""
PROCESS_MARGIN = 14.0
_WEIGHT_OF_REST = 0.5
_WEIGHT_AROUND = 2.0


def insertion(
    surprisal: Floats, following: Floats, skipping: Floats, process: Floats, around: Floats
) -> Floats:
    """Return float64[n], the evidence in nats that each line is one too many.

    Parameters
    ----------
    surprisal, following, skipping
        float64[n], -ln P(b | a), -ln P(c | b) and -ln P(c | a).
    process
        float64[n], -ln P(b | line before of its process); NaN where it has none.
    around
        float64[n], mean surprisal of the lines around.
    """
    evidence = np.minimum(surprisal, surprisal + following - skipping)
    evidence = np.fmin(evidence, process + PROCESS_MARGIN)
    rest: Floats = evidence - _WEIGHT_OF_REST * skipping - _WEIGHT_AROUND * around
    return rest


def around(surprisal: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """Return float64[n], the mean surprisal around each line, itself and the next one left out.

    Parameters
    ----------
    surprisal
        float64[n], of consecutive lines of some hosts.
    first, last
        int[n], positions of the first and the last line of the same host.
    """
    # Term by term, and not as the difference of two sums over all lines before: that would depend
    # in its last digits on where the lines begin.
    place = np.arange(len(surprisal))
    total, others = np.zeros(len(surprisal)), np.zeros(len(surprisal))
    for step in (*range(-AROUND, 0), *range(2, AROUND + 1)):
        near = place + step
        inside = (near >= first) & (near <= last)
        total += np.where(inside, surprisal[np.where(inside, near, place)], 0.0)
        others += inside
    mean: Floats = total / np.maximum(others, 1)
    return mean
