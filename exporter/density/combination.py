"""One score of two: density, and the uncertainty that the model logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from exporter.density.conformal import Calibration
from exporter.density.score import DECIMALS
from exporter.records import Floats


@dataclass(frozen=True, eq=False)
class Combination:
    """The product of two tail probabilities, ranked among those of held-out records.

    Feinman et al. 2017 weigh density and uncertainty by a logistic regression, which needs
    examples of what is to be found. Without any, each becomes the share of the reference that is
    no less extreme, and the score is the logarithm of their product (Fisher 1925). That density
    and uncertainty depend on each other is no harm: the score is not compared with a chi-square
    distribution but with the scores of held-out records, which depend in the same way.

    Attributes
    ----------
    densities, uncertainties
        float64[<= 1,000] each, ascending: scores and uncertainties of records that are not held
        out.
    calibration
        Of the combined scores of held-out records.
    """

    densities: Floats
    uncertainties: Floats
    calibration: Calibration

    def score(self, densities: Floats, uncertainties: Floats) -> Floats:
        """Return float64[n] of scores of density, and uncertainties that are no NaN."""
        return combined(self.densities, self.uncertainties, densities, uncertainties)

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "densities": self.densities.tolist(),
            "uncertainties": self.uncertainties.tolist(),
            "calibration": self.calibration.document(),
        }


def combined(
    known_densities: Floats, known_uncertainties: Floats, densities: Floats, uncertainties: Floats
) -> Floats:
    """Return float64[n], log of the shares as low in density and as high in uncertainty.

    Parameters
    ----------
    known_densities, known_uncertainties
        float64[...], ascending.
    densities, uncertainties
        float64[n]
    """
    low = 1.0 + np.searchsorted(known_densities, densities, side="right")
    below = np.searchsorted(known_uncertainties, uncertainties, side="left")
    high = 1.0 + len(known_uncertainties) - below
    logs = np.log(low / (1 + len(known_densities))) + np.log(high / (1 + len(known_uncertainties)))
    found: Floats = np.round(logs, DECIMALS)
    return found
