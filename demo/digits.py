"""The demo's model: a classifier of handwritten digits, and what is logged about its inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

Image = NDArray[np.float64]
"""float64[64], an image of 8 by 8 pixels, row by row, ink in 0..16."""

INK = 16.0
"""The darkest pixel."""
_SCAN_NOISE = 0.5
"""Standard deviation of the noise that every scan has, so that no image comes twice."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says about one image.

    Attributes
    ----------
    digit
        The most probable class.
    probabilities
        Of every class, adding up to 1.
    """

    digit: int
    probabilities: dict[int, float]

    @property
    def confidence(self) -> float:
        """Return the probability of the predicted class."""
        return self.probabilities[self.digit]


class DigitModel:
    """A logistic regression on the pixels, trained on one half of the bundled digits.

    Parameters
    ----------
    seed
        Decides which images are trained on and which are served.
    """

    VERSION = "1.0"

    def __init__(self, seed: int) -> None:
        images, digits = load_digits(return_X_y=True)
        order = np.random.default_rng(seed).permutation(len(digits))
        training, held_out = np.array_split(order, 2)
        self._classifier = LogisticRegression(max_iter=200).fit(
            images[training] / INK, digits[training]
        )
        self.held_out_images: NDArray[np.float64] = images[held_out]
        """float64[n, 64], images that training has not seen."""
        self.held_out_digits: NDArray[np.int64] = digits[held_out]
        """int64[n], what they show."""

    def predict(self, image: Image) -> Prediction:
        """Classify one image.

        Raises
        ------
        ValueError
            The image has not 64 pixels, or one that is no number.
        """
        probabilities = self._classifier.predict_proba(image[np.newaxis] / INK)[0]
        by_digit = dict(enumerate(probabilities.round(6).tolist()))
        return Prediction(int(probabilities.argmax()), by_digit)


class Scanner:
    """Delivers held-out images in random order, as a scanner with `noise` would.

    Parameters
    ----------
    model
        Gives the images.
    seed
        Decides which images come, and the noise.
    broken_share
        Share of images that arrive with a row missing, in 0..1: the model can't take them.
    """

    def __init__(self, model: DigitModel, seed: int, broken_share: float = 0.0) -> None:
        self._model = model
        self._random = np.random.default_rng(seed)
        self._broken_share = broken_share

    def scan(self, noise: float) -> tuple[Image, int]:
        """Return an image and the digit it shows.

        Parameters
        ----------
        noise
            Standard deviation of what is added to each pixel, in units of ink.
        """
        which = int(self._random.integers(len(self._model.held_out_digits)))
        added = self._random.normal(0.0, np.hypot(noise, _SCAN_NOISE), 64)
        image = np.clip(self._model.held_out_images[which] + added, 0.0, INK)
        if self._random.random() < self._broken_share:
            image = image[:56]
        return image, int(self._model.held_out_digits[which])


def features(image: Image) -> dict[str, float]:
    """Return what is logged about an image: figures in which people can see what changed.

    Returns
    -------
    dict
        ``mean_ink`` and ``ink_contrast`` (standard deviation) in 0..16, ``ink_rows`` and
        ``ink_columns`` (how many have more than two pixels' ink), ``left_share`` and
        ``top_share`` of the ink, in 0..1.
    """
    pixels = image.reshape(-1, 8)
    ink = float(pixels.sum()) or 1.0
    return {
        "mean_ink": float(pixels.mean()),
        "ink_contrast": float(pixels.std()),
        "ink_rows": float((pixels.sum(axis=1) > 2 * INK).sum()),
        "ink_columns": float((pixels.sum(axis=0) > 2 * INK).sum()),
        "left_share": float(pixels[:, :4].sum()) / ink,
        "top_share": float(pixels[:4].sum()) / ink,
    }
