"""A value with the interval that says how sure it is, and the resampling of images that such intervals come from.

Images, not boxes, are drawn: boxes on one image share its difficulties. The intervals say how a value would vary
with other images of the same kind; they say nothing about other seeds of a training.

Reference: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.errors import DataError


@dataclass(frozen=True)
class Interval:
    """A value with the interval that 95 % of the resamples lie in, unless another share was asked for.

    Attributes:
        estimate: The value on the images as they are.
        low: Lower end of the interval; NaN where it is not known.
        high: Upper end of the interval; NaN where it is not known.
    """

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference can be told from no difference at all; False for an interval that is not known."""
        return self.low > 0 or self.high < 0

    def __format__(self, spec: str) -> str:
        """The interval as `0.83 [0.71, 0.92]`, each number formatted by `spec` (`.3f` if none is given)."""
        estimate, low, high = (format(value, spec or ".3f") for value in (self.estimate, self.low, self.high))
        return f"{estimate} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self)


def image_weights(image_count: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """How often each image occurs in each data set drawn with replacement.

    Args:
        image_count: Number of images I.
        resamples: Number of data sets to draw.
        seed: Of the drawing.

    Returns:
        (1 + resamples, I): the first row is the data set as it is, each image once.

    Raises:
        DataError: there is nothing to draw from, or nothing to draw.
    """
    if resamples < 1:
        raise DataError(f"resamples is {resamples}; expected 1 or more.")
    if image_count < 1:
        raise DataError("There are no images to draw from.")
    shares = np.full(image_count, 1 / image_count)
    drawn = np.random.default_rng(seed).multinomial(image_count, shares, size=resamples)
    return np.concatenate([np.ones((1, image_count), np.int64), drawn])


def expanded_confidence(image_count: int) -> float:
    """The share of the resamples of few images that holds the true value as often as 95 % of those of many do.

    A resample of n images scatters too little by sqrt((n - 1) / n), and Student's t knows of so few.

    Reference: Hesterberg, What Teachers Should Know About the Bootstrap, 2015, section 3.3 (expanded percentiles).
    """
    from scipy.special import ndtr, stdtrit  # a third of a second

    images = max(image_count, 2)
    wider = stdtrit(images - 1, 0.975) * (images / (images - 1)) ** 0.5
    return min(float(2 * ndtr(wider) - 1), 1 - 1e-9)


def percentile_interval(values: NDArray[np.float64], confidence: float = 0.95) -> Interval:
    """The interval of the values from the second on, with the first one as the estimate.

    Resamples without a value (NaN, such as those without any ground truth) are left out.

    Args:
        values: (1 + resamples,), in the order of `image_weights`.
        confidence: Share of the resamples inside the interval.

    Raises:
        DataError: the share is none.
    """
    if not 0 < confidence < 1:
        raise DataError(f"confidence is {confidence}; expected a share between 0 and 1.")
    resampled = values[1:][~np.isnan(values[1:])]
    if not len(resampled):
        return Interval(float(values[0]), np.nan, np.nan)
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(float(values[0]), float(low), float(high))
