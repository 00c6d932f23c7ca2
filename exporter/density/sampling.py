"""Which records are looked at if not all are: a share of them, by what they hold."""

from __future__ import annotations

import numpy as np

from exporter.hashing import mixed
from exporter.records import Floats, Mask

_ALL = 2.0**53


def chosen(values: Floats, timestamp: Floats, share: float) -> Mask:
    """Return bool[n]: records of which a hash says so, a share of all that differ.

    A share and no rate: a rate would leave out the most in bursts, so that what a window shows
    would not be the share of its records; and it would be another one when a log is read again.

    Parameters
    ----------
    values
        float64[n, d]
    timestamp
        float64[n], Unix seconds as logged, NaN where there are none.
    share
        In 0 .. 1.
    """
    if share >= 1:
        return np.ones(len(values), dtype=bool)
    hashes = np.zeros(len(values), dtype=np.uint64)
    for column in (timestamp, *values.T):
        # Adding 0 makes 0 of -0, which is the same number.
        numbers = np.nan_to_num(column, nan=0.0, posinf=0.0, neginf=0.0) + 0.0
        hashes = mixed(hashes ^ numbers.view(np.uint64))
    found: Mask = (hashes >> np.uint64(11)) < share * _ALL
    return found
