"""A detector and what its scores are usually like: all that is learned of a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.markov.calibration import Calibration
from exporter.markov.detector import Detector
from exporter.markov.reference import Compared
from exporter.markov.scored import Kind, Scored
from exporter.records import SyslogBatch
from exporter.storage import encoding

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a model file holds for an :class:`OnlineModel`.

    Attributes
    ----------
    fingerprint
        Of the file: another one means that what was learned from it is of no use any more.
    state
        Dumped.
    """

    fingerprint: str
    state: Mapping[str, Any]


class OnlineModel:
    """Scores the lines of one source, says how rare such scores are, and learns from them."""

    def __init__(self) -> None:
        self.detector = Detector()
        self.calibration = Calibration()

    def score(self, batch: SyslogBatch, times: Floats) -> tuple[Scored, Floats]:
        """Take in a batch; return the lines that wait no longer, and their p-values.

        A burst has none (NaN): it is compared with the closest that its line ever came.

        Parameters
        ----------
        times
            float64[n], of the lines, Unix seconds.
        """
        return self.update(batch, times)[:2]

    def update(self, batch: SyslogBatch, times: Floats) -> tuple[Scored, Floats, Compared]:
        """Do as :meth:`score`, and say what the reference says of the lines of the batch."""
        scored, compared = self.detector.update(batch, times)
        return scored, self._pvalues(scored), compared

    def finish(self) -> tuple[Scored, Floats]:
        """Do the same for the lines that still wait, as at the end of a file."""
        scored = self.detector.finish()
        return scored, self._pvalues(scored)

    def _pvalues(self, scored: Scored) -> Floats:
        single = scored.kind != Kind.BURST
        pvalues = np.full(len(scored), np.nan)
        pvalues[single] = self.calibration.pvalues(scored.score[single])
        return pvalues

    def supports(self, alpha: float) -> bool:
        """Tell whether there were lines enough for a p-value of `alpha`."""
        return self.calibration.lines * alpha >= 1

    def dump(self) -> dict[str, Any]:
        """Return the state for storage."""
        return {"detector": self.detector.dump(), "calibration": self.calibration.dump()}

    def plain(self) -> dict[str, Any]:
        """Return a copy of the state that does not change with this, for a file."""
        copy: dict[str, Any] = encoding.decode(encoding.encode(self.dump()))
        return copy

    def load(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump` returned."""
        self.detector.load(state["detector"])
        self.calibration.load(state["calibration"])
