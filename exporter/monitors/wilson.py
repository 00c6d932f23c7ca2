"""Wilson's interval for a share."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""The 97.5 percent quantile of the standard normal distribution."""


def interval(successes: float, trials: float, z: float = Z_95) -> tuple[float, float]:
    """Return the lower and upper bound of a binomial share, 95 percent by default.

    Source: Wilson, E. B. (1927), Probable inference, the law of succession, and statistical
    inference, J. Am. Stat. Assoc. 22, 209-212.

    >>> [round(bound, 4) for bound in interval(8, 10)]
    [0.4902, 0.9433]

    Raises
    ------
    ZeroDivisionError
        Without trials.
    """
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # Where the share is 0 or 1 it is a bound itself, which rounding would miss.
    return (
        max(0.0, min(share, (centre - spread) / scale)),
        min(1.0, max(share, (centre + spread) / scale)),
    )
